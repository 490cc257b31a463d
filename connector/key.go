package connector

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"

	"github.com/aiolos-http/aiolos/errors"
)

// key tells which connections may serve a request: those with an equal key.
// It is compared on every request, so it holds slices of the URL's own strings
// and no computed ones.
type key struct {
	https bool
	host  string // lower case, ASCII, without brackets
	port  string // never empty
	h1    bool   // not HTTP/2
	root  bool   // the URL's host ends with a dot: no search list of the resolver's
	route *route // nil: the usual one
}

func (k key) scheme() string {
	if k.https {
		return "https"
	}
	return "http"
}

func (k key) addr() string { return net.JoinHostPort(k.host, k.port) }

// portNumber is the port for error attributes; the key's maker has checked it.
func (k key) portNumber() int {
	n, _ := strconv.Atoi(k.port) // checked when the key was made
	return n
}

func (k key) endpoint(phase errors.Phase) errors.Endpoint {
	return errors.Endpoint{Host: k.host, Port: k.portNumber(), TLS: k.https, Phase: phase}
}

// keyOf finds the key of a URL and refuses what cannot be connected to.
func keyOf(u *url.URL) (key, error) {
	if u == nil {
		return key{}, &errors.InvalidURLError{Description: "no URL"}
	}
	var k key
	switch u.Scheme {
	case "http", "ws":
		k.port = "80"
	case "https", "wss":
		k.https, k.port = true, "443"
	default:
		return key{}, &errors.InvalidURLError{
			URL: errors.RedactURL(u), Description: "unsupported scheme", Kind: errors.ErrNonHTTPURLClient,
		}
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return key{}, invalidURL(u, "port out of range")
		}
		k.port = p
	}
	k.host = u.Hostname()
	if !plainHost(k.host) {
		host, ok := canonicalHost(k.host)
		if !ok {
			return key{}, invalidURL(u, "invalid host")
		}
		k.root = k.host[len(k.host)-1] == '.'
		k.host = host
	}
	return k, nil
}

func invalidURL(u *url.URL, description string) error {
	return &errors.InvalidURLError{URL: errors.RedactURL(u), Description: description}
}

// plainHost reports whether host is already in the form that a key wants.
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

// canonicalHost brings a host that is not plain into that form: lower case,
// IDNA (RFC 5891), no trailing dot; IP addresses as they are, zone included.
func canonicalHost(host string) (string, bool) {
	if host == "" {
		return "", false
	}
	if strings.Contains(host, ":") {
		addr, err := netip.ParseAddr(host)
		return addr.String(), err == nil
	}
	host = strings.TrimRight(strings.ToLower(host), ".")
	if isASCII(host) {
		return host, host != "" && validHostASCII(host)
	}
	ascii, err := idna.Lookup.ToASCII(host)
	return ascii, err == nil && ascii != "" && validHostASCII(ascii)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func validHostASCII(host string) bool {
	return httpguts.ValidHostHeader(host) && !strings.ContainsAny(host, "/?#@[]:%\\ \t")
}
