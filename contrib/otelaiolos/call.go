package otelaiolos

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// call is what has a span around its attempts. The span ends when the call has returned and
// all of its attempts have ended, whatever comes last: a body that is still read, or the
// slower one of two hedged requests.
type call struct {
	span     trace.Span
	open     atomic.Int64 // attempts under way, and one for the call itself
	attempts atomic.Int64
	returned atomic.Bool
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// join counts an attempt in. It is false after the end: what comes then, such as the refresh
// of a cache in the background, has only the trace in common.
func (c *call) join() bool {
	for {
		n := c.open.Load()
		if n == 0 {
			return false
		}
		if c.open.CompareAndSwap(n, n+1) {
			c.attempts.Add(1)
			return true
		}
	}
}

func (c *call) release() {
	if c.open.Add(-1) == 0 {
		c.span.SetAttributes(attemptsKey.Int64(c.attempts.Load()))
		c.span.End()
	}
}

// finish notes how the call has ended, once.
func (c *call) finish(status int, err error) {
	if !c.returned.CompareAndSwap(false, true) {
		return
	}
	if status != 0 {
		c.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	failure := statusError(status)
	if err != nil {
		failure = errorType(err)
		c.span.SetStatus(codes.Error, errors.RedactError(err))
	} else if failure != "" {
		c.span.SetStatus(codes.Error, "")
	}
	if failure != "" {
		c.span.SetAttributes(semconv.ErrorTypeKey.String(failure))
	}
	c.release()
}

// beginCall starts the span and returns the context that has it.
func (t *Telemetry) beginCall(ctx context.Context, method string, u *url.URL) (context.Context, *call) {
	at, known := serverOf(u), knownMethod(method)
	c := new(call)
	c.open.Store(1)
	ctx, c.span = t.tracer.Start(ctx, known+" call", trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(known), semconv.URLFull(errors.RedactURL(u)),
		semconv.ServerAddress(at.address), semconv.ServerPort(at.port)))
	return context.WithValue(ctx, callKey{}, c), c
}

// callTrace makes a span of each call of a session.
func (t *Telemetry) callTrace() *session.Trace {
	return &session.Trace{
		NewContext: func(ctx context.Context, e session.RequestEvent) context.Context {
			ctx, _ = t.beginCall(ctx, e.Method, e.URL)
			return ctx
		},
		RequestEnd: func(ctx context.Context, e session.ResponseEvent) {
			if c := callFrom(ctx); c != nil {
				c.finish(e.Response.StatusCode, nil)
			}
		},
		RequestException: func(ctx context.Context, e session.ErrorEvent) {
			if c := callFrom(ctx); c != nil {
				c.finish(0, e.Err)
			}
		},
	}
}

// WrapCall is a middleware.Middleware that makes a span around all attempts of a request,
// for chains without a session: it belongs outside of all others, with [Telemetry.Wrap]
// inside. For sessions, whose calls have redirects in them, there is Config.Calls.
func (t *Telemetry) WrapCall(next http.RoundTripper) http.RoundTripper { return &caller{t, next} }

type caller struct {
	t    *Telemetry
	next http.RoundTripper
}

// RoundTrip sends the request, as next does.
func (rt *caller) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, c := rt.t.beginCall(req.Context(), req.Method, req.URL)
	defer c.finish(0, errPanicked) // nothing, unless there was a panic
	resp, err := rt.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		c.finish(0, err)
		return nil, err
	}
	if resp == nil {
		c.finish(0, errNoResult)
		return nil, nil //nolint:nilnil // as it came
	}
	c.finish(resp.StatusCode, nil)
	return resp, nil
}
