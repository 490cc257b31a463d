package middleware

import (
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// BasicAuth adds "Authorization: Basic" (RFC 7617) to requests without
// Authorization. (aiohttp: BasicAuth, encode_basic_auth)
//
// Login and password are sent as UTF-8. They go to the given origins only, as
// "https://host:port"; without any, to the origin of the first request that
// comes, so that no redirect takes them elsewhere. A login with a colon, and
// control characters, are an [errors.InvalidRequestError] of each request. What
// it returns is safe for concurrent use.
func BasicAuth(login, password string, origins ...string) Middleware {
	fixed := &fixedAuth{anchor: newAnchor(origins), value: httprule.BasicAuth(login, password)}
	fixed.err = fixed.anchor.err
	if strings.Contains(login, ":") || strings.ContainsFunc(login+password, isControl) {
		fixed.err = &errors.InvalidRequestError{Field: "login", Reason: "it may not hold a colon or a control character"}
	}
	return fixed.middleware
}

// Bearer adds "Authorization: Bearer" (RFC 6750) to requests without
// Authorization. Where it goes is as with [BasicAuth]. A token that is empty or
// holds more than visible ASCII is an [errors.InvalidRequestError] of each
// request. What it returns is safe for concurrent use.
func Bearer(token string, origins ...string) Middleware {
	fixed := &fixedAuth{anchor: newAnchor(origins)}
	fixed.value, fixed.err = Token{Value: token}.header()
	if fixed.err == nil {
		fixed.err = fixed.anchor.err
	}
	return fixed.middleware
}

// fixedAuth is a value of Authorization that does not change.
type fixedAuth struct {
	anchor *anchor
	value  string
	err    error
}

func (a *fixedAuth) middleware(next http.RoundTripper) http.RoundTripper {
	next = usable(next)
	return Func(func(req *http.Request) (*http.Response, error) {
		if a.err != nil {
			return refuse(req, a.err)
		}
		if authorized(req) || !a.anchor.allows(req.URL) {
			return next.RoundTrip(req)
		}
		return next.RoundTrip(withAuthorization(cloneRequest(req), a.value))
	})
}

// authorized: the caller's own credentials are left alone.
func authorized(req *http.Request) bool { return httprule.HasField(req.Header, "Authorization") }

func withAuthorization(clone *http.Request, value string) *http.Request {
	httprule.SetField(clone.Header, "Authorization", value)
	return clone
}
