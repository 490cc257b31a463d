package proxyenv

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/errors"
)

// ParseProxy reads the URL of a proxy: http, https, socks5 or socks5h, a user
// and a password perhaps, a host and a port, and nothing more than a "/". The
// result has its scheme and host in lower case, always a port (80, 443, 1080 if
// there was none), no path, and belongs to the caller.
//
// The error is an [*errors.InvalidURLError] without user and password, of
// [errors.ErrNonHTTPURLClient] for another scheme.
func ParseProxy(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, invalidProxy(raw, "not the url of a proxy", err)
	}
	port := ""
	switch u.Scheme {
	case "http":
		port = "80"
	case "https":
		port = "443"
	case "socks5", "socks5h":
		port = "1080"
	case "":
		return nil, invalidProxy(raw, "a proxy needs a scheme: http, https, socks5 or socks5h", nil)
	default:
		failure := invalidProxy(raw, "a proxy is http, https, socks5 or socks5h", nil)
		failure.Kind = errors.ErrNonHTTPURLClient
		return nil, failure
	}
	if given := u.Port(); given != "" {
		port = strings.TrimLeft(given, "0")
	}
	host, ok := canonicalHost(u.Hostname())
	if !ok {
		return nil, invalidProxy(raw, "not the host of a proxy", nil)
	}
	if problem := problemOf(u, port); problem != "" {
		return nil, invalidProxy(raw, problem, nil)
	}
	return &url.URL{Scheme: u.Scheme, User: u.User, Host: net.JoinHostPort(host, port)}, nil
}

// canonicalHost writes an address in the usual form, with its zone, and a name
// in lower case. It is false for what the escapes of a URL may have smuggled in.
func canonicalHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		zone := addr.Zone()
		return addr.String(), strings.IndexFunc(zone, notName) < 0
	}
	return strings.ToLower(host), strings.IndexFunc(host, notName) < 0
}

func notName(r rune) bool {
	return r <= ' ' || r == 0x7f || r == utf8.RuneError || strings.ContainsRune(`"#%/:<>?@[\]^{|}`+"`", r)
}

// problemOf says why a URL cannot be a proxy's, or "".
func problemOf(u *url.URL, port string) string {
	number, err := strconv.ParseUint(port, 10, 16)
	name := u.User.Username()
	password, _ := u.User.Password()
	switch {
	case u.Opaque != "" || u.Hostname() == "":
		return "a proxy needs a host"
	case err != nil || number == 0:
		return "a port is from 1 to 65535"
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return "a proxy has no path, query or fragment"
	case strings.HasPrefix(u.Scheme, "http") && strings.Contains(name, ":"):
		return "a user has no colon in its name" // RFC 7617 2
	case strings.HasPrefix(u.Scheme, "socks") && (len(name) > 255 || len(password) > 255):
		return "SOCKS has room for 255 bytes of user and of password"
	case strings.HasPrefix(u.Scheme, "socks") && name == "" && password != "":
		return "SOCKS has no password without a user"
	}
	return ""
}

func invalidProxy(raw, problem string, err error) *errors.InvalidURLError {
	failure := errors.NewInvalidURL(raw, problem, err)
	failure.URL = redactProxy(raw)
	return failure
}

// redactProxy is what an error may show of a proxy's URL: the scheme and the host. A
// password may hold anything that was not escaped, "/" and "?" included, so all
// before the last "@" is hidden, whatever the parser makes of it.
func redactProxy(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
		scheme, rest = "", raw
	}
	at := strings.LastIndexByte(rest, '@')
	host := rest[at+1:]
	if end := strings.IndexAny(host, `/?#\`); end >= 0 {
		host = host[:end]
	}
	if scheme != "" && at < 0 && host != "" {
		return errors.RedactURLString(scheme + "://" + host) // which shows a mistyped port
	}
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') &&
		strings.Trim(host[colon+1:], "0123456789") != "" {
		host, _, _ = strings.Cut(host, ":")
		host += ":***"
	}
	if at >= 0 {
		host = "***@" + host
	}
	if scheme != "" {
		host = scheme + "://" + host
	}
	return host
}
