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
	fixed := &fixedAuth{origins: newCredentialOrigins(origins), value: httprule.BasicAuth(login, password)}
	fixed.err = fixed.origins.err
	if strings.Contains(login, ":") || strings.ContainsFunc(login+password, isControl) {
		fixed.err = &errors.InvalidRequestError{Field: "login", Reason: "it may not hold a colon or a control character"}
	}
	return fixed.wrapTransport
}

// Bearer adds "Authorization: Bearer" (RFC 6750) to requests without
// Authorization. Where it goes is as with [BasicAuth]. A token that is empty or
// holds more than visible ASCII is an [errors.InvalidRequestError] of each
// request. What it returns is safe for concurrent use.
func Bearer(token string, origins ...string) Middleware {
	fixed := &fixedAuth{origins: newCredentialOrigins(origins)}
	fixed.value, fixed.err = Token{Value: token}.authorizationValue()
	if fixed.err == nil {
		fixed.err = fixed.origins.err
	}
	return fixed.wrapTransport
}

// fixedAuth is a value of Authorization that does not change.
type fixedAuth struct {
	origins *credentialOrigins
	value   string
	err     error
}

func (a *fixedAuth) wrapTransport(next http.RoundTripper) http.RoundTripper {
	next = requireNext(next)
	return Func(func(req *http.Request) (*http.Response, error) {
		if a.err != nil {
			return refuseRequest(req, a.err)
		}
		if hasAuthorization(req) || !a.origins.allows(req) {
			return next.RoundTrip(req)
		}
		return next.RoundTrip(setAuthorization(cloneRequest(req), a.value))
	})
}

// hasAuthorization reports whether the caller has credentials of its own, which stay.
func hasAuthorization(req *http.Request) bool { return httprule.HasField(req.Header, "Authorization") }

func setAuthorization(clone *http.Request, value string) *http.Request {
	httprule.SetField(clone.Header, "Authorization", value)
	return clone
}
