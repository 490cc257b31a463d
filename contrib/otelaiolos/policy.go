package otelaiolos

import (
	"context"

	"github.com/aiolos-http/aiolos/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// OnEvent counts what policies do, and adds it to the span that the request's context has:
// the call's, or one of the program's. It is for the OnEvent of every policy of package
// middleware, and of a cache.
func (t *Telemetry) OnEvent(ctx context.Context, e middleware.Event) {
	s := serverOfOrigin(e.Host)
	attrs := make([]attribute.KeyValue, 0, 8)
	attrs = append(attrs, resultKey.String(string(e.Kind)), semconv.ServerAddress(s.address))
	if s.port != 0 { // a list of backends is looked up for a host
		attrs = append(attrs, semconv.ServerPort(s.port))
	}
	if e.Backend != "" {
		attrs = append(attrs, backendKey.String(e.Backend))
	}
	if e.Reason != "" {
		attrs = append(attrs, reasonKey.String(e.Reason))
	}
	switch {
	case e.Err != nil:
		attrs = append(attrs, semconv.ErrorTypeKey.String(errorType(e.Err)))
	case statusError(e.Status) != "":
		attrs = append(attrs, semconv.ErrorTypeKey.String(statusError(e.Status)))
	}
	if c := t.meters.policies[e.Policy]; c != nil {
		c.Add(ctx, 1, metric.WithAttributes(attrs...))
	}
	if e.Kind == middleware.EventWaited {
		t.meters.limiter.Record(ctx, e.Wait.Seconds(), metric.WithAttributes(policyKey.String(e.Policy),
			semconv.ServerAddress(s.address), semconv.ServerPort(s.port)))
	}
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		if e.Wait > 0 {
			attrs = append(attrs, durationKey.Float64(e.Wait.Seconds()))
		}
		if e.Attempt > 0 {
			attrs = append(attrs, attribute.Int("aiolos.attempt", e.Attempt))
		}
		span.AddEvent(e.Policy+": "+string(e.Kind), trace.WithAttributes(attrs...))
	}
}
