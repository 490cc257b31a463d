package session

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// wireOptions are the options that a connector applies, and those of the request's
// framing. Most requests have none.
type wireOptions struct {
	tls         *connector.TLSPolicy
	proxy       *connector.Proxy
	proxyAuth   *url.Userinfo
	proxyHeader http.Header
	head        connector.HeadLimits
	version     [2]int
	notUntilEOF bool
	noRetry     bool
	httpChunks  bool
	chunked     bool
	expect      bool
}

func wireOption(name string, args []string, change func(*wireOptions) error) Option {
	return checkedOption(name, args, func(o *options) error { return change(changeCopy(&o.wire)) })
}

func setWireOption(name string, args []string, set func(*wireOptions)) Option {
	return setOption(name, args, func(o *options) { set(changeCopy(&o.wire)) })
}

func setTLSOption(name string, args []string, set func(*connector.TLSPolicy)) Option {
	return setWireOption(name, args, func(w *wireOptions) { set(changeCopy(&w.tls)) })
}

// TLS uses cfg in the place of the connector's. It must not be changed
// afterwards, and should be the same for many requests: connections are shared
// only by requests with the same one. (aiohttp: ssl with an SSLContext)
func TLS(cfg *tls.Config) Option {
	return setTLSOption("TLS", nil, func(p *connector.TLSPolicy) {
		p.Config, p.Insecure, p.Pin = cfg, false, connector.Pin{}
	})
}

// Insecure accepts every certificate. (aiohttp: ssl=False, verify_ssl=False)
func Insecure() Option {
	return setTLSOption("Insecure", nil, func(p *connector.TLSPolicy) { p.Insecure, p.Pin = true, connector.Pin{} })
}

// Fingerprint accepts the one certificate with this SHA-256 digest of its DER
// form, and no other; chain and name are not looked at. (aiohttp: Fingerprint)
func Fingerprint(digest []byte) Option {
	pin, err := connector.NewPin(digest)
	return pinOption("Fingerprint", pin, err)
}

// Pin is [Fingerprint] with the choices of a [connector.Pin].
func Pin(pin connector.Pin) Option { return pinOption("Pin", pin, nil) }

func pinOption(name string, pin connector.Pin, err error) Option {
	return wireOption(name, []string{pin.String()}, func(w *wireOptions) error {
		p := changeCopy(&w.tls)
		p.Pin, p.Insecure = pin, false
		return err
	})
}

// ServerName asks for another name than the URL's host (SNI), and expects it in
// the certificate. (aiohttp: server_hostname)
func ServerName(name string) Option {
	return setTLSOption("ServerName", []string{strconv.Quote(name)}, func(p *connector.TLSPolicy) {
		p.ServerName = name
	})
}

// Proxy sends the request through a proxy: http, https, socks5 or socks5h. The
// empty string means none, whatever the session and the connector have.
// Credentials may be in the URL. Where it takes the place of another proxy, that
// one's [ProxyAuth] and [ProxyHeader] go with it. (aiohttp: proxy)
func Proxy(rawURL string) Option {
	return wireOption("Proxy", []string{strconv.Quote(errors.RedactURLString(rawURL))}, func(w *wireOptions) error {
		if w.proxy != nil {
			w.proxyAuth, w.proxyHeader = nil, nil // they were another one's
		}
		w.proxy = &connector.Proxy{}
		if rawURL == "" {
			return nil
		}
		u, err := url.Parse(rawURL)
		if err != nil {
			return errors.NewInvalidURL(rawURL, "proxy cannot be parsed", err)
		}
		w.proxy.URL = u
		return nil
	})
}

// ProxyAuth gives the proxy credentials, in the place of those in its URL.
// (aiohttp: proxy_auth)
func ProxyAuth(login, password string) Option {
	return setWireOption("ProxyAuth", []string{strconv.Quote(login), "***"}, func(w *wireOptions) {
		w.proxyAuth = url.UserPassword(login, password)
	})
}

// ProxyHeader sends a header to the proxy with CONNECT, and to nobody else.
// (aiohttp: proxy_headers)
func ProxyHeader(name, value string) Option {
	return wireOption("ProxyHeader", []string{strconv.Quote(name), "***"}, func(w *wireOptions) error {
		w.proxyHeader = httprule.Clone(w.proxyHeader)
		w.proxyHeader.Set(name, value)
		return nil
	})
}

// Version sends the request with a certain version of HTTP: (1, 0), (1, 1), or
// (2, 0), which is used where the server has it anyway. (aiohttp: version)
func Version(major, minor int) Option {
	return wireOption("Version", []string{fmt.Sprintf("%d, %d", major, minor)}, func(w *wireOptions) error {
		switch v := [2]int{major, minor}; v {
		case [2]int{1, 0}, [2]int{1, 1}, [2]int{2, 0}:
			w.version = v
			return nil
		}
		return &errors.InvalidRequestError{Field: "Version", Reason: "none of 1.0, 1.1 and 2.0"}
	})
}

