package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
)

// manyHosts is how many hosts a URL of somebody else's may name.
const manyHosts = 100_000

// What is kept of hosts is bounded, whatever they answer, and gone hosts are forgotten.
func TestHostsAreBoundedInFull(t *testing.T) { //nolint:paralleltest // it measures memory
	hosts := racetest.Count(manyHosts, 10_000)
	answer := func(status int, header http.Header) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: header, Body: http.NoBody}, nil
		})
	}
	fails := middleware.Func(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	bare := http.Header{"Retry-After": {"0"}}
	for _, tt := range []struct {
		name string
		wrap middleware.Middleware
		next http.RoundTripper
	}{
		{"breaker, one failure each", middleware.CircuitBreaker(middleware.BreakerConfig{}), fails},
		{"breaker, all open", middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1}), answer(503, nil)},
		{"rate limit, Retry-After: 0", middleware.RateLimit(middleware.RateLimitConfig{}), answer(429, bare)},
		{"rate limit, paused", middleware.RateLimit(middleware.RateLimitConfig{}), answer(429, http.Header{"Retry-After": {"50"}})},
		{"rate limit, per host", middleware.RateLimit(middleware.RateLimitConfig{PerHost: 0.01}), answer(200, nil)},
		{"concurrency", middleware.Concurrency(middleware.ConcurrencyLimit{PerHost: 1}), answer(200, nil)},
		{"hedge", middleware.Hedge(middleware.HedgePolicy{}), answer(200, nil)},
		{"basic auth", middleware.BasicAuth("a", "b"), answer(200, nil)},
		{"digest", middleware.Digest(middleware.DigestConfig{Login: "a", Password: "b"}), answer(401, http.Header{"Www-Authenticate": {`Digest realm="r", nonce="n"`}})},
		{"dedupe", middleware.Dedupe(middleware.DedupeConfig{}), answer(200, nil)},
		{"retry", middleware.Retry(middleware.RetryPolicy{Attempts: -1}), answer(503, nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt := tt.wrap(tt.next)
			before := heapInUse()
			for i := range hosts {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://host-%d.example/", i), nil)
				if err != nil {
					t.Fatal(err)
				}
				if resp, err := rt.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}
			if grown := heapInUse() - before; grown > 6<<20 {
				t.Errorf("%d hosts: %d KiB are held, want at most 6 MiB", hosts, grown>>10)
			}
			runtime.KeepAlive(rt)
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Hosts that come by do not make a breaker forget the one that is in use.
func TestHostInUseIsNotForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := middleware.Func(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 2, OpenFor: time.Hour})(fails)
		send := func(host string) error {
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+host+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = rt.RoundTrip(req)
			return err
		}
		for range 2 {
			_ = send("mine")
		}
		for i := range 30_000 {
			_ = send(fmt.Sprint("h", i))
			if i%1000 == 0 && !stderrors.Is(send("mine"), middleware.ErrCircuitOpen) {
				t.Fatalf("after %d other hosts the breaker is closed", i)
			}
		}
	})
}
