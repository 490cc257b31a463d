package session

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// parseBase checks a base URL: absolute, and with a path that ends in "/",
// because the last segment of any other would vanish in the joining.
func parseBase(raw string) (*url.URL, error) {
	if raw == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	u, err := httprule.ParseURL(raw)
	switch {
	case err != nil:
		return nil, badURL(raw, err)
	case !isHTTP(u.Scheme) || u.Host == "":
		return nil, errors.NewInvalidURL(raw, "base URL is not an absolute http URL", nil)
	case u.Path == "":
		u.Path = "/"
	case !strings.HasSuffix(u.Path, "/"):
		return nil, errors.NewInvalidURL(raw, "path of the base URL does not end in a slash", nil)
	}
	u.RawQuery, u.Fragment, u.RawFragment = "", "", ""
	return u, nil
}

func isHTTP(scheme string) bool { return scheme == "http" || scheme == "https" }

// ParseURL reads an absolute URL as [Session.Get] does, for programs that want to look
// at one before they send anything: what RFC 3986 does not allow is escaped, so that a
// % which begins no escape becomes %25, and a host in another script is written as IDNA
// has it. Escapes stay as they are. The error is an [*errors.InvalidURLError] that shows
// neither credentials nor values of the query.
func ParseURL(raw string) (*url.URL, error) {
	u, err := parseURL(nil, raw)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// parseURL makes the URL of a request, relative to base if there is one.
func parseURL(base *url.URL, raw string) (*url.URL, error) {
	if base != nil && strings.HasPrefix(raw, "//") {
		return nil, errors.NewInvalidURL(raw, "starts with two slashes", nil)
	}
	u, err := httprule.ParseURL(raw)
	if err != nil {
		return nil, badURL(raw, err)
	}
	if base != nil && u.Scheme == "" {
		u = resolve(base, u)
	}
	if err := checkURL(u); err != nil {
		return u, err
	}
	return u, toASCII(u)
}

// resolve is RFC 3986 5.2. A URL that is relative to the base has its credentials too.
func resolve(base, ref *url.URL) *url.URL {
	u := base.ResolveReference(ref)
	if u.User == nil && ref.Host == "" {
		u.User = base.User
	}
	return u
}

func checkURL(u *url.URL) error {
	switch {
	case u.Scheme == "":
		return invalidURL(u, nil, "relative URL without a base URL: no http:// or https://")
	case !isHTTP(u.Scheme) && u.Opaque != "": // localhost:8080/x
		return invalidURL(u, errors.ErrNonHTTPURLClient, "unsupported scheme: no http:// or https://")
	case !isHTTP(u.Scheme):
		return invalidURL(u, errors.ErrNonHTTPURLClient, "unsupported scheme")
	case u.Hostname() == "":
		return invalidURL(u, nil, "no host")
	}
	return nil
}

// invalidURL is an error of the class kind; nil is the usual one.
func invalidURL(u *url.URL, kind error, description string) error {
	return &errors.InvalidURLError{URL: errors.RedactURL(u), Description: description, Kind: kind}
}

// toASCII writes a host of other scripts as IDNA has it (RFC 5891), so that
// Host, cookies, origins and the pool of connections see one name.
func toASCII(u *url.URL) error {
	host, ok := asciiHost(u.Host)
	if !ok {
		return invalidURL(u, nil, "host is not a name of IDNA")
	}
	u.Host = host
	return nil
}

// asciiHost is toASCII for a host that may have a port.
func asciiHost(host string) (string, bool) {
	if strings.IndexFunc(host, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return host, true
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	ascii, err := idna.Lookup.ToASCII(name)
	return ascii + port, err == nil
}

func badURL(raw string, err error) error { return errors.NewInvalidURL(raw, "cannot be parsed", err) }

// sameOrigin reports whether two URLs may share secrets (RFC 6454 4).
func sameOrigin(a, b *url.URL) bool { return httprule.OriginOf(a) == httprule.OriginOf(b) }

// takeUser takes the credentials of a hop's URL. The context says that there were
// some, to middlewares that want no such URL.
func (c *call) takeUser(u *url.URL) (value string, ok bool) {
	if u.User != nil {
		c.ctx.hadUser.Store(true)
	}
	return takeUser(u)
}

// takeUser removes the credentials from u and returns them as the value of an
// Authorization header. An empty login with an empty password is none (WHATWG URL,
// "includes credentials").
func takeUser(u *url.URL) (value string, ok bool) {
	if u.User == nil {
		return "", false
	}
	login := u.User.Username()
	password, _ := u.User.Password()
	u.User = nil
	if login == "" && password == "" {
		return "", false
	}
	return httprule.BasicAuth(login, password), true
}

// hostHeader is the value of Host for u: no default port, no trailing dot.
func hostHeader(u *url.URL) string {
	host := u.Host
	if last := len(host) - 1; strings.IndexByte(host, ':') < 0 && (last < 0 || host[last] != '.') {
		return host // most are that
	}
	if p := httprule.Port(&url.URL{Scheme: u.Scheme}); p != "" && strings.HasSuffix(host, ":"+p) && u.Port() == p {
		host = strings.TrimSuffix(host, ":"+p)
	}
	if name, port, ok := strings.Cut(host, ":"); ok && strings.HasSuffix(name, ".") {
		return strings.TrimRight(name, ".") + ":" + port
	}
	if strings.HasSuffix(host, ":") || strings.HasSuffix(host, ".") {
		return strings.TrimRight(host, ".:")
	}
	return host
}

// expectsBody reports whether a request without a body says so with
// "Content-Length: 0" (RFC 9110 8.6); net/http knows only POST, PUT and PATCH.
func expectsBody(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect,
		http.MethodPost, http.MethodPut, http.MethodPatch:
		return false
	}
	return true
}

// parseSocketURL is parseURL for a WebSocket, whose schemes stand for those of
// HTTP (RFC 6455 3).
func parseSocketURL(base *url.URL, raw string) (string, error) {
	for socket, plain := range socketSchemes {
		if rest, ok := cutScheme(raw, socket); ok {
			raw = plain + rest
			break
		}
	}
	u, err := parseURL(base, raw)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

var socketSchemes = map[string]string{"ws": "http", "wss": "https"}

// cutScheme cuts a scheme off, in whatever case.
func cutScheme(raw, scheme string) (rest string, ok bool) {
	if n := len(scheme); len(raw) > n && raw[n] == ':' && strings.EqualFold(raw[:n], scheme) {
		return raw[n:], true
	}
	return "", false
}
