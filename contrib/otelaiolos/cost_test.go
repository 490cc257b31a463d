package otelaiolos_test

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// What an attempt allocates, exactly: with the SDK, and with what an application has that
// only wants the one or the other.
func TestAllocsExact(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	all := ways(t)
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(dropAll{}))
	metrics := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	for _, test := range []struct {
		name string
		wrap func(http.RoundTripper) http.RoundTripper
		want float64
	}{
		{"the SDK", all[2].wrap, 19},
		{"no spans", telemetry(t, otelaiolos.Config{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: metrics}).Wrap, 12},
		{"no metrics", telemetry(t, otelaiolos.Config{TracerProvider: traces, MeterProvider: noop.NewMeterProvider()}).Wrap, 17},
		{"neither", telemetry(t, otelaiolos.Config{TracerProvider: tracenoop.NewTracerProvider(), MeterProvider: noop.NewMeterProvider()}).Wrap, 12},
	} {
		rt, req := test.wrap(canned{}), request(t, "http://example.com")
		bare := testing.AllocsPerRun(500, func() { roundTrip(t, canned{}, req) })
		if got := testing.AllocsPerRun(500, func() { roundTrip(t, rt, req) }) - bare; got != test.want {
			t.Errorf("%s: got %v allocations, want %v", test.name, got, test.want)
		}
	}
}

func telemetry(tb testing.TB, cfg otelaiolos.Config) *otelaiolos.Telemetry {
	tb.Helper()
	tel, err := otelaiolos.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { tel.Close() })
	return tel
}

// overTransport is one call of a session over a Transport that costs nothing.
func overTransport(tb testing.TB, cfg session.Config) func() {
	tb.Helper()
	s, err := session.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return func() {
		resp, err := s.Get(context.Background(), "http://example.com/path?q=1")
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			tb.Fatal(err)
		}
	}
}

// A session pays for nothing that is not attached to it: not for a Telemetry that there is,
// nor for one that observes its connector, which is asked when metrics are collected.
func TestAllocsDetached(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	srv, _ := serve(t, "http", plain)
	c, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	get := func() {
		resp, err := s.Get(context.Background(), srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	call := overTransport(t, session.Config{Transport: canned{}})
	wire, alone := testing.AllocsPerRun(300, get), testing.AllocsPerRun(300, call)
	sdk := newSDK(t, otelaiolos.Config{})
	if err := sdk.Observe(c); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(300, get) - wire; got > 0 {
		t.Errorf("observed: got %v allocations more, want none", got)
	}
	if got := testing.AllocsPerRun(300, call) - alone; got != 0 {
		t.Errorf("beside a Telemetry: got %v allocations more, want none", got)
	}
	if n := total(sdk.collect(t)["http.client.open_connections"]); n != 1 {
		t.Errorf("got %d connections, want 1: it was observed", n)
	}
}

// On the whole way, through a server on loopback, this telemetry adds no more allocations to
// a session than otelhttp adds to an http.Client.
func TestAllocsOnTheWire(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	srv, _ := serve(t, "http", plain)
	all := ways(t)
	count := func(get func()) float64 { return testing.AllocsPerRun(300, get) }
	added := map[string]float64{}
	for _, w := range all[:2] {
		added[w.name] = count(overClient(t, srv.URL, w.wrap))
	}
	theirs := added["otelhttp"] - added["bare"]
	ours := count(overSession(t, srv.URL, all[2].wrap)) - count(overSession(t, srv.URL, all[0].wrap))
	t.Logf("otelhttp adds %v allocations, otelaiolos %v", theirs, ours)
	if ours > theirs {
		t.Errorf("otelaiolos adds %v allocations, otelhttp %v", ours, theirs)
	}
}

// The time that telemetry takes, as the median of rounds in which each way has its turn, so
// that what else the machine does is the same for all.
func TestCost(t *testing.T) {
	if racetest.Enabled || testing.Short() {
		t.Skip("it measures time")
	}
	all := ways(t)
	for try := 1; ; try++ {
		took := interleave(t, all, 31, 400)
		bare, theirs, ours := took["bare"], took["otelhttp"], took["otelaiolos"]
		t.Logf("bare %v, with otelhttp %v, with otelaiolos %v", bare, theirs, ours)
		if ours <= theirs {
			return
		}
		if try == 5 { // on a machine that does something else it may be once
			t.Errorf("with otelaiolos %v, with otelhttp %v", ours, theirs)
			return
		}
	}
}

// interleave returns the medians of the time of one request.
func interleave(tb testing.TB, all []way, rounds, requests int) map[string]time.Duration {
	tb.Helper()
	took := map[string][]time.Duration{}
	for range rounds {
		for _, w := range all {
			rt, req := w.wrap(canned{}), request(tb, "http://example.com")
			roundTrip(tb, rt, req)
			runtime.GC()
			began := time.Now()
			for range requests {
				roundTrip(tb, rt, req)
			}
			took[w.name] = append(took[w.name], time.Since(began)/time.Duration(requests))
		}
	}
	medians := map[string]time.Duration{}
	for name, list := range took {
		slices.Sort(list)
		medians[name] = list[len(list)/2]
	}
	return medians
}

func overClient(tb testing.TB, url string, wrap func(http.RoundTripper) http.RoundTripper) func() {
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: wrap(transport)}
	req := request(tb, url)
	return func() {
		resp, err := client.Do(req)
		if err != nil {
			tb.Fatal(err)
		}
		drain(tb, resp.Body)
	}
}

func overSession(tb testing.TB, url string, wrap func(http.RoundTripper) http.RoundTripper) func() {
	tb.Helper()
	c, err := connector.New(connector.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := session.New(session.Config{Connector: c, OwnConnector: true, Innermost: wrap})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	return func() {
		resp, err := s.Get(ctx, url+"/path?q=1")
		if err != nil {
			tb.Fatal(err)
		}
		drain(tb, resp.Body)
	}
}

// drain reads a body to its end.
func drain(tb testing.TB, body io.ReadCloser) {
	if _, err := io.Copy(io.Discard, body); err != nil {
		tb.Fatal(err)
	}
	body.Close()
}
