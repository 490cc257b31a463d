package otelaiolos

import (
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// The life of an attempt. Whatever comes first of the four on the right ends it, and the
// others find it ended: Read, Close and the context may come at the same time.
//
//	           RoundTrip
//	begin ───────────────► error, panic ─────────────────────────────► end
//	  │                                                                 ▲
//	  └─► response ─► no body, 101 ─────────────────────────────────────┤
//	          └─────► body: io.EOF or an error of Read, Close, context ─┘
//
// The end is one count of each of the metrics, and the end of the span.

// attempt is one sending of a request.
type attempt struct {
	t        *Telemetry
	span     trace.Span
	ctx      context.Context //nolint:containedctx // the span's, which metrics are recorded with
	call     *call           // nil: none
	observer connector.Recorder
	caller   *connector.Recorder // the request's Observer before this one; nil: none
	start    time.Time
	key      attrKey
	stop     func() bool // ends the watch over the context; nil: there is none
	upload   *upload     // nil: the length of the body is known
	sending  int64       // that length, of the request's body
	answered bool        // there was a response
	received atomic.Int64
	ended    atomic.Bool
	source   io.ReadCloser // the response's body, of which the attempt is the reader
	// Room for what the SDK copies: attributes, and the options of calls.
	room   [6]attribute.KeyValue
	starts [2]trace.SpanStartOption
	events [1]trace.EventOption
}

// roundTripper is what [Telemetry.Wrap] returns.
type roundTripper struct {
	t    *Telemetry
	next http.RoundTripper
}

// Wrap is a middleware.Middleware that makes a span, and one count, of each request that
// goes through it. It belongs below all middlewares that send again or that answer by
// themselves, next to what it wraps: [Telemetry.NewSession] puts it there. It is for a bare
// connector, as the Transport of an http.Client.
func (t *Telemetry) Wrap(next http.RoundTripper) http.RoundTripper { return &roundTripper{t, next} }

// CloseIdleConnections is for http.Client's method of that name.
func (rt *roundTripper) CloseIdleConnections() {
	if c, ok := rt.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// RoundTrip sends the request, as next does.
func (rt *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	a := rt.t.begin(req)
	settled := false
	defer func() {
		if !settled { // a hook has panicked
			a.fail(errPanicked)
		}
	}()
	out := a.makeRequest(req) //nolint:contextcheck // the attempt has the span's context
	resp, err := rt.next.RoundTrip(out)
	settled = true
	a.caller.CopyFrom(&a.observer)
	if err != nil {
		a.fail(err)
		return nil, err
	}
	if resp == nil {
		a.fail(errNoResult)
		return nil, nil //nolint:nilnil // as it came
	}
	if resp.Request == out {
		resp.Request = req
	}
	a.takeResponse(req.Context(), resp)
	return resp, nil
}

var (
	errPanicked = errors.New("panic")
	errNoResult = errors.New("neither a response nor an error")
)

// begin starts the span, and counts the attempt as under way. If a hook panics, nothing has
// begun.
func (t *Telemetry) begin(req *http.Request) *attempt {
	a := &attempt{t: t, start: time.Now()}
	a.key = attrKey{server: serverOf(req.URL), method: knownMethod(req.Method)}
	ctx := a.startSpan(req.Context(), req)
	a.ctx = ctx
	if m := t.meters.active; m.Enabled(ctx) {
		m.Add(ctx, 1, t.sets.get(a.key).add...)
	}
	return a
}

// makeRequest makes the request that is sent.
func (a *attempt) makeRequest(req *http.Request) *http.Request {
	t, ctx := a.t, a.ctx
	var own connector.Settings
	if settings := connector.SettingsFrom(ctx); settings != nil {
		own = *settings
	}
	a.caller, own.Observer = own.Observer, &a.observer
	out := req.WithContext(connector.WithSettings(ctx, own))
	if t.propagatesTo(req) {
		out.Header = maps.Clone(req.Header)
		if out.Header == nil {
			out.Header = http.Header{}
		}
		t.cfg.Propagator.Inject(ctx, headerCarrier(out.Header))
	}
	a.watchUpload(out)
	return out
}

// startSpan begins the span, with what a sampler may want to know.
func (a *attempt) startSpan(ctx context.Context, req *http.Request) context.Context {
	name := a.spanName(req)
	first, resends := firstHop(req)
	settings := connector.SettingsFrom(ctx)
	if c := callFrom(ctx); c != nil && c.join() {
		a.call = c
	}
	switch {
	case settings != nil && settings.Recorder != nil:
		resends = settings.Recorder.CountAttempt() - 1
	case a.call != nil:
		resends += int(a.call.attempts.Load()) - 1
	case first == req:
		resends = 0
	}
	attrs := append(a.room[:0], semconv.HTTPRequestMethodKey.String(a.key.method),
		semconv.URLFull(errors.RedactURL(req.URL)), semconv.ServerAddress(a.key.address), semconv.ServerPort(a.key.port))
	if a.key.method == "_OTHER" {
		attrs = append(attrs, semconv.HTTPRequestMethodOriginal(req.Method))
	}
	if resends > 0 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(resends))
	}
	a.starts = [2]trace.SpanStartOption{clientSpan, trace.WithAttributes(attrs...)}
	ctx, a.span = a.t.tracer.Start(ctx, name, a.starts[:]...)
	return ctx
}

