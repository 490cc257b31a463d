//go:build interop && linux

package fleet_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// reportP50 measures what is done one by one, and reports the median and the commands.
func reportP50(b *testing.B, count *countCalls, once func()) {
	b.Helper()
	once() // the script is there
	before := count.calls.Load()
	times := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		once()
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(count.calls.Load()-before)/float64(len(times)), "commands/op")
}

func benchFleet(b *testing.B) (*fleet.Fleet, *countCalls) {
	b.Helper()
	client, count := redistest.Start(b).Client(), &countCalls{}
	client.AddHook(count)
	f, err := fleet.New(fleet.Config{Redis: client, Lease: time.Minute, Timeout: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f, count
}

// BenchmarkConcurrency is a request that has its place at once.
func BenchmarkConcurrency(b *testing.B) {
	f, count := benchFleet(b)
	rt := f.Concurrency(fleet.ConcurrencyConfig{PerHost: 8}).Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
	}))
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://h/", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	reportP50(b, count, func() {
		if _, err := rt.RoundTrip(req); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkToken is a token that another process has fetched.
func BenchmarkToken(b *testing.B) {
	f, count := benchFleet(b)
	shared := f.Token(fleet.TokenConfig{Seal: []byte("0123456789abcdef"), Fetch: func(context.Context) (middleware.Token, error) {
		return middleware.Token{Value: "secret"}, nil
	}})
	reportP50(b, count, func() {
		if _, err := shared.Fetch(b.Context()); err != nil {
			b.Fatal(err)
		}
	})
}
