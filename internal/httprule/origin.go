package httprule

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Origin is what may share secrets (RFC 6454 4): two URLs have equal Origins if
// scheme, host and port are the same. The zero Origin is that of no URL.
type Origin struct {
	Scheme string // lower case; http for ws and https for wss, as in their handshakes
	Host   string // as [Host] has it, but for a dot at its end: that is another name
	Port   string // "80" or "443" where the URL has none; "" for another scheme without one
}

// OriginOf is the origin of a URL; u may be nil. It does not allocate if the URL is
// written in the usual way.
func OriginOf(u *url.URL) Origin {
	if u == nil {
		return Origin{}
	}
	o := Origin{Scheme: httpScheme(u.Scheme), Host: u.Hostname(), Port: Port(u)}
	if host, ok := Host(o.Host); !ok {
		o.Host = strings.ToLower(o.Host)
	} else if strings.HasSuffix(o.Host, ".") {
		o.Host = host + "."
	} else {
		o.Host = host
	}
	return o
}

// String is scheme://host:port, and "" for no URL.
func (o Origin) String() string {
	if (o == Origin{}) {
		return ""
	}
	return o.Scheme + "://" + o.hostPort(o.Port)
}

// Authority is host:port, without the port that the scheme stands for (RFC 9110
// 4.2.3), as it is written in URLs and in Host.
func (o Origin) Authority() string {
	if o.Port == schemePort(o.Scheme) {
		return o.hostPort("")
	}
	return o.hostPort(o.Port)
}

func (o Origin) hostPort(port string) string {
	host := o.Host
	if strings.IndexByte(host, ':') >= 0 {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

func httpScheme(s string) string {
	switch s = strings.ToLower(s); s {
	case "ws":
		return "http"
	case "wss":
		return "https"
	}
	return s
}

// Port is the port of a URL, without leading zeros, or that of its scheme (RFC 9110
// 4.2), or "".
func Port(u *url.URL) string {
	if given := u.Port(); given != "" {
		for len(given) > 1 && given[0] == '0' {
			given = given[1:]
		}
		return given
	}
	return schemePort(httpScheme(u.Scheme))
}

func schemePort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// Host is a host, without port and brackets, in the one way to write it: lower
// case, Punycode (RFC 5891), an IP address in its usual form (RFC 5952) with its
// zone, and no dot at the end. ok is false for what is no host. It does not
// allocate for a host that is so already.
func Host(host string) (canonical string, ok bool) {
	if strings.IndexByte(host, ':') >= 0 {
		addr, err := netip.ParseAddr(host)
		return addr.String(), err == nil
	}
	ascii := true
	for i := range len(host) {
		if host[i] >= utf8.RuneSelf {
			ascii = false
		} else if notHost[host[i]] {
			return "", false
		}
	}
	if !ascii {
		var err error
		if !utf8.ValidString(host) {
			return "", false
		}
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", false
		}
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || host[0] == '.' || host[len(host)-1] == '.' {
		return "", false
	}
	return strings.ToLower(host), true
}

// notHost are the bytes of ASCII that are no part of a host.
var notHost = func() (t [utf8.RuneSelf]bool) {
	for c := range t {
		t[c] = c <= ' ' || c == 0x7f || strings.IndexByte(`"#%,/;<>?@[\]^{|}`+"`", byte(c)) >= 0
	}
	return t
}()
