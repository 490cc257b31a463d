package otelaiolos_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/session"
	"github.com/coder/websocket"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

func TestMain(m *testing.M) { leak.Main(m) }

// sdk is the real SDK, with what it exports in memory.
type sdk struct {
	*otelaiolos.Telemetry
	spans  *tracetest.SpanRecorder
	reader *sdkmetric.ManualReader
	twice  atomic.Int64 // spans that were ended again
}

func newSDK(t testing.TB, cfg otelaiolos.Config) *sdk {
	t.Helper()
	s := &sdk{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(s.spans))
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.reader))
	cfg.TracerProvider, cfg.MeterProvider = &endCounter{TracerProvider: traces, s: s}, metrics
	if cfg.Propagator == nil {
		cfg.Propagator = propagation.TraceContext{}
	}
	tel, err := otelaiolos.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.Telemetry = tel
	t.Cleanup(func() {
		tel.Close()
		traces.Shutdown(context.Background())
		metrics.Shutdown(context.Background())
	})
	return s
}

// endCounter notices what the SDK forgives: a span that ends twice.
type endCounter struct {
	trace.TracerProvider
	s *sdk
}

func (p *endCounter) Tracer(name string, o ...trace.TracerOption) trace.Tracer {
	return &endTracer{Tracer: p.TracerProvider.Tracer(name, o...), s: p.s}
}

type endTracer struct {
	trace.Tracer
	s *sdk
}

func (t *endTracer) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, span := t.Tracer.Start(ctx, name, o...)
	return ctx, &endSpan{Span: span, s: t.s}
}

type endSpan struct {
	trace.Span
	s     *sdk
	ended atomic.Bool
}

func (e *endSpan) End(o ...trace.SpanEndOption) {
	if e.ended.Swap(true) {
		e.s.twice.Add(1)
	}
	e.Span.End(o...)
}

// checkEnded fails if a span is open or has ended twice, and returns those of attempts.
func (s *sdk) checkEnded(t testing.TB) (attempts, calls []sdktrace.ReadOnlySpan) {
	t.Helper()
	ended := map[trace.SpanID]bool{}
	for _, span := range s.spans.Ended() {
		ended[span.SpanContext().SpanID()] = true
		if span.SpanKind() == trace.SpanKindClient {
			attempts = append(attempts, span)
		} else {
			calls = append(calls, span)
		}
	}
	for _, span := range s.spans.Started() {
		if !ended[span.SpanContext().SpanID()] {
			t.Errorf("span %s %v is open", span.Name(), span.Attributes())
		}
	}
	if n := s.twice.Load(); n != 0 {
		t.Errorf("%d spans have ended twice", n)
	}
	return attempts, calls
}

// collect returns all metrics by name.
func (s *sdk) collect(t testing.TB) map[string]metricdata.Aggregation {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := s.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	byName := map[string]metricdata.Aggregation{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			byName[m.Name] = m.Data
		}
	}
	return byName
}

// counts are those of a histogram, by its attributes.
func counts(data metricdata.Aggregation) map[attribute.Distinct]uint64 {
	all := map[attribute.Distinct]uint64{}
	switch h := data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range h.DataPoints {
			all[p.Attributes.Equivalent()] += p.Count
		}
	case metricdata.Histogram[int64]:
		for _, p := range h.DataPoints {
			all[p.Attributes.Equivalent()] += p.Count
		}
	}
	return all
}

// total is the count of a histogram, or the value of a counter, over all attributes.
func total(data metricdata.Aggregation, with ...attribute.KeyValue) (n int64) {
	fits := func(set attribute.Set) bool {
		for _, kv := range with {
			if v, ok := set.Value(kv.Key); !ok || v != kv.Value {
				return false
			}
		}
		return true
	}
	switch d := data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			if fits(p.Attributes) {
				n += int64(p.Count)
			}
		}
	case metricdata.Histogram[int64]:
		for _, p := range d.DataPoints {
			if fits(p.Attributes) {
				n += int64(p.Count)
			}
		}
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			if fits(p.Attributes) {
				n += p.Value
			}
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			if fits(p.Attributes) {
				n += p.Value
			}
		}
	}
	return n
}

func attr(span sdktrace.ReadOnlySpan, key attribute.Key) (v attribute.Value, ok bool) {
	for _, kv := range span.Attributes() {
		if kv.Key == key {
			v, ok = kv.Value, true // the last one counts
		}
	}
	return v, ok
}

// wires are the three ways to a server.
var wires = []string{"http", "https with HTTP/1.1", "https with HTTP/2"}

func serve(t testing.TB, wire string, h http.Handler) (srv *httptest.Server, cfg connector.Config) {
	t.Helper()
	srv = httptest.NewUnstartedServer(h)
	t.Cleanup(srv.Close)
	if wire == "http" {
		srv.Start()
		return srv, cfg
	}
	leaf := certs.For(t, certs.Options{})
	srv.TLS, cfg.TLS = leaf.Server(), leaf.Client()
	srv.EnableHTTP2 = wire == "https with HTTP/2"
	srv.StartTLS()
	return srv, cfg
}

// open makes a session with the telemetry over a connector of its own.
func open(t testing.TB, s *sdk, conn connector.Config, cfg session.Config) *session.Session {
	t.Helper()
	c, err := s.NewConnector(conn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connector, cfg.OwnConnector = c, true
	sess, err := s.NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sess.Close() })
	return sess
}

// together calls f n times, from so many goroutines at a time.
func together(n, at int, f func(i int)) {
	var group sync.WaitGroup
	var next atomic.Int64
	for range at {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	group.Wait()
}

func sum(data metricdata.Aggregation) (n int64) {
	if h, ok := data.(metricdata.Histogram[int64]); ok {
		for _, p := range h.DataPoints {
			n += p.Sum
		}
	}
	return n
}

// echo is a WebSocket that sends back what it gets.
func echo(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		typ, data, err := c.Read(r.Context())
		if err != nil || c.Write(r.Context(), typ, data) != nil {
			return
		}
	}
}
