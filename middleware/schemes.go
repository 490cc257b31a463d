package middleware

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// SchemeRules says which URLs may be asked at all. It is one half of a guard
// against server-side request forgery, where somebody else chooses the URL; the
// other half looks at the address that a name resolves to, and belongs to what
// dials. The zero value allows http and https to any host and port.
type SchemeRules struct {
	// HTTPSOnly refuses http.
	HTTPSOnly bool
	// NoDowngrade refuses a redirect from https to http. It needs a client that
	// sets [http.Request.Response] on the request for a redirect, as
	// http.Client does; HTTPSOnly needs nothing.
	NoDowngrade bool
	// Ports allows only these. Nil is any; a URL without a port has that of its
	// scheme.
	Ports []string
	// NoCredentials refuses a URL with a user name or a password. In a session it
	// sees those that the session has made a header of.
	NoCredentials bool
	// NamesOnly refuses an IP address in place of a name.
	NamesOnly bool
}

// Schemes refuses a request whose URL breaks the rules, before anything is
// sent. As a middleware of a session or a client it sees every hop of a
// redirect. Whatever the rules, it refuses schemes other than http and https, a
// URL without a host, and numbers that are no canonical IP address but that
// resolvers take for one ("0x7f.1", "2130706433", "127.1"), since they slip
// through filters. The error is an [errors.InvalidURLError].
func Schemes(rules SchemeRules) Middleware {
	rules.Ports = slices.Clone(rules.Ports)
	return func(next http.RoundTripper) http.RoundTripper {
		return Func(func(req *http.Request) (*http.Response, error) {
			if err := rules.checkRequest(req); err != nil {
				return refuseRequest(req, err)
			}
			return next.RoundTrip(req)
		})
	}
}

func (r *SchemeRules) checkRequest(req *http.Request) error {
	if req.URL == nil {
		return &errors.InvalidRequestError{Field: "url", Reason: "is nil"}
	}
	kind, scheme := errors.ErrInvalidURLClient, errors.ErrNonHTTPURLClient
	if req.Response != nil {
		kind, scheme = errors.ErrInvalidURLRedirectClient, errors.ErrNonHTTPURLRedirectClient
	}
	reason := r.refusalReason(req.URL)
	switch {
	case reason != "":
	case r.NoCredentials && httprule.HadUser(req.Context()):
		reason = hasCredentials
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		kind, reason = scheme, "the scheme is neither http nor https"
	case r.NoDowngrade && req.URL.Scheme == "http" && redirectedScheme(req) == "https":
		reason = "a redirect from https to http"
	default:
		return nil
	}
	return &errors.InvalidURLError{URL: errors.RedactURL(req.URL), Description: reason, Kind: kind}
}

const hasCredentials = "there are credentials in it"

// redirectedScheme is the scheme of the request that was redirected, or "".
func redirectedScheme(req *http.Request) string {
	if req.Response == nil || req.Response.Request == nil || req.Response.Request.URL == nil {
		return ""
	}
	return req.Response.Request.URL.Scheme
}

// refusalReason says what is wrong with a URL, its scheme apart.
func (r *SchemeRules) refusalReason(u *url.URL) string {
	host := strings.TrimSuffix(u.Hostname(), ".")
	_, err := netip.ParseAddr(host)
	isAddr := err == nil
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "" // checkRequest names it
	case r.HTTPSOnly && u.Scheme != "https":
		return "the scheme is not https"
	case host == "":
		return "there is no host"
	case r.NoCredentials && u.User != nil:
		return hasCredentials
	case !isAddr && endsInNumber(host):
		return "the host is a number that is no ip address"
	case isAddr && r.NamesOnly:
		return "the host is an ip address"
	case r.Ports != nil && !slices.Contains(r.Ports, httprule.Port(u)):
		return "the port is not allowed"
	}
	return ""
}

// endsInNumber reports whether a host ends in a number, as browsers and libc tell
// an IPv4 address in any of its old forms (WHATWG URL 3.5). Digits and dots of
// other scripts count: IDNA makes ASCII ones of them.
func endsInNumber(host string) bool {
	labels := strings.FieldsFunc(host, func(r rune) bool { return strings.ContainsRune(".\u3002\uFF0E\uFF61", r) })
	if len(labels) == 0 {
		return false
	}
	last := labels[len(labels)-1]
	if strings.IndexFunc(last, func(r rune) bool { return !unicode.IsNumber(r) }) < 0 {
		return true
	}
	hex, ok := strings.CutPrefix(strings.ToLower(last), "0x")
	return ok && strings.IndexFunc(hex, func(r rune) bool {
		return !unicode.IsNumber(r) && !strings.ContainsRune("abcdef", r)
	}) < 0
}
