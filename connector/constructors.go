package connector

import (
	"context"
	"net"
	"net/url"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
)

// NewUnix returns a connector all of whose connections go to the Unix socket at
// path, whatever host the URL names; https is TLS over it. (aiohttp:
// UnixConnector)
func NewUnix(path string, cfg Config) (*Connector, error) {
	if path == "" {
		return nil, &errors.InvalidRequestError{Field: "path", Reason: "empty"}
	}
	return newLocal(path, cfg, dial.Unix(path))
}

// NewNamedPipe returns a connector all of whose connections go to the Windows
// named pipe at path, such as \\.\pipe\docker_engine. On other systems it is an
// error that is [errors.ErrUnsupported]. (aiohttp: NamedPipeConnector)
func NewNamedPipe(path string, cfg Config) (*Connector, error) {
	if err := dial.CheckPipe(path); err != nil {
		return nil, err
	}
	return newLocal(path, cfg, dial.Pipe(path))
}

func newLocal(path string, cfg Config, connect func(ctx context.Context, network, addr string) (net.Conn, error)) (*Connector, error) {
	if cfg.DialContext != nil || cfg.Proxy != "" {
		return nil, &errors.InvalidRequestError{Field: "DialContext", Reason: "a local socket has neither this nor a proxy"}
	}
	cfg.DialContext = connect
	return newConnector(cfg, path)
}

// Path returns the path of the socket or pipe, or "". (aiohttp:
// UnixConnector.path)
func (c *Connector) Path() string { return c.dialer.local }

// NewProxy returns a connector for which every request goes through the proxy
// at proxyURL. As aiohttp's connector of that name it closes each connection
// after its response; a KeepAlive in cfg keeps them. (aiohttp 0.17:
// ProxyConnector)
func NewProxy(proxyURL string, cfg Config) (*Connector, error) {
	if cfg.Proxy != "" {
		return nil, &errors.InvalidRequestError{Field: "Proxy", Reason: "given twice"}
	}
	if proxyURL == "" {
		return nil, &errors.InvalidRequestError{Field: "Proxy", Reason: "empty"}
	}
	cfg.Proxy = proxyURL
	cfg.ForceClose = cfg.ForceClose || cfg.KeepAlive == 0
	return New(cfg)
}

func parseProxy(cfg *Config) (*dial.Proxy, error) {
	if cfg.Proxy == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	u, err := url.Parse(cfg.Proxy)
	if err != nil {
		return nil, errors.NewInvalidURL(cfg.Proxy, "proxy cannot be parsed", err)
	}
	return dial.NewProxy(u, cfg.ProxyAuth, cfg.ProxyHeader)
}
