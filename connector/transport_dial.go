package connector

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// transportDialer makes the connections of an http.Transport. That one puts TLS to
// the server over them, and asks HTTP proxies for tunnels:
//
//	proxy         transportDialer makes              http.Transport makes of it
//	none          TCP to the server                  TLS
//	http          TCP to the proxy                   CONNECT, TLS
//	https         TCP and TLS to the proxy           CONNECT, TLS
//	socks5(h)     TCP to the proxy, and the tunnel   TLS
//	environment   TCP to whatever is named           all the rest
type transportDialer struct {
	net         *dial.Dialer
	route       *dial.Route // through the proxy of https or SOCKS; nil: none, or another
	sockConnect time.Duration
}

// dial connects to addr, or by the route.
func (d *transportDialer) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	target, err := dial.TargetOf(&url.URL{Scheme: "http", Host: addr})
	if err != nil {
		return nil, err
	}
	target.Route = d.route
	a := &dial.Attempt{SockConnect: d.sockConnect}
	nc, err := d.net.Dial(ctx, target, a)
	if err == nil {
		return nc, nil
	}
	if dial.AwaitDeadline(ctx); ctx.Err() != nil {
		return nil, httprule.ContextError(ctx)
	}
	return nil, dial.Failure(err, a.At)
}

// dialTLS is dial to a proxy of https. A Transport that is given a *tls.Conn takes
// its state for the server's.
func (d *transportDialer) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := d.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{nc}, nil
}

// useProxy sets t up for the proxies of cfg, and of it for the one that all requests
// go through, unless it is nil.
func (d *transportDialer) useProxy(t *http.Transport, cfg *Config, through *dial.Proxy) {
	switch {
	case through == nil && cfg.TrustEnv:
		t.Proxy = envProxy(cfg)
	case through == nil:
	case through.IsSOCKS():
		d.route = d.net.Route(nil, through)
	default:
		t.Proxy = http.ProxyURL(through.URL)
		if through.Scheme == "https" {
			d.route = d.net.Route(nil, through)
			t.DialTLSContext = d.dialTLS
		}
	}
	t.ProxyConnectHeader = http.Header{}
	for name, values := range cfg.ProxyHeader {
		name = http.CanonicalHeaderKey(name)
		t.ProxyConnectHeader[name] = append(t.ProxyConnectHeader[name], values...)
	}
	if !httprule.HasField(t.ProxyConnectHeader, "User-Agent") {
		t.ProxyConnectHeader["User-Agent"] = []string{""} // net/http would write its own
	}
}

// envProxy is a Transport's function for the proxies of the environment. For those
// of https it does TLS with the server's configuration.
func envProxy(cfg *Config) func(*http.Request) (*url.URL, error) {
	environ := dial.Environment{OnWarning: cfg.OnWarning, NoNetrc: cfg.NoNetrc}
	pinned, named := !cfg.Pin.IsZero(), cfg.TLS != nil && cfg.TLS.ServerName != ""
	return func(req *http.Request) (*url.URL, error) {
		p, err := environ.ProxyFor(req.URL)
		switch {
		case err != nil || p == nil:
			return nil, err
		case p.Scheme == "socks5":
			return nil, notInTransport("TrustEnv", "resolves no names for a socks5 proxy of the environment; socks5h does")
		case p.Scheme == "https" && (pinned || named):
			return nil, notInTransport("TrustEnv", "would hold an https proxy of the environment to what is the server's")
		}
		return p.URL, nil
	}
}

// transportTLS is the configuration for servers, as the dialer has it, with what the
// dialer adds for each connection.
func (cfg *Config) transportTLS(d *dial.Config) *tls.Config {
	c := dial.ServerTLS(d.TLS, &dial.Policy{Insecure: d.Insecure, Pin: d.Pin})
	c.NextProtos = d.NextProtos
	if c.NextProtos[0] == "h2" && len(c.NextProtos) == 1 { // to which a Transport does not hold a server
		before := c.VerifyConnection
		c.VerifyConnection = func(state tls.ConnectionState) error {
			if state.NegotiatedProtocol != "h2" {
				return errNoHTTP2
			}
			if before == nil {
				return nil
			}
			return before(state)
		}
	}
	if !d.Pin.IsZero() {
		d.Pin.Require(c, "", 0)
	}
	return c
}