// ReadUntilEOF says what to do with a response that says neither its length nor
// chunks: read until the server closes, as RFC 9112 6.3 has it and is the default,
// or take it for one without a body.
// (aiohttp: read_until_eof)
func ReadUntilEOF(read bool) Option {
	return setWireOption("ReadUntilEOF", []string{strconv.FormatBool(read)}, func(w *wireOptions) {
		w.notUntilEOF = !read
	})
}

// Chunked sends the body in chunks although its length is known; it cannot be
// combined with a Content-Length header. An empty body has no chunks.
// (aiohttp: chunked)
func Chunked() Option {
	return setWireOption("Chunked", nil, func(w *wireOptions) { w.chunked = true })
}

// Expect100 asks the server for its consent before the body is sent (RFC 9110
// 10.1.1). A final status in its place is the response, and the body is not sent:
// with HTTP/1 the connection is closed then, because the server may still wait for
// the body. A server that does not answer at all (nginx never does by HTTP/2) gets
// the body after [connector.Config].ExpectContinueTimeout, a second unless it is
// set. A Transport of another kind has its own rules.
// (aiohttp: expect100)
func Expect100() Option {
	return setWireOption("Expect100", nil, func(w *wireOptions) { w.expect = true })
}

// RawHeaders keeps the response's head as it came, for [Response.RawHeaders].
func RawHeaders() Option {
	return setWireOption("RawHeaders", nil, func(w *wireOptions) { w.head.Keep = true })
}

// MaxLineSize bounds the status line of the response, in bytes. Negative means
// no bound. (aiohttp: max_line_size)
func MaxLineSize(n int) Option {
	return setWireOption("MaxLineSize", []string{strconv.Itoa(n)}, func(w *wireOptions) { w.head.MaxLineSize = n })
}

// MaxFieldSize bounds each header field of the response, name and value, in
// bytes. Negative means no bound. (aiohttp: max_field_size)
func MaxFieldSize(n int) Option {
	return setWireOption("MaxFieldSize", []string{strconv.Itoa(n)}, func(w *wireOptions) { w.head.MaxFieldSize = n })
}

// MaxHeaders bounds the number of header fields of the response. Negative means
// no bound. (aiohttp: max_headers)
func MaxHeaders(n int) Option {
	return setWireOption("MaxHeaders", []string{strconv.Itoa(n)}, func(w *wireOptions) { w.head.MaxHeaders = n })
}

// StaleRetry says whether a request that met a kept connection which the server has given
// up may be sent once more, on a fresh one, without anybody being told; false hands the
// error to the caller. It concerns the streams of HTTP/2 that a server refuses, too, and
// not [middleware.Retry], which is asked for. Without the option it may, unless
// [connector.Config.DisableStaleRetry] is set, which counts more. In
// [Config].Options it is for all requests of the session. (aiohttp:
// ClientSession._retry_connection)
func StaleRetry(on bool) Option {
	return setWireOption("StaleRetry", []string{strconv.FormatBool(on)}, func(w *wireOptions) { w.noRetry = !on })
}

// applySettings copies the options into the connector's settings.
func (w *wireOptions) applySettings(s *connector.Settings) error {
	if w.proxy == nil && (w.proxyAuth != nil || w.proxyHeader != nil) {
		return &errors.InvalidRequestError{Field: "ProxyAuth", Reason: "without a Proxy"}
	}
	s.TLS = w.tls
	if w.proxy != nil {
		s.Proxy = &connector.Proxy{URL: w.proxy.URL, Auth: w.proxyAuth, Header: w.proxyHeader}
	}
	if w.head != (connector.HeadLimits{}) {
		s.Head = &w.head
	}
	s.HTTP1 = w.version == [2]int{1, 1}
	s.HTTP10 = w.version == [2]int{1, 0}
	s.NotUntilEOF, s.HTTPChunks, s.DisableStaleRetry = w.notUntilEOF, w.httpChunks, w.noRetry
	return nil
}

// checkForeign refuses the options that need a connector, for a session with a
// Transport.
func (w *wireOptions) checkForeign() error {
	for _, option := range []struct {
		name string
		set  bool
	}{
		{"TLS", w.tls != nil},
		{"Proxy", w.proxy != nil},
		{"Version", w.version != [2]int{}},
		{"RawHeaders", w.head.Keep},
		{"MaxLineSize, MaxFieldSize or MaxHeaders", w.head != (connector.HeadLimits{Keep: w.head.Keep})},
		{"ReadUntilEOF", w.notUntilEOF},
		{"HTTPChunks", w.httpChunks},
		{"StaleRetry", w.noRetry},
	} {
		if option.set {
			return &errors.InvalidRequestError{Field: "option " + option.name, Reason: "needs a Connector, and the session has a Transport"}
		}
	}
	return nil
}

// applyFraming sets the fields of the request that say how its body is sent.
func (w *wireOptions) applyFraming(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		return
	}
	if w.chunked {
		req.ContentLength, req.TransferEncoding = -1, []string{"chunked"}
	}
	if w.expect {
		req.Header = req.Header.Clone()
		req.Header.Set("Expect", "100-continue")
	}
}