// spanName is the name of the span.
func (a *attempt) spanName(req *http.Request) string {
	switch {
	case a.t.cfg.SpanName != nil:
		return a.t.cfg.SpanName(req)
	case a.key.method == "_OTHER":
		return "HTTP"
	}
	return a.key.method
}

var clientSpan = trace.WithSpanKind(trace.SpanKindClient)

// propagatesTo reports whether the request takes the span along.
func (t *Telemetry) propagatesTo(req *http.Request) bool {
	asked := middleware.AskedURL(req)
	if t.origins != nil && !t.origins[originOf(asked)] && !t.origins[originOf(req.URL)] {
		return false
	}
	if !t.cfg.SameOrigin {
		return true
	}
	first, _ := firstHop(req)
	return first == req || originOf(middleware.AskedURL(first)) == originOf(asked)
}

// takeResponse notes the head, and has the end of the body end the attempt.
func (a *attempt) takeResponse(ctx context.Context, resp *http.Response) {
	a.answered = true
	a.key.status, a.key.protocol = resp.StatusCode, protocolVersion(resp.Proto)
	a.key.errorType = statusError(resp.StatusCode)
	timing := a.observer.Timing()
	if a.span.IsRecording() {
		attrs := append(a.room[:0], semconv.HTTPResponseStatusCode(a.key.status), semconv.NetworkProtocolVersion(a.key.protocol))
		attrs = appendPeer(attrs, timing.Remote)
		if a.key.errorType != "" {
			attrs = append(attrs, semconv.ErrorTypeKey.String(a.key.errorType))
			a.span.SetStatus(codes.Error, "")
		}
		a.span.SetAttributes(attrs...)
		a.addPhases(&timing)
	}
	a.recordPhases(&timing)
	if resp.Body == nil || resp.Body == http.NoBody || resp.StatusCode == http.StatusSwitchingProtocols {
		a.end(nil)
		return
	}
	resp.Body = a.watchBody(ctx, resp.Body)
}

// appendPeer tells the address that was connected to.
func appendPeer(attrs []attribute.KeyValue, remote string) []attribute.KeyValue {
	if remote == "" {
		return attrs // there is no connector
	}
	host, port, err := net.SplitHostPort(remote)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil {
		return append(attrs, semconv.NetworkPeerAddress(remote)) // a Unix socket
	}
	return append(attrs, semconv.NetworkPeerAddress(host), semconv.NetworkPeerPort(n))
}

// fail ends an attempt that has no response.
func (a *attempt) fail(err error) {
	timing := a.observer.Timing()
	if a.span.IsRecording() {
		a.addPhases(&timing)
	}
	a.recordPhases(&timing)
	a.end(err)
}

// end ends the attempt, once. err is why it has failed, if it has.
func (a *attempt) end(err error) {
	if a.ended.CompareAndSwap(false, true) {
		if a.stop != nil {
			a.stop()
		}
		a.tell(err)
	}
}

// endByContext is end for the watch over the context, which begins before stop is set.
func (a *attempt) endByContext() {
	if a.ended.CompareAndSwap(false, true) {
		a.tell(context.Cause(a.ctx))
	}
}

// tell ends the span and counts.
func (a *attempt) tell(err error) {
	key := a.key
	if err != nil {
		key.errorType = errorType(err)
		if a.span.IsRecording() {
			a.span.SetAttributes(semconv.ErrorTypeKey.String(key.errorType))
			a.span.SetStatus(codes.Error, errors.RedactError(err))
		}
	}
	a.record(key)
	a.span.End()
	if a.call != nil {
		a.call.release()
	}
}

// record counts the attempt.
func (a *attempt) record(key attrKey) {
	m, ctx := a.t.meters, a.ctx
	if m.active.Enabled(ctx) {
		m.active.Add(ctx, -1, a.t.sets.get(attrKey{server: key.server, method: key.method}).add...)
	}
	sized := a.answered && (m.sent.Enabled(ctx) || m.received.Enabled(ctx))
	if !sized && !m.duration.Enabled(ctx) {
		return
	}
	set := a.t.sets.get(key)
	m.duration.Record(ctx, time.Since(a.start).Seconds(), set.record...)
	if !sized {
		return
	}
	sent := a.sending
	if a.upload != nil {
		sent = a.upload.sent.Load()
	}
	m.sent.Record(ctx, sent, set.record...)
	m.received.Record(ctx, a.received.Load(), set.record...)
}
