package session

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// wireOptions are the wishes that a connector has to honour, and how the request
// is framed. Most requests have none.
type wireOptions struct {
	tls         *connector.TLSPolicy
	proxy       *connector.Proxy
	proxyAuth   *url.Userinfo
	proxyHeader http.Header
	head        connector.HeadLimits
	version     [2]int
	notUntilEOF bool
	httpChunks  bool
	chunked     bool
	expect      bool
}

// wireOption changes a copy of the present wishes, so that options can be shared.
func wireOption(name string, args []string, change func(*wireOptions) error) Option {
	return Option{name, args, func(o *options) error {
		w := wireOptions{}
		if o.wire != nil {
			w = *o.wire
		}
		o.wire = &w
		return change(&w)
	}}
}

func tlsOption(name string, args []string, change func(*connector.TLSPolicy) error) Option {
	return wireOption(name, args, func(w *wireOptions) error {
		policy := connector.TLSPolicy{}
		if w.tls != nil {
			policy = *w.tls
		}
		w.tls = &policy
		return change(&policy)
	})
}

// TLS uses cfg in the place of the connector's. It must not be changed
// afterwards, and should be the same for many requests: connections are shared
// only by requests with the same one. (aiohttp: ssl with an SSLContext)
func TLS(cfg *tls.Config) Option {
	return tlsOption("TLS", nil, func(p *connector.TLSPolicy) error {
		p.Config, p.Insecure, p.Pin = cfg, false, connector.Pin{}
		return nil
	})
}

// Insecure accepts every certificate. (aiohttp: ssl=False, verify_ssl=False)
func Insecure() Option {
	return tlsOption("Insecure", nil, func(p *connector.TLSPolicy) error {
		p.Insecure, p.Pin = true, connector.Pin{}
		return nil
	})
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
	return tlsOption(name, []string{pin.String()}, func(p *connector.TLSPolicy) error {
		p.Pin, p.Insecure = pin, false
		return err
	})
}

// ServerName asks for another name than the URL's host (SNI), and expects it in
// the certificate. (aiohttp: server_hostname)
func ServerName(name string) Option {
	return tlsOption("ServerName", []string{strconv.Quote(name)}, func(p *connector.TLSPolicy) error {
		p.ServerName = name
		return nil
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
	return wireOption("ProxyAuth", []string{strconv.Quote(login), "***"}, func(w *wireOptions) error {
		w.proxyAuth = url.UserPassword(login, password)
		return nil
	})
}

// ProxyHeader sends a header to the proxy with CONNECT, and to nobody else.
// (aiohttp: proxy_headers)
func ProxyHeader(name, value string) Option {
	return wireOption("ProxyHeader", []string{strconv.Quote(name), "***"}, func(w *wireOptions) error {
		h := w.proxyHeader.Clone()
		if h == nil {
			h = http.Header{}
		}
		h.Set(name, value)
		w.proxyHeader = h
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
	return wireOption("ReadUntilEOF", []string{strconv.FormatBool(read)}, func(w *wireOptions) error {
		w.notUntilEOF = !read
		return nil
	})
}

// Chunked sends the body in chunks although its length is known; it cannot be
// combined with a Content-Length header. An empty body has no chunks.
// (aiohttp: chunked)
func Chunked() Option {
	return wireOption("Chunked", nil, func(w *wireOptions) error {
		w.chunked = true
		return nil
	})
}

// Expect100 asks the server for its consent before the body is sent (RFC 9110
// 10.1.1). A final status in its place is the response, and the body is not sent:
// with HTTP/1 the connection is closed then, because the server may still wait for
// the body. A server that does not answer at all (nginx never does by HTTP/2) gets
// the body after [connector.Config].ExpectContinueTimeout, a second unless it is
// set. A Transport of another kind has its own rules.
// (aiohttp: expect100)
func Expect100() Option {
	return wireOption("Expect100", nil, func(w *wireOptions) error {
		w.expect = true
		return nil
	})
}

// RawHeaders keeps the response's head as it came, for [Response.RawHeaders].
func RawHeaders() Option {
	return wireOption("RawHeaders", nil, func(w *wireOptions) error {
		w.head.Keep = true
		return nil
	})
}

// MaxLineSize bounds the status line of the response, in bytes. Negative means
// no bound. (aiohttp: max_line_size)
func MaxLineSize(n int) Option {
	return wireOption("MaxLineSize", []string{strconv.Itoa(n)}, func(w *wireOptions) error {
		w.head.MaxLineSize = n
		return nil
	})
}

// MaxFieldSize bounds each header field of the response, name and value, in
// bytes. Negative means no bound. (aiohttp: max_field_size)
func MaxFieldSize(n int) Option {
	return wireOption("MaxFieldSize", []string{strconv.Itoa(n)}, func(w *wireOptions) error {
		w.head.MaxFieldSize = n
		return nil
	})
}

// MaxHeaders bounds the number of header fields of the response. Negative means
// no bound. (aiohttp: max_headers)
func MaxHeaders(n int) Option {
	return wireOption("MaxHeaders", []string{strconv.Itoa(n)}, func(w *wireOptions) error {
		w.head.MaxHeaders = n
		return nil
	})
}

// applySettings hands the wishes to the connector.
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
	s.NotUntilEOF, s.HTTPChunks = w.notUntilEOF, w.httpChunks
	return nil
}

// checkForeign refuses the wishes that cannot be kept without a connector.
func (w *wireOptions) checkForeign() error {
	for _, wish := range []struct {
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
	} {
		if wish.set {
			return &errors.InvalidRequestError{Field: "option " + wish.name, Reason: "needs a Connector, and the session has a Transport"}
		}
	}
	return nil
}

// applyFraming makes the request say how its body is sent.
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
