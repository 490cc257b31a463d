package jar

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// origin is what a URL means to cookies. The zero origin is that of shared
// cookies: nowhere, and trusted.
type origin struct {
	host   string // canonical
	ip     bool
	secure bool

	url  *url.URL
	path string // see requestPath
}

// requestPath is the path as it is on the wire. It is not looked at before a
// cookie asks for it, because to check an escaped one allocates.
func (o *origin) requestPath() string {
	if o.path == "" {
		o.path = "/"
		if o.url != nil && strings.HasPrefix(o.url.Path, "/") {
			o.path = o.url.EscapedPath()
		}
	}
	return o.path
}

// originOf looks at a URL; the reason is empty if it can have cookies.
func (j *Jar) originOf(u *url.URL) (origin, Reason) {
	if u == nil {
		return origin{}, ReasonHost
	}
	o := origin{url: u}
	switch u.Scheme {
	case "https", "wss":
		o.secure = true
	case "http", "ws":
		o.secure = len(j.trusted) > 0 && j.trusted[httprule.OriginOf(u)]
	default:
		return origin{}, ReasonScheme
	}
	host, ok := httprule.Host(u.Hostname())
	if !ok {
		return origin{}, ReasonHost
	}
	o.host, o.ip = host, isIP(host)
	return o, ""
}

// isIP reports whether a canonical host is an address: it has a colon, or
// nothing but digits and dots.
func isIP(host string) bool {
	return strings.IndexByte(host, ':') >= 0 || host != "" && strings.Trim(host, "0123456789.") == ""
}

// domainMatch is RFC 6265 5.1.3 for canonical names.
func domainMatch(host, domain string) bool {
	return host == domain || isSubdomain(host, domain) && !isIP(host)
}

func isSubdomain(host, domain string) bool {
	return len(host) > len(domain) && host[len(host)-len(domain)-1] == '.' && strings.HasSuffix(host, domain)
}

// pathMatch is RFC 6265 5.1.4.
func pathMatch(request, cookie string) bool {
	return strings.HasPrefix(request, cookie) &&
		(len(request) == len(cookie) || cookie[len(cookie)-1] == '/' || request[len(cookie)] == '/')
}

// defaultPath is RFC 6265 5.1.4: the directory of a request.
func defaultPath(request string) string {
	if i := strings.LastIndexByte(request, '/'); i > 0 {
		return request[:i]
	}
	return "/"
}

// cookiePath is the Path attribute if it is one, or else the default.
func cookiePath(attribute string, o *origin) string {
	if attribute == "" || attribute[0] != '/' || hasControl(attribute) || strings.Contains(attribute, "\t") {
		return defaultPath(o.requestPath())
	}
	return attribute
}

// domainOf settles the domain of a cookie (RFC 6265 5.3, steps 4 to 6). A Domain
// attribute with a dot at its end counts as none.
func (j *Jar) domainOf(attribute string, o *origin) (domain string, hostOnly bool, reason Reason) {
	attribute = strings.Trim(attribute, " \t")
	switch {
	case attribute == "" || o.host != "" && strings.HasSuffix(attribute, "."):
		return o.host, o.host != "", ""
	case strings.HasSuffix(attribute, "."):
		return "", false, ReasonDomain // or else it would be shared
	}
	domain, ok := httprule.Host(strings.TrimPrefix(attribute, "."))
	if !ok {
		return "", false, ReasonDomain
	}
	switch {
	case o.host == "" || o.host == domain:
		return domain, isIP(domain) || j.isPublicSuffix(domain), ""
	case !domainMatch(o.host, domain):
		return "", false, ReasonDomain
	case j.isPublicSuffix(domain), j.isWithinSuffix(o.host, domain):
		return "", false, ReasonPublicSuffix
	}
	return domain, false, ""
}

func (j *Jar) isPublicSuffix(domain string) bool {
	if j.config.AllowPublicSuffixes {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// isWithinSuffix reports whether a domain that a host is below is as short as the
// host's own public suffix. By an exception of the list such a domain need not be a
// suffix itself: that of city.kobe.jp is kobe.jp, because of *.kobe.jp, and that of
// kobe.jp is jp.
func (j *Jar) isWithinSuffix(host, domain string) bool {
	if j.config.AllowPublicSuffixes {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	return len(domain) <= len(suffix)
}

// prefixHolds is RFC 6265bis 4.1.3: what the name promises is so.
func prefixHolds(c *http.Cookie, hostOnly bool, o *origin) bool {
	switch {
	case hasPrefixFold(c.Name, "__host-"):
		return c.Secure && o.secure && hostOnly && c.Domain == "" && c.Path == "/"
	case hasPrefixFold(c.Name, "__secure-"):
		return c.Secure && o.secure
	}
	return true
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFoldASCII(s[:len(prefix)], prefix)
}
