package otelaiolos_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// dropAll is an exporter that costs nothing.
type dropAll struct{}

func (dropAll) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (dropAll) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (dropAll) Shutdown(context.Context) error                  { return nil }
func (dropAll) ForceFlush(context.Context) error                { return nil }

// canned answers without a network, so that what is measured is the telemetry.
type canned struct{}

func (canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: cannedBody{}, ContentLength: -1, Request: req,
	}, nil
}

type cannedBody struct{}

func (cannedBody) Read([]byte) (int, error) { return 0, io.EOF }
func (cannedBody) Close() error             { return nil }

type way struct {
	name string
	wrap func(http.RoundTripper) http.RoundTripper
}

func ways(tb testing.TB) []way {
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(dropAll{}))
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	tel, err := otelaiolos.New(otelaiolos.Config{TracerProvider: traces, MeterProvider: metrics, Propagator: propagation.TraceContext{}})
	if err != nil {
		tb.Fatal(err)
	}
	return []way{
		{"bare", func(rt http.RoundTripper) http.RoundTripper { return rt }},
		{"otelhttp", func(rt http.RoundTripper) http.RoundTripper {
			return otelhttp.NewTransport(rt, otelhttp.WithTracerProvider(traces), otelhttp.WithMeterProvider(metrics), otelhttp.WithPropagators(propagation.TraceContext{}))
		}},
		{"otelaiolos", tel.Wrap},
	}
}

// request is one with a context that can end, as a server's.
func request(tb testing.TB, url string) *http.Request {
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/path?q=1", nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"Accept", "Accept-Encoding", "User-Agent"} {
		req.Header.Set(name, name)
	}
	return req
}

func roundTrip(tb testing.TB, rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// BenchmarkTelemetry is what telemetry costs, without a network below it.
func BenchmarkTelemetry(b *testing.B) {
	for _, w := range ways(b) {
		b.Run(w.name, func(b *testing.B) {
			rt, req := w.wrap(canned{}), request(b, "http://example.com")
			b.ReportAllocs()
			for b.Loop() {
				roundTrip(b, rt, req)
			}
		})
	}
}

// BenchmarkRequest is a whole request on loopback: a session's with this telemetry, and
// http.Client's with otelhttp.
func BenchmarkRequest(b *testing.B) {
	srv, _ := serve(b, "http", plain)
	all := ways(b)
	for _, w := range all[:2] {
		b.Run("http.Client "+w.name, func(b *testing.B) {
			client := &http.Client{Transport: w.wrap(&http.Transport{})}
			defer client.CloseIdleConnections()
			b.ReportAllocs()
			for b.Loop() {
				resp, err := client.Do(request(b, srv.URL))
				if err != nil {
					b.Fatal(err)
				}
				io.ReadAll(resp.Body)
				resp.Body.Close()
			}
		})
	}
	for _, w := range []way{all[0], all[2]} {
		b.Run("session "+w.name, func(b *testing.B) {
			c, err := connector.New(connector.Config{})
			if err != nil {
				b.Fatal(err)
			}
			s, err := session.New(session.Config{Connector: c, OwnConnector: true, Innermost: w.wrap})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			b.ReportAllocs()
			for b.Loop() {
				resp, err := s.Get(ctx, srv.URL+"/path?q=1")
				if err != nil {
					b.Fatal(err)
				}
				resp.Bytes()
			}
		})
	}
}

// What is attached costs no more allocations than otelhttp does, and what is not attached
// none.
func TestAllocs(t *testing.T) {
	got := map[string]float64{}
	for _, w := range ways(t) {
		rt, req := w.wrap(canned{}), request(t, "http://example.com")
		got[w.name] = testing.AllocsPerRun(200, func() { roundTrip(t, rt, req) })
	}
	t.Log(got)
	if got["otelaiolos"] > got["otelhttp"] {
		t.Errorf("got %v allocations, otelhttp %v", got["otelaiolos"], got["otelhttp"])
	}
}
