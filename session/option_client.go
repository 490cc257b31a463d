package session

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// clientOptions are what few requests ask of the session itself.
type clientOptions struct {
	traceContext      any
	middlewares       []middleware.Middleware
	replaces          bool // middlewares take the place of the session's
	requote           bool
	verbatimRedirects bool
	readBuffer        int
	anyType           bool // JSON takes a body of any type
	maxEvent          int  // 0: the default; negative: no limit
}

func setClientOption(name string, args []string, set func(*clientOptions)) Option {
	return setOption(name, args, func(o *options) { set(changeCopy(&o.client)) })
}

// AddMiddleware adds middlewares for the request to those of the session and of
// earlier options: at the end of their list, where they are the innermost and see
// every attempt of a middleware that sends again. [Middlewares] replaces instead.
//
// Each is called to wrap the transport for every request and every attempt. What it
// keeps from one to the next belongs beside the function that it is, as with those of
// package middleware. Nil ones are left out.
func AddMiddleware(mw ...middleware.Middleware) Option {
	return setClientOption("AddMiddleware", []string{strconv.Itoa(len(mw)) + " middlewares"}, func(r *clientOptions) {
		r.middlewares = append(slices.Clip(r.middlewares), mw...)
	})
}

// Middlewares sends the request through these middlewares, the first of which is the
// outermost, in the place of the session's and of those of earlier options; none means
// through no middleware. [AddMiddleware] adds instead, and says how often each is
// called. (aiohttp: middlewares)
func Middlewares(mw ...middleware.Middleware) Option {
	return setClientOption("Middlewares", []string{strconv.Itoa(len(mw)) + " middlewares"}, func(r *clientOptions) {
		r.middlewares, r.replaces = slices.Clone(mw), true
	})
}

// TraceContext gives the session's traces a value for this request.
// (aiohttp: trace_request_ctx)
func TraceContext(value any) Option {
	return setClientOption("TraceContext", []string{fmt.Sprintf("%T", value)}, func(r *clientOptions) {
		r.traceContext = value
	})
}

// Requote brings the escapes of the URL into their normal form, as aiohttp does
// with a URL that is a string: %7e becomes ~, %c3 becomes %C3, and what should
// have been escaped is. In a query %2F becomes a slash, too, so it is not for URLs that
// are signed. Without it a URL is sent as it was written, but for what RFC 3986 does not allow.
// (aiohttp: yarl.URL without encoded=True)
func Requote() Option {
	return setClientOption("Requote", nil, func(r *clientOptions) { r.requote = true })
}

// VerbatimRedirects follows the Location of a redirect as it was written, without
// bringing its escapes into their normal form. (aiohttp: requote_redirect_url=False)
func VerbatimRedirects() Option {
	return setClientOption("VerbatimRedirects", nil, func(r *clientOptions) { r.verbatimRedirects = true })
}

// ReadBufferSize is how much [Response.Content] reads ahead, in bytes. The
// default is 16 KiB. (aiohttp: read_bufsize)
func ReadBufferSize(n int) Option {
	return checkedOption("ReadBufferSize", []string{strconv.Itoa(n)}, func(o *options) error {
		if n <= 0 {
			return &errors.InvalidRequestError{Field: "ReadBufferSize", Reason: "not positive"}
		}
		changeCopy(&o.client).readBuffer = n
		return nil
	})
}

// AnyContentType has [Response.JSON] and [Decode] take a body whatever type it says to be
// of: JSON as text/plain or text/html, of a server that lies. [Records] takes any type
// without it. (aiohttp: json with content_type=None)
func AnyContentType() Option {
	return setClientOption("AnyContentType", nil, func(r *clientOptions) { r.anyType = true })
}

// MaxEventSize bounds the data of each event that [Response.Events] and [EventSource]
// yield, in bytes, and so each line of the stream. More is an
// [*errors.BodyTooLargeError]. Zero restores the default, 8 MiB; negative means no bound.
func MaxEventSize(n int) Option {
	return setClientOption("MaxEventSize", []string{strconv.Itoa(n)}, func(r *clientOptions) { r.maxEvent = n })
}

// chooseTransport returns what the call is sent through. If the session has
// middlewares, those that the call adds come behind them: see innermost. The session's
// are not wrapped again for one call, because they may keep state.
func (c *call) chooseTransport() http.RoundTripper {
	r := c.opts.client
	switch {
	case r == nil || len(r.middlewares) == 0 && !r.replaces:
		return c.s.transport
	case len(r.middlewares) == 0:
		return c.s.bare
	case r.replaces || !c.s.wrapped:
		return middleware.Chain(c.s.kept, r.middlewares...)
	}
	c.ctx.added = r
	return c.s.transport
}

// innermost is the RoundTripper that the middlewares of a session are wrapped around.
type innermost struct {
	next http.RoundTripper
	core *core
}

type addedKey struct{}

// RoundTrip goes on through the middlewares that AddMiddleware has added to the call.
func (t *innermost) RoundTrip(req *http.Request) (*http.Response, error) {
	next := t.next
	if r, _ := req.Context().Value(addedKey{}).(*clientOptions); r != nil {
		next = middleware.Chain(next, r.middlewares...)
	}
	if t.core.inspector.Load() != nil {
		return roundTripInspected(next, req)
	}
	return next.RoundTrip(req)
}

// passesMiddleware reports whether the call does not go straight to the connector.
func (c *call) passesMiddleware() bool {
	if r := c.opts.client; r != nil && (r.replaces || len(r.middlewares) > 0) {
		return len(r.middlewares) > 0
	}
	return c.s.wrapped
}

// callContext is the context of a call: the caller's, with settings for the connector
// and the session for [FromContext].
type callContext struct {
	context.Context //nolint:containedctx // it is a context itself: the wrapped one is its parent
	settings        connector.Settings
	session         *Session
	added           *clientOptions // nil: no middlewares beside the session's
	watched         atomic.Bool    // the connector holds the call to look for leaks
	hadUser         atomic.Bool    // the URL of this hop had credentials: see takeUser
}

type sessionKey struct{}

// Value is that of the request's context.
func (c *callContext) Value(key any) any {
	switch key {
	case httprule.SettingsKey{}:
		return &c.settings
	case httprule.PartitionKey{}:
		return connector.WithSettings(context.Background(), c.settings).Value(key)
	case httprule.LeakKey{}:
		return c
	case sessionKey{}:
		return c.session
	case addedKey{}:
		return c.added
	case httprule.SensitiveKey{}:
		return c.session.sensitive
	case httprule.UserKey{}:
		return c.hadUser.Load()
	}
	return c.Context.Value(key)
}

// MarkWatched is told by the connector that it looks for leaks of the response.
func (c *callContext) MarkWatched(stack []uintptr) {
	c.watched.Store(true)
	if e, _ := c.Value(inspectKey{}).(*inspected); e != nil {
		e.setStack(stack)
	}
}

// Format writes the settings, whatever the verb: they leave out what is secret.
func (c *callContext) Format(f fmt.State, verb rune) { c.settings.Format(f, verb) }

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
// cookies, headers, timeouts, middlewares and decoding, and without redirects, which
// the caller of a RoundTripper follows.
func (s *Session) RoundTripper() http.RoundTripper { return clientTransport{s.With(NoRedirects())} }
