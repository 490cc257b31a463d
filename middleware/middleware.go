// Package middleware wraps RoundTrippers in RoundTrippers.
//
// A [Middleware] works on a session, where it runs once for every hop of a
// redirect, on a connector, and on any [http.Client] of somebody else's.
//
// # The contract
//
// What a middleware returns must be a RoundTripper in full: it does not change
// the request that it gets (it sends a clone), it always closes the request's
// body, it does not turn a status into an error, it honours the request's
// context wherever it waits, and it hands the body of a 101 response through
// untouched, because that is the connection.
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
