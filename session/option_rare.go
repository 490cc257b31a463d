package session

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// rareOptions are wishes that most requests do not have.
type rareOptions struct {
	traceContext      any
	use               []middleware.Middleware
	uses              bool // use takes the place of the session's middlewares
	requote           bool
	verbatimRedirects bool
	readBuffer        int
}

// rareOption changes a copy of the present wishes, so that options can be shared.
func rareOption(name string, args []string, change func(*rareOptions) error) Option {
	return Option{name, args, func(o *options) error {
		r := rareOptions{}
		if o.rare != nil {
			r = *o.rare
		}
		o.rare = &r
		return change(&r)
	}}
}

// Use sends the request through these middlewares instead of the session's; none
// means through no middleware. (aiohttp: middlewares)
func Use(mw ...middleware.Middleware) Option {
	return rareOption("Use", []string{strconv.Itoa(len(mw)) + " middlewares"}, func(r *rareOptions) error {
		r.use, r.uses = mw, true
		return nil
	})
}

// TraceContext gives the session's traces a value for this request.
// (aiohttp: trace_request_ctx)
func TraceContext(value any) Option {
	return rareOption("TraceContext", []string{fmt.Sprintf("%T", value)}, func(r *rareOptions) error {
		r.traceContext = value
		return nil
	})
}

// Requote brings the escapes of the URL into their normal form, as aiohttp does
// with a URL that is a string: %7e becomes ~, %c3 becomes %C3, and what should
// have been escaped is. Without it a URL is sent as it was written.
// (aiohttp: yarl.URL without encoded=True)
func Requote() Option {
	return rareOption("Requote", nil, func(r *rareOptions) error {
		r.requote = true
		return nil
	})
}

// VerbatimRedirects follows the Location of a redirect as it was written, without
// bringing its escapes into their normal form. (aiohttp: requote_redirect_url=False)
func VerbatimRedirects() Option {
	return rareOption("VerbatimRedirects", nil, func(r *rareOptions) error {
		r.verbatimRedirects = true
		return nil
	})
}

// ReadBufferSize is how much [Response.Content] reads ahead, in bytes. The
// default is 16 KiB. (aiohttp: read_bufsize)
func ReadBufferSize(n int) Option {
	return rareOption("ReadBufferSize", []string{strconv.Itoa(n)}, func(r *rareOptions) error {
		if n <= 0 {
			return &errors.InvalidRequestError{Field: "ReadBufferSize", Reason: "not positive"}
		}
		r.readBuffer = n
		return nil
	})
}

// transport is what the call is sent through.
func (c *call) transport() http.RoundTripper {
	if r := c.opts.rare; r != nil && r.uses {
		return middleware.Chain(c.s.bare, r.use...)
	}
	return c.s.transport
}

// throughOthers reports whether the call does not go straight to the connector.
func (c *call) throughOthers() bool {
	if r := c.opts.rare; r != nil && r.uses {
		return len(r.use) > 0
	}
	return c.s.wrapped
}

// callContext is the context of a call: the connector's, and the session for
// [FromContext].
type callContext struct {
	connector.RequestContext
	session *Session
}

type sessionKey struct{}

// Value is that of the request's context.
func (c *callContext) Value(key any) any {
	switch key {
	case sessionKey{}:
		return c.session
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
	return s.With(Use()).inside(s)
}

// RoundTripper returns the session as a RoundTripper of single requests: with its
// cookies, headers, timeouts, middlewares and decoding, and without redirects,
// which are the business of who calls a RoundTripper.
func (s *Session) RoundTripper() http.RoundTripper { return clientTransport{s.With(NoRedirects())} }
