package dial

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Target is what is connected to, and tells which connections may serve a request:
// those to an equal Target. It is compared on every request, so it holds slices of
// the URL's own strings and no computed ones.
type Target struct {
	HTTPS bool
	Host  string // lower case, ASCII, without brackets
	Port  string // a number from 1 to 65535
	H1    bool   // not HTTP/2
	Root  bool   // the URL's host ends with a dot: no search list of the resolver's
	Route *Route // nil: the usual one
}

// Scheme is "http" or "https".
func (t Target) Scheme() string {
	if t.HTTPS {
		return "https"
	}
	return "http"
}

// Addr is "host:port".
func (t Target) Addr() string { return net.JoinHostPort(t.Host, t.Port) }

// DialAddr is the "host:port" that is connected to: the proxy's, if there is one.
func (t Target) DialAddr() string {
	if p := t.proxy(); p != nil {
		return net.JoinHostPort(p.Host, p.Port)
	}
	return t.Addr()
}

// Endpoint is what an error in a phase is about.
func (t Target) Endpoint(phase errors.Phase) classify.Endpoint {
	return classify.Endpoint{Host: t.Host, Port: portNumber(t.Port), TLS: t.HTTPS, Phase: phase}
}

// Forwarded reports whether an HTTP proxy passes requests to the target on itself,
// so that there is no tunnel.
func (t Target) Forwarded() bool {
	p := t.proxy()
	return p != nil && !t.HTTPS && !t.H1 && !p.IsSOCKS()
}

// ProxyAddr is "scheme://host:port" of the proxy, or "" if there is none.
func (t Target) ProxyAddr() string {
	if p := t.proxy(); p != nil {
		return p.Scheme + "://" + t.DialAddr()
	}
	return ""
}

func (t Target) proxy() *Proxy {
	if t.Route == nil {
		return nil
	}
	return t.Route.Proxy
}

func portNumber(port string) int {
	n, _ := strconv.Atoi(port) // checked when the target or the proxy was made
	return n
}

// TargetOf finds the target of a URL and refuses what cannot be connected to, with
// an [errors.InvalidURLError]. It knows nothing of H1 and Route.
func TargetOf(u *url.URL) (Target, error) {
	if u == nil {
		return Target{}, &errors.InvalidURLError{Description: "no URL"}
	}
	var t Target
	switch u.Scheme {
	case "http", "ws":
		t.Port = "80"
	case "https", "wss":
		t.HTTPS, t.Port = true, "443"
	default:
		return Target{}, &errors.InvalidURLError{
			URL: errors.RedactURL(u), Description: "unsupported scheme", Kind: errors.ErrNonHTTPURLClient,
		}
	}
	host, p := splitHost(u)
	if p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return Target{}, invalidURL(u, "port out of range")
		}
		t.Port = p
	}
	t.Host = host
	if !plainHost(t.Host) {
		host, ok := CanonicalHost(t.Host)
		if !ok {
			return Target{}, invalidURL(u, "invalid host")
		}
		t.Root = t.Host[len(t.Host)-1] == '.'
		t.Host = host
	}
	return t, nil
}

func invalidURL(u *url.URL, description string) error {
	return &errors.InvalidURLError{URL: errors.RedactURL(u), Description: description}
}

// splitHost is u.Hostname and u.Port, which both go through all of it.
func splitHost(u *url.URL) (host, port string) {
	switch at := strings.IndexByte(u.Host, ':'); {
	case u.Host == "" || u.Host[0] == '[':
	case at < 0:
		return u.Host, ""
	case plainPort(u.Host[at+1:]):
		return u.Host[:at], u.Host[at+1:]
	}
	return u.Hostname(), u.Port()
}

// plainPort reports whether port is digits, and has some.
func plainPort(port string) bool {
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
	}
	return port != ""
}

// plainHost reports whether host is already in the form that a Target wants.
func plainHost(host string) bool {
	if host == "" || host[len(host)-1] == '.' {
		return false
	}
	for i := range len(host) {
		c := host[i]
		if ('a' > c || c > 'z') && ('0' > c || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// CanonicalHost is [httprule.Host], but any number of dots may end the host: the resolver
// takes them for one.
func CanonicalHost(host string) (canonical string, ok bool) {
	return httprule.Host(strings.TrimRight(host, "."))
}
