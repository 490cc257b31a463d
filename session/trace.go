package session

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Trace has functions that are called while a request is under way, in aiohttp's
// order; any of them may be nil. It is given to [Config], copied, and must not be
// changed afterwards. (aiohttp: TraceConfig)
//
// The functions are called one after the other by the goroutine of the request,
// except that HeadersSent and ChunkSent may come from another one. They must not
// block. A panic in one of them ends the request with a [*TraceError], and leaks
// nothing.
//
// For each call they get the value that NewValue has made.
type Trace struct {
	// NewValue makes the Value that all functions get for one call; its argument
	// is what [TraceContext] has given, or nil. If NewValue is nil, that is the
	// Value. (aiohttp: trace_config_ctx_factory)
	NewValue func(traceContext any) any
	// NewContext makes, after NewValue, the context that the call goes on with: a child of
	// its own, such as one with a span. Middlewares and the other functions get it, and one
	// of RequestEnd and RequestException always follows. The Header of its event is nil.
	// If NewContext is nil or returns nil, the context stays as it is.
	NewContext func(context.Context, RequestEvent) context.Context

	// RequestStart is the first. What it changes in the Header is sent.
	RequestStart func(context.Context, RequestEvent)
	// ConnectionQueuedStart and ConnectionQueuedEnd are called if the request
	// has to wait for a connection.
	ConnectionQueuedStart, ConnectionQueuedEnd func(context.Context, ConnectionEvent)
	// ConnectionCreateStart and ConnectionCreateEnd embrace the making of a
	// connection: DNS, TCP, TLS and a proxy's CONNECT. There is no end if it fails.
	ConnectionCreateStart, ConnectionCreateEnd func(context.Context, ConnectionEvent)
	// ConnectionReuse says that an existing connection is used.
	// (aiohttp: on_connection_reuseconn)
	ConnectionReuse func(context.Context, ConnectionEvent)
	// DNSCacheHit, or DNSCacheMiss with DNSResolveHostStart and
	// DNSResolveHostEnd, tell of a name that is looked up.
	DNSCacheHit, DNSCacheMiss, DNSResolveHostStart, DNSResolveHostEnd func(context.Context, HostEvent)
	// RequestHeadersSent is called for each hop when its head was written.
	RequestHeadersSent func(context.Context, RequestEvent)
	// RequestChunkSent is called for each piece of the body, as it is before it
	// is framed.
	RequestChunkSent func(context.Context, ChunkEvent)
	// RequestRedirect is called for each response that is a redirect which will be
	// followed.
	RequestRedirect func(context.Context, ResponseEvent)
	// RequestEnd is called when the head of the final response is there, and has
	// passed its check, before its body is read.
	RequestEnd func(context.Context, ResponseEvent)
	// ResponseChunkReceived is called for each piece of the body that was read,
	// decoded.
	ResponseChunkReceived func(context.Context, ChunkEvent)
	// RequestException is called instead of RequestEnd if the request fails, by
	// cancellation too.
	RequestException func(context.Context, ErrorEvent)
}

// RequestEvent is what RequestStart and RequestHeadersSent get.
type RequestEvent struct {
	Method string
	URL    *url.URL // not to be changed
	Header http.Header
	Value  any
}

// ConnectionEvent is what the functions of a connection get.
type ConnectionEvent struct{ Value any }

// HostEvent is what the functions of DNS get.
type HostEvent struct {
	Host  string
	Value any
}

// ChunkEvent is a piece of a body, which must not be changed or kept.
type ChunkEvent struct {
	Method string
	URL    *url.URL
	Chunk  []byte
	Value  any
}

// ResponseEvent is a response. Its body is not to be read.
type ResponseEvent struct {
	RequestEvent
	Response *http.Response
}

// ErrorEvent is a failure.
type ErrorEvent struct {
	RequestEvent
	Err error
}

// TraceError is a panic in a function of a [Trace].
type TraceError struct {
	Panic any // what it panicked with
}

// Error names what the function panicked with.
func (e *TraceError) Error() string { return fmt.Sprintf("trace: panic: %v", e.Panic) }

// Is reports whether target is [errors.ErrClient].
func (e *TraceError) Is(target error) bool { return target == errors.ErrClient }

// Unwrap returns what the function panicked with, if that is an error.
func (e *TraceError) Unwrap() error {
	err, _ := e.Panic.(error)
	return err
}

// tracing is the traces of one call, or nil.
type tracing struct {
	call   *call
	traces []*Trace
	values []any
	hop    atomic.Pointer[RequestEvent] // of the present hop, for whoever is not the call's goroutine

	mu     sync.Mutex
	failed *TraceError // the first panic
	cancel context.CancelCauseFunc
}

func newTracing(c *call) *tracing {
	s := c.s
	t := &tracing{call: c, traces: s.traces, values: make([]any, len(s.traces))}
	var given any
	if r := c.opts.client; r != nil {
		given = r.traceContext
	}
	for i, tr := range s.traces {
		t.values[i] = given
		if tr.NewValue != nil {
			t.recoverPanic(func() { t.values[i] = tr.NewValue(given) })
		}
	}
	return t
}

// recoverPanic calls f, and ends the call if it panics.
func (t *tracing) recoverPanic(f func()) {
	defer func() {
		if p := recover(); p != nil {
			t.recordPanic(&TraceError{p})
		}
	}()
	f()
}

