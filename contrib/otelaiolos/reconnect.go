package otelaiolos

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Reconnect returns a copy of the options with which connections of [ws.Reconnect] and
// their messages are counted: those that are there, that are lost, and the end. The same
// is added to the span that the context of Reconnect has. Nil is the defaults. Each
// handshake has its span without this, as every attempt.
//
// How many are open is told of those whose options have no Stats of their own;
// [Telemetry.Observe] adds these.
func (t *Telemetry) Reconnect(o *ws.ReconnectOptions) *ws.ReconnectOptions {
	var own ws.ReconnectOptions
	if o != nil {
		own = *o
	}
	own.Options = t.WebSocket(own.Options)
	if own.Stats == nil {
		own.Stats = &t.ownReconnects
		t.Observe(own.Stats) //nolint:errcheck // it is of a known type
	}
	tell := own.OnEvent
	own.OnEvent = func(ctx context.Context, e ws.ReconnectEvent) {
		t.tellConnection(ctx, t.meters.sockets, "reconnect", string(e.Kind), e.Wait, e.Err)
		if tell != nil {
			tell(ctx, e)
		}
	}
	return &own
}

// EventSource returns a copy of the source whose connections and events are counted, as
// [Telemetry.Reconnect] does it. The source must not be nil.
//
// How many are open, and events, are told of those that have no Stats of their own;
// [Telemetry.Observe] adds these.
func (t *Telemetry) EventSource(source *session.EventSource) *session.EventSource {
	own := *source
	if own.Stats == nil {
		own.Stats = &t.ownSources
		t.Observe(own.Stats) //nolint:errcheck // it is of a known type
	}
	tell := own.OnEvent
	own.OnEvent = func(ctx context.Context, e session.EventSourceEvent) {
		t.tellConnection(ctx, t.meters.streams, "event source", string(e.Kind), e.Wait, e.Err)
		if tell != nil {
			tell(ctx, e)
		}
	}
	return &own
}

// tellConnection counts what has become of a connection that is made again and again, and
// adds it to the span of the context.
func (t *Telemetry) tellConnection(ctx context.Context, m metric.Int64Counter, what, kind string, wait time.Duration, err error) {
	attrs := make([]attribute.KeyValue, 0, 3)
	attrs = append(attrs, resultKey.String(kind))
	if err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(err)))
	}
	m.Add(ctx, 1, metric.WithAttributes(attrs...))
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		if wait > 0 {
			attrs = append(attrs, durationKey.Float64(wait.Seconds()))
		}
		span.AddEvent(what+": "+kind, trace.WithAttributes(attrs...))
	}
}

// observeFeeds tells how many connections are open, and of the events that have come.
func (t *Telemetry) observeFeeds(o metric.Observer, known *sources) {
	if len(known.reconnects) > 0 {
		var open int64
		for _, c := range known.reconnects {
			open += c.Stats().Open
		}
		o.ObserveInt64(t.meters.openSockets, open)
	}
	if len(known.streams) > 0 {
		var open, events int64
		for _, c := range known.streams {
			s := c.Stats()
			open, events = open+s.Open, events+s.Events
		}
		o.ObserveInt64(t.meters.openStreams, open)
		o.ObserveInt64(t.meters.events, events)
	}
}
