package middleware_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestPolicyAllocs: counting costs no allocation, and neither does telling it where
// nobody listens.
func TestPolicyAllocs(t *testing.T) { //nolint:paralleltest // it counts allocations
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	resp := &http.Response{StatusCode: 200, Body: http.NoBody}
	next := middleware.Func(func(*http.Request) (*http.Response, error) { return resp, nil })
	for _, tt := range []struct {
		name  string
		wrap  middleware.Middleware
		limit float64 // what the policy itself allocates for a request that goes at once
	}{
		{"retry", middleware.Retry(middleware.RetryPolicy{}), 0},
		{"rate limit", middleware.RateLimit(middleware.RateLimitConfig{Rate: 1e9, PerHost: 1e9, Burst: 1e6, BurstPerHost: 1e6}), 2},
		{"concurrency", middleware.Concurrency(middleware.ConcurrencyLimit{PerHost: 10}), 5},
		{"breaker", middleware.CircuitBreaker(middleware.BreakerConfig{}), 2},
		{"token source", middleware.TokenSource(middleware.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { return middleware.Token{Value: "x"}, nil }}), 6},
		{"hedge", middleware.Hedge(middleware.HedgePolicy{}), 20},
		{"dedupe", middleware.Dedupe(middleware.DedupeConfig{}), 33},
	} {
		rt := tt.wrap(next)
		req := newRequest(t, "GET", "http://h.example/", nil)
		send := func() {
			if _, err := rt.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(500, send); got > tt.limit {
			t.Errorf("%s: got %v allocations, want at most %v", tt.name, got, tt.limit)
		}
	}
}
