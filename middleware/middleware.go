package middleware

import (
	"net/http"
	"slices"
)

// Middleware wraps next. (aiohttp: a client middleware)
type Middleware = func(next http.RoundTripper) http.RoundTripper

// Chain puts the middlewares around rt. The first is the outermost: it sees the
// request first and the response last. Nil ones are passed over.
func Chain(rt http.RoundTripper, mw ...Middleware) http.RoundTripper {
	for _, wrap := range slices.Backward(mw) {
		if wrap != nil {
			rt = wrap(rt)
		}
	}
	return rt
}

// Func is a function that is a RoundTripper.
type Func func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f Func) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
