package connector

import (
	"crypto/tls"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

// route is what distinguishes connections beyond their host: the TLS policy and
// the proxy. Two requests share connections only if they have the same route;
// nil is the connector's usual one without a proxy.
type route struct {
	spec   routeSpec
	config *tls.Config // for the server; without its name and the pin's check
	proxy  *proxy      // nil: direct
}

// routeSpec identifies a route.
type routeSpec struct {
	own        bool // the request brings a policy of its own
	config     *tls.Config
	insecure   bool
	pin        Pin
	serverName string

	proxy, proxyHeader string
}

// proxy is where a route leads through.
type proxy struct {
	scheme, host, port string
	url                *url.URL // for net/http, with the credentials
	header             http.Header
}

// Proxy is the proxy of one request.
type Proxy struct {
	// URL is that of the proxy: http, https, socks5 or socks5h, perhaps with
	// credentials. Nil means no proxy, whatever the connector has.
	URL *url.URL
	// Auth are credentials, in the place of those in the URL.
	Auth *url.Userinfo
	// Header is sent to the proxy with CONNECT and to nobody else.
	Header http.Header
}

// newProxy checks a proxy and brings it into its form.
func newProxy(p *Proxy) (*proxy, error) {
	asked := *p.URL
	if p.Auth != nil {
		asked.User = p.Auth
	}
	u, err := proxyenv.ParseProxy(asked.String())
	if err != nil {
		return nil, err
	}
	header, err := proxyHeader(p.Header)
	if err != nil {
		return nil, err
	}
	if u.User != nil && header.Get(proxyAuthorization) == "" {
		password, _ := u.User.Password()
		header.Set(proxyAuthorization, basicAuth(u.User.Username(), password))
	}
	return &proxy{scheme: u.Scheme, host: u.Hostname(), port: u.Port(), url: u, header: header}, nil
}

// proxyHeader checks what is to be said to a proxy, and copies it.
func proxyHeader(h http.Header) (http.Header, error) {
	header := make(http.Header, len(h)+1)
	for name, values := range h {
		if !validToken(name) || slices.ContainsFunc(values, func(v string) bool { return !validValue(v) }) {
			return nil, &errors.InvalidRequestError{Field: "proxy header", Reason: "invalid name or value"}
		}
		switch canonical := http.CanonicalHeaderKey(name); canonical {
		case "Host", "Content-Length", "Transfer-Encoding":
			return nil, &errors.InvalidRequestError{Field: "proxy header " + canonical, Reason: "cannot be set for CONNECT"}
		case proxyAuthorization:
			name = canonical // it is looked for
		}
		header[name] = append(header[name], values...)
	}
	return header, nil
}

// proxyAuthorized is the header of a request with what is for its proxy. A proxy
// that passes requests on gets its credentials with each of them; those of the
// request stand in if it has none. Servers get neither: also where a proxy that
// others go through is passed by.
func proxyAuthorized(header http.Header, k key) http.Header {
	var own []string
	if k.forwarded() {
		if own = k.route.proxy.header[proxyAuthorization]; len(own) == 0 {
			return header
		}
	}
	header = without(header, proxyAuthorization)
	if len(own) > 0 {
		if header = header.Clone(); header == nil {
			header = http.Header{}
		}
		header[proxyAuthorization] = own
	}
	return header
}

const proxyAuthorization = "Proxy-Authorization"

// hasField reports whether h has a field, whatever the case of its name.
func hasField(h http.Header, field string) bool {
	for name := range h {
		if strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// without is h without a field, whatever the case of its name. It may be h.
func without(h http.Header, field string) http.Header {
	if !hasField(h, field) {
		return h
	}
	h = h.Clone()
	maps.DeleteFunc(h, func(name string, _ []string) bool { return strings.EqualFold(name, field) })
	return h
}

func (p *proxy) isSOCKS() bool { return strings.HasPrefix(p.scheme, "socks5") }

// maxRoutes bounds what is remembered. A forgotten route is made anew, and the
// connections of the old one are no longer used.
const maxRoutes = 256

// routes keeps one route for each spec, so that they can be compared by their
// pointers.
type routes struct {
	usual *tls.Config // the connector's, under its own policy
	base  *tls.Config // the same under none: what policies of requests start from
	mu    sync.Mutex
	all   map[routeSpec]*route
}

func (r *routes) find(policy *TLSPolicy, through *proxy) *route {
	spec := routeSpec{}
	if policy != nil {
		spec = routeSpec{
			own: true, config: policy.Config, insecure: policy.Insecure, pin: policy.Pin, serverName: policy.ServerName,
		}
	}
	if through != nil {
		spec.proxy = through.url.String()
		spec.proxyHeader = headerText(through.header)
	}
	if spec == (routeSpec{}) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.all[spec]; known != nil {
		return known
	}
	for old := range r.all {
		if len(r.all) < maxRoutes {
			break
		}
		delete(r.all, old)
	}
	made := &route{spec: spec, proxy: through, config: r.usual}
	if policy != nil {
		made.config = tlsConfig(r.base, policy)
	}
	if r.all == nil {
		r.all = map[routeSpec]*route{}
	}
	r.all[spec] = made
	return made
}

// headerText is a header as a comparable value.
func headerText(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			b.WriteString(name + ":" + v + "\n")
		}
	}
	return b.String()
}

// routeOf finds the route of a request. Requests without wishes of their own, on
// a connector without a proxy, need none.
func (c *Connector) routeOf(u *url.URL, s *Settings) (*route, error) {
	var policy *TLSPolicy
	var wanted *Proxy
	trust := c.config.TrustEnv
	if s != nil {
		policy, wanted, trust = s.TLS, s.Proxy, trust || s.TrustEnv
	}
	through := c.proxy
	switch {
	case c.dialer.local != "" && wanted != nil && wanted.URL != nil:
		return nil, &errors.InvalidRequestError{Field: "Proxy", Reason: "a local socket has none"}
	case c.dialer.local != "":
		// Nor does the environment speak of it.
	case wanted != nil && wanted.URL == nil:
		through = nil
	case wanted != nil:
		p, err := newProxy(wanted)
		if err != nil {
			return nil, err
		}
		through = p
	case through == nil && trust:
		p, err := c.fromEnv(u)
		if err != nil {
			return nil, err
		}
		through = p
	}
	if policy == nil && through == nil {
		return nil, nil //nolint:nilnil // nil is the usual route
	}
	if policy != nil {
		if err := policy.check(); err != nil {
			return nil, err
		}
	}
	return c.routes.find(policy, through), nil
}
