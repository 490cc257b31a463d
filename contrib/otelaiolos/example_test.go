package otelaiolos_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// A server that fails at first, under a retry: the call has two attempts, each with a span.
func Example() {
	came := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if came++; came == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer srv.Close()
	spans := tracetest.NewSpanRecorder() // a program has an exporter here
	t, err := otelaiolos.New(otelaiolos.Config{
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
		Propagator:     propagation.TraceContext{},
		Calls:          true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, OnEvent: t.OnEvent})
	s, err := t.NewSession(session.Config{Middleware: []middleware.Middleware{retry.Wrap}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	resp, err := s.Get(context.Background(), srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Close()
	for _, span := range spans.Ended() {
		fmt.Print(span.Name())
		for _, kv := range span.Attributes() {
			switch kv.Key {
			case "http.response.status_code", "http.request.resend_count", "error.type", "aiolos.attempts":
				fmt.Printf(" %s=%s", kv.Key, kv.Value.String())
			}
		}
		fmt.Println()
	}
	// Output:
	// GET http.response.status_code=503 error.type=503
	// GET http.request.resend_count=1 http.response.status_code=200
	// GET call http.response.status_code=200 aiolos.attempts=2
}

// A bare connector under an http.Client has the same spans and metrics.
func ExampleTelemetry_Wrap() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	reader := sdkmetric.NewManualReader() // a program has an exporter here
	t, err := otelaiolos.New(otelaiolos.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	c, err := t.NewConnector(connector.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	client := &http.Client{Transport: t.Wrap(c)}
	for range 3 {
		resp, err := client.Get(srv.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "http.client.request.duration" {
			status, _ := h.DataPoints[0].Attributes.Value(attribute.Key("http.response.status_code"))
			fmt.Println(m.Name, status.String(), h.DataPoints[0].Count)
		}
	}
	// Output: http.client.request.duration 404 3
}

// One call, for a program that has set the global providers.
func ExampleNewSession() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	s, err := otelaiolos.NewSession(session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	resp, err := s.Get(context.Background(), srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Close()
	fmt.Println(resp.StatusCode)
	// Output: 404
}

// A stream of events that ends, and is made again: what comes, and how often it was lost.
func ExampleTelemetry_EventSource() {
	came := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if came++; came == 3 {
			w.WriteHeader(http.StatusNoContent) // there will be no more
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: hello\n\n")
	}))
	defer srv.Close()
	reader := sdkmetric.NewManualReader() // a program has an exporter here
	t, err := otelaiolos.New(otelaiolos.Config{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	s, err := t.NewSession(session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	source := t.EventSource(&session.EventSource{Session: s, URL: srv.URL, Retry: -1})
	for event, err := range source.Events(context.Background()) {
		fmt.Println(event.Data, err)
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && strings.HasPrefix(m.Name, "aiolos.client.eventsource") {
			for _, p := range sum.DataPoints {
				result, _ := p.Attributes.Value("aiolos.result")
				fmt.Println(m.Name, result.AsString(), p.Value)
			}
		}
	}
	// Unordered output:
	// hello <nil>
	// hello <nil>
	// aiolos.client.eventsource.connections connected 2
	// aiolos.client.eventsource.connections lost 2
	// aiolos.client.eventsource.open_connections  0
	// aiolos.client.eventsource.events  2
}

// A feed that cannot be: the handshake is refused, and Reconnect gives up.
func ExampleTelemetry_Reconnect() {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	t, err := otelaiolos.New(otelaiolos.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	s, err := t.NewSession(session.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	opts := t.Reconnect(&ws.ReconnectOptions{OnEvent: func(_ context.Context, e ws.ReconnectEvent) {
		fmt.Println(e.Kind, errors.Class(e.Err)) // it is told as before
	}})
	handle := func(context.Context, *ws.Conn, ws.Message) error { return nil }
	err = ws.Reconnect(context.Background(), s, srv.URL, opts, handle)
	fmt.Println(errors.Is(err, errors.ErrWSServerHandshake), opts.Stats.Stats().GaveUp)
	// Output:
	// gave up WSServerHandshake
	// true 1
}