func (t *tracing) recordPanic(err *TraceError) {
	t.mu.Lock()
	if t.failed == nil {
		t.failed = err
	}
	t.mu.Unlock()
	if t.cancel != nil {
		t.cancel(err)
	}
}

// panicError is the failure of a function, or nil.
func (t *tracing) panicError() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		return nil
	}
	return t.failed
}

// callHooks calls one function of every trace.
func callHooks[E any](t *tracing, pick func(*Trace) func(context.Context, E), event func(value any) E) {
	if t == nil {
		return
	}
	for i, tr := range t.traces {
		if hook := pick(tr); hook != nil {
			t.recoverPanic(func() { hook(t.call.ctx.Context, event(t.values[i])) })
		}
	}
}

// beginHop notes the request of a hop. Its header is a copy: that of the call changes with
// the next one.
func (t *tracing) beginHop(req *http.Request) {
	if t != nil {
		t.hop.Store(&RequestEvent{Method: t.call.method, URL: t.call.url, Header: maps.Clone(httprule.SentHeader(req.Header))})
	}
}

func (t *tracing) requestEvent(header http.Header) func(any) RequestEvent {
	return func(value any) RequestEvent {
		return RequestEvent{t.call.method, t.call.url, header, value}
	}
}

// connectorTrace has the connector and net/http tell what they do.
func (t *tracing) connectorTrace(ctx context.Context) (context.Context, *connector.Trace) {
	for i, tr := range t.traces {
		if tr.NewContext != nil {
			t.recoverPanic(func() { ctx = cmp.Or(tr.NewContext(ctx, t.requestEvent(nil)(t.values[i])), ctx) })
		}
	}
	ctx, t.cancel = context.WithCancelCause(ctx)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
		// It may be that of a hedge which has lost, while the call is at its next hop.
		event := *t.hop.Load()
		callHooks(t, func(tr *Trace) func(context.Context, RequestEvent) { return tr.RequestHeadersSent },
			func(value any) RequestEvent { event.Value = value; return event })
	}})
	conn := func(pick func(*Trace) func(context.Context, ConnectionEvent)) func() {
		return func() { callHooks(t, pick, func(value any) ConnectionEvent { return ConnectionEvent{value} }) }
	}
	host := func(pick func(*Trace) func(context.Context, HostEvent)) func(string) {
		return func(name string) { callHooks(t, pick, func(value any) HostEvent { return HostEvent{name, value} }) }
	}
	type onConn = func(context.Context, ConnectionEvent)
	type onHost = func(context.Context, HostEvent)
	return ctx, &connector.Trace{
		QueuedStart:  conn(func(tr *Trace) onConn { return tr.ConnectionQueuedStart }),
		QueuedEnd:    conn(func(tr *Trace) onConn { return tr.ConnectionQueuedEnd }),
		CreateStart:  conn(func(tr *Trace) onConn { return tr.ConnectionCreateStart }),
		CreateEnd:    conn(func(tr *Trace) onConn { return tr.ConnectionCreateEnd }),
		Reused:       conn(func(tr *Trace) onConn { return tr.ConnectionReuse }),
		DNSCacheHit:  host(func(tr *Trace) onHost { return tr.DNSCacheHit }),
		DNSCacheMiss: host(func(tr *Trace) onHost { return tr.DNSCacheMiss }),
		ResolveStart: host(func(tr *Trace) onHost { return tr.DNSResolveHostStart }),
		ResolveEnd:   host(func(tr *Trace) onHost { return tr.DNSResolveHostEnd }),
	}
}

func (t *tracing) requestStart(header http.Header) {
	callHooks(t, func(tr *Trace) func(context.Context, RequestEvent) { return tr.RequestStart }, t.requestEvent(header))
}

func (t *tracing) requestRedirect(resp *http.Response) {
	callHooks(t, func(tr *Trace) func(context.Context, ResponseEvent) { return tr.RequestRedirect }, t.responseEvent(resp))
}

func (t *tracing) requestEnd(resp *http.Response) {
	callHooks(t, func(tr *Trace) func(context.Context, ResponseEvent) { return tr.RequestEnd }, t.responseEvent(resp))
}

func (t *tracing) responseEvent(resp *http.Response) func(any) ResponseEvent {
	return func(value any) ResponseEvent {
		return ResponseEvent{RequestEvent{t.call.method, t.call.url, httprule.SentHeader(t.call.sent.Header), value}, resp}
	}
}

func (t *tracing) requestException(err error) {
	if t == nil {
		return
	}
	var header http.Header
	if t.call.sent != nil {
		header = httprule.SentHeader(t.call.sent.Header)
	}
	callHooks(t, func(tr *Trace) func(context.Context, ErrorEvent) { return tr.RequestException }, func(value any) ErrorEvent {
		return ErrorEvent{RequestEvent{t.call.method, t.call.url, header, value}, err}
	})
}

func (t *tracing) traceChunk(p []byte, sent bool) {
	if len(p) == 0 {
		return
	}
	callHooks(t, func(tr *Trace) func(context.Context, ChunkEvent) {
		if sent {
			return tr.RequestChunkSent
		}
		return tr.ResponseChunkReceived
	}, func(value any) ChunkEvent { return ChunkEvent{t.call.method, t.call.url, p, value} })
}

// watchesChunks reports whether a trace wants to see the pieces of bodies.
func (t *tracing) watchesChunks() bool {
	return t != nil && slices.ContainsFunc(t.traces, func(tr *Trace) bool {
		return tr.RequestChunkSent != nil || tr.ResponseChunkReceived != nil
	})
}
