package middleware_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
)

// retryStorm sends failing requests and counts what arrives.
func retryStorm(t *testing.T, requests, attempts int, budget *middleware.RetryBudget, parallel bool) int64 {
	t.Helper()
	var sent atomic.Int64
	failing := middleware.Func(func(*http.Request) (*http.Response, error) {
		sent.Add(1)
		return nil, errStub
	})
	rt := middleware.Retry(middleware.RetryPolicy{Attempts: attempts, Budget: budget})(failing)
	var wg sync.WaitGroup
	for range requests {
		one := func() { _, _ = rt.RoundTrip(newRequest(t, "GET", "http://h/", nil)) }
		if parallel {
			wg.Go(one)
		} else {
			one()
		}
	}
	wg.Wait()
	return sent.Load()
}

type retryShare struct {
	Ratio float64
	Burst int
}

func TestRetryBudgetInFull(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		budget             retryShare
		requests, attempts int
		min, max           int64
	}{
		{"storm", retryShare{Ratio: 0.1}, 10_000, 4, 10_900, 11_000},
		{"zero value", retryShare{}, 10_000, 2, 10_900, 11_000},
		{"credit", retryShare{Ratio: 0.1}, 10, 4, 40, 40},
		{"credit is paid for", retryShare{Ratio: 0.1, Burst: 20}, 200, 4, 220, 220},
		{"small credit", retryShare{Burst: 5}, 10, 4, 15, 15},
		{"no credit", retryShare{Ratio: 0.5, Burst: -1}, 10, 2, 15, 15},
		{"off", retryShare{Ratio: -1}, 1000, 3, 3000, 3000},
	}
	for _, tt := range tests {
		for _, parallel := range []bool{false, true} {
			if !parallel && tt.requests > racetest.Count(10_000, 1_000) {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					budget := &middleware.RetryBudget{Ratio: tt.budget.Ratio, Burst: tt.budget.Burst}
					got := retryStorm(t, tt.requests, tt.attempts, budget, parallel)
					low := tt.min
					switch n := int64(tt.requests); {
					case parallel && tt.budget.Burst < 0:
						low = n // what is earned at once cannot all be saved
					case parallel && tt.budget.Ratio >= 0:
						low = n + (low-n)/2 // likewise, for as long as the bucket is full
					}
					if got < low || got > tt.max {
						t.Errorf("parallel %v: got %d requests, want %d to %d", parallel, got, low, tt.max)
					}
				})
			})
		}
	}
}

// TestRetryBudgetTime: what comes in with the time.
func TestRetryBudgetTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget := &middleware.RetryBudget{Ratio: 1e-9, Burst: 2, PerSecond: 1}
		if got := retryStorm(t, 1, 2, budget, false); got != 2 {
			t.Errorf("first: got %d", got)
		}
		if got := retryStorm(t, 5, 2, budget, false); got > 8 {
			t.Errorf("used up: got %d", got)
		}
		time.Sleep(time.Hour)
		if got := retryStorm(t, 5, 2, budget, false); got < 7 || got > 9 {
			t.Errorf("an hour later: got %d, want 5 requests and what can be saved", got)
		}
	})
}

// TestRetryBudgetShared: one bucket for two clients.
func TestRetryBudgetShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget := &middleware.RetryBudget{Ratio: 0.1, Burst: 3}
		if got := retryStorm(t, 3, 2, budget, false) + retryStorm(t, 3, 2, budget, false); got != 9 {
			t.Errorf("got %d, want 6 requests and 3 retries", got)
		}
	})
}

// TestRetryDefaultBudget: a client with few requests gets its retries.
func TestRetryDefaultBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if got := retryStorm(t, 20, 3, nil, false); got != 60 {
			t.Errorf("got %d, want all attempts", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		if got := retryStorm(t, 10_000, 3, nil, true); got > 12_100 {
			t.Errorf("got %d, want about 12,000", got)
		}
	})
}
