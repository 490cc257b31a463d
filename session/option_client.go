package session

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// rareOptions are wishes that most requests do not have.
type clientOptions struct {
	traceContext      any
	middlewares       []middleware.Middleware
	replaces          bool // middlewares take the place of the session's
	requote           bool
	verbatimRedirects bool
	readBuffer        int
}

// clientOption changes a copy of the present wishes, so that options can be shared.
func clientOption(name string, args []string, change func(*clientOptions) error) Option {
	return Option{name, args, func(o *options) error {
		r := clientOptions{}
		if o.client != nil {
			r = *o.client
		}
		o.client = &r
		return change(&r)
	}}
}

// AddMiddleware adds middlewares for the request to those of the session and of
// earlier options: at the end of their list, where they are the innermost and see
// every attempt of a middleware that sends again. [Middlewares] replaces instead.
//
// Each is called to wrap the transport for every request and every attempt. What it
// keeps from one to the next belongs beside the function that it is, as with those of
// package middleware. Nil ones are left out.
func AddMiddleware(mw ...middleware.Middleware) Option {
	return clientOption("AddMiddleware", []string{strconv.Itoa(len(mw)) + " middlewares"}, func(r *clientOptions) error {
		r.middlewares = append(slices.Clip(r.middlewares), mw...)
		return nil
	})
}

// Middlewares sends the request through these middlewares, the first of which is the
// outermost, in the place of the session's and of those of earlier options; none means
// through no middleware. [AddMiddleware] adds instead, and says how often each is
// called. (aiohttp: middlewares)
func Middlewares(mw ...middleware.Middleware) Option {
	return clientOption("Middlewares", []string{strconv.Itoa(len(mw)) + " middlewares"}, func(r *clientOptions) error {
		r.middlewares, r.replaces = slices.Clone(mw), true
		return nil
	})
}

// TraceContext gives the session's traces a value for this request.
// (aiohttp: trace_request_ctx)
func TraceContext(value any) Option {
	return clientOption("TraceContext", []string{fmt.Sprintf("%T", value)}, func(r *clientOptions) error {
		r.traceContext = value
		return nil
	})
}

// Requote brings the escapes of the URL into their normal form, as aiohttp does
// with a URL that is a string: %7e becomes ~, %c3 becomes %C3, and what should
// have been escaped is. In a query %2F becomes a slash, too, so it is not for URLs that
// are signed. Without it a URL is sent as it was written, but for what RFC 3986 does not allow.
// (aiohttp: yarl.URL without encoded=True)
func Requote() Option {
	return clientOption("Requote", nil, func(r *clientOptions) error {
		r.requote = true
		return nil
	})
}

// VerbatimRedirects follows the Location of a redirect as it was written, without
// bringing its escapes into their normal form. (aiohttp: requote_redirect_url=False)
func VerbatimRedirects() Option {
	return clientOption("VerbatimRedirects", nil, func(r *clientOptions) error {
		r.verbatimRedirects = true
		return nil
	})
}

// ReadBufferSize is how much [Response.Content] reads ahead, in bytes. The
// default is 16 KiB. (aiohttp: read_bufsize)
func ReadBufferSize(n int) Option {
	return clientOption("ReadBufferSize", []string{strconv.Itoa(n)}, func(r *clientOptions) error {
		if n <= 0 {
			return &errors.InvalidRequestError{Field: "ReadBufferSize", Reason: "not positive"}
		}
		r.readBuffer = n
		return nil
	})
}

// chooseTransport is what the call is sent through. Where the session has middlewares of its
// own, their innermost goes on through those that were added: they are not wrapped
// anew for one call, so that they keep what they count.
func (c *call) chooseTransport() http.RoundTripper {
	r := c.opts.client
	switch {
	case r == nil || len(r.middlewares) == 0 && !r.replaces:
		return c.s.transport
	case r.replaces || !c.s.wrapped:
		return middleware.Chain(c.s.bare, r.middlewares...)
	}
	c.ctx.added = r
	return c.s.transport
}

// innermost is the end of a session's middlewares.
type innermost struct{ next http.RoundTripper }

type addedKey struct{}

// RoundTrip goes on through the middlewares that AddMiddleware has added to the call.
func (t *innermost) RoundTrip(req *http.Request) (*http.Response, error) {
	if r, _ := req.Context().Value(addedKey{}).(*clientOptions); r != nil {
		return middleware.Chain(t.next, r.middlewares...).RoundTrip(req)
	}
	return t.next.RoundTrip(req)
}

// passesMiddleware reports whether the call does not go straight to the connector.
func (c *call) passesMiddleware() bool {
	if r := c.opts.client; r != nil && (r.replaces || len(r.middlewares) > 0) {
		return len(r.middlewares) > 0
	}
	return c.s.wrapped
}

// callContext is the context of a call: the connector's, and the session for
// [FromContext].
type callContext struct {
	connector.RequestContext
	session *Session
	added   *clientOptions // nil: no middlewares beside the session's
}

type sessionKey struct{}

// Value is that of the request's context.
func (c *callContext) Value(key any) any {
	switch key {
	case sessionKey{}:
		return c.session
	case addedKey{}:
		return c.added
	case httprule.SensitiveKey{}:
		return c.session.sensitive
	}
	return c.RequestContext.Value(key)
}

// FromContext returns, in a middleware, a session that sends what the middleware
// itself needs, such as a token: the one whose request ctx belongs to, without its
// middlewares, so that nothing calls itself. It is nil for a context of no
// session's. (aiohttp: ClientRequest.session)
func FromContext(ctx interface{ Value(any) any }) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	if s == nil {
		return nil
	}
	return s.With(Middlewares()).joinCall(s)
}

// RoundTripper returns the session as a RoundTripper of single requests: with its
// cookies, headers, timeouts, middlewares and decoding, and without redirects,
// which are the business of who calls a RoundTripper.
func (s *Session) RoundTripper() http.RoundTripper { return clientTransport{s.With(NoRedirects())} }
