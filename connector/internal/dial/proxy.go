package dial

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// ProxyAuthorization is the field that has a proxy's credentials (RFC 9110 11.7.1).
const ProxyAuthorization = "Proxy-Authorization"

// Proxy is where a route leads through. It is not changed once it is made.
type Proxy struct {
	Scheme, Host, Port string
	URL                *url.URL    // with the credentials
	Header             http.Header // for CONNECT, with the credentials under their canonical name
}

// NewProxy checks a proxy, and brings it into its form. Auth stands in the place of
// the URL's credentials unless it is nil; the header may be nil and is copied.
func NewProxy(to *url.URL, auth *url.Userinfo, header http.Header) (*Proxy, error) {
	asked := *to
	if auth != nil {
		asked.User = auth
	}
	u, err := proxyenv.ParseProxy(asked.String())
	if err != nil {
		return nil, err
	}
	header, err = proxyHeader(header)
	if err != nil {
		return nil, err
	}
	if u.User != nil && header.Get(ProxyAuthorization) == "" {
		password, _ := u.User.Password()
		header.Set(ProxyAuthorization, httprule.BasicAuth(u.User.Username(), password))
	}
	return &Proxy{Scheme: u.Scheme, Host: u.Hostname(), Port: u.Port(), URL: u, Header: header}, nil
}

// proxyHeader checks what is to be said to a proxy, and copies it.
func proxyHeader(h http.Header) (http.Header, error) {
	header := make(http.Header, len(h)+1)
	for name, values := range h {
		if !httpguts.ValidHeaderFieldName(name) ||
			slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return nil, &errors.InvalidRequestError{Field: "proxy header", Reason: "invalid name or value"}
		}
		switch canonical := http.CanonicalHeaderKey(name); canonical {
		case "Host", "Content-Length", "Transfer-Encoding":
			return nil, &errors.InvalidRequestError{Field: "proxy header " + canonical, Reason: "cannot be set for CONNECT"}
		case ProxyAuthorization:
			name = canonical // it is looked for
		}
		header[name] = append(header[name], values...)
	}
	return header, nil
}

// IsSOCKS reports whether the proxy speaks SOCKS and not HTTP.
func (p *Proxy) IsSOCKS() bool { return strings.HasPrefix(p.Scheme, "socks5") }
