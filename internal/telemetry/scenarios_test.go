package telemetry_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// scenario provokes events of one policy.
type scenario struct {
	name string
	run  func(t *testing.T, wire string) map[key]int64
}

var scenarios = []scenario{
	{"retry", provokeRetry},
	{"hedge that wins", provokeHedgeWon},
	{"hedge that loses", provokeHedgeLost},
	{"hedge without a budget", provokeHedgeRefused},
	{"dedupe", provokeDedupe},
	{"rate limit that waits", provokeRateWaited},
	{"rate limit that refuses", provokeRateRefused},
	{"rate limit that is paused", provokeRatePaused},
	{"concurrency that waits", provokeConcurrencyWaited},
	{"concurrency that refuses", provokeConcurrencyRefused},
	{"breaker that refuses", provokeBreakerRefused},
	{"breaker that closes", provokeBreakerClosed},
	{"balance", provokeBalance},
	{"balance without a backend", provokeBalanceRefused},
	{"balance without a list", provokeBalanceFailed},
	{"token source", provokeTokens},
	{"cache", provokeCache},
	{"cache of the old", provokeCacheStale},
	{"cache without room", provokeCacheEvicted},
	{"reconnect", provokeReconnect},
	{"event source", provokeEventSource},
}

// answerStatus answers with the status that the path is.
func answerStatus(w http.ResponseWriter, r *http.Request) {
	if status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/")); err == nil {
		w.WriteHeader(status)
	}
	io.WriteString(w, "body")
}

func provokeRetry(t *testing.T, wire string) map[key]int64 {
	var came atomic.Int64
	w := newWatch(t, wire, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/flaky" && came.Add(1) > 1 {
			return
		}
		rw.WriteHeader(http.StatusServiceUnavailable)
	})
	s := w.session(middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Attempts: 3, OnEvent: w.on}))
	w.get(s, "/flaky")
	w.get(s, "/503")
	if n := w.count("retry", "retried"); n != 3 {
		t.Errorf("got %d retries, want 3", n)
	}
	return w.check()
}

// numbered writes into each of the requests of a hedge, which one it is: they may come to
// the server in another order.
func numbered() session.Option {
	var sent atomic.Int64
	return session.AddMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Header.Set("X-Number", strconv.FormatInt(sent.Add(1), 10))
			return next.RoundTrip(req)
		})
	})
}

func provokeHedgeWon(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Number") == "1" {
			<-r.Context().Done()
		}
	})
	s := w.session(middleware.NewHedger(middleware.HedgePolicy{Delay: 20 * time.Millisecond, OnEvent: w.on}))
	w.get(s, "/", numbered())
	return w.check()
}

func provokeHedgeLost(t *testing.T, wire string) map[key]int64 {
	second := make(chan struct{})
	w := newWatch(t, wire, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Number") == "1" {
			<-second
			return
		}
		close(second)
		<-r.Context().Done()
	})
	s := w.session(middleware.NewHedger(middleware.HedgePolicy{Delay: 20 * time.Millisecond, OnEvent: w.on}))
	w.get(s, "/", numbered())
	return w.check()
}

func provokeHedgeRefused(t *testing.T, wire string) map[key]int64 {
	var w *watch
	w = newWatch(t, wire, func(_ http.ResponseWriter, r *http.Request) { w.await(r.Context(), "hedge", "refused") })
	none := &middleware.RetryBudget{Ratio: 1e-9, Burst: -1}
	s := w.session(middleware.NewHedger(middleware.HedgePolicy{Delay: time.Millisecond, Budget: none, OnEvent: w.on}))
	w.get(s, "/")
	return w.check()
}

func provokeDedupe(t *testing.T, wire string) map[key]int64 {
	both := make(chan struct{})
	w := newWatch(t, wire, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-both:
		case <-r.Context().Done():
		}
	})
	policy := middleware.NewDeduper(middleware.DedupeConfig{OnEvent: w.on})
	s := w.session(policy)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { w.get(s, "/") })
	}
	w.until(func() bool { return policy.Stats().Requests == 2 })
	close(both)
	wg.Wait()
	return w.check()
}

func provokeRateWaited(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	s := w.session(middleware.NewRateLimiter(middleware.RateLimitConfig{PerHost: 50, OnEvent: w.on}))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { w.get(s, "/") })
	}
	wg.Wait()
	return w.check()
}

func provokeRateRefused(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	s := w.session(middleware.NewRateLimiter(middleware.RateLimitConfig{PerHost: 0.001, FailFast: true, OnEvent: w.on}))
	w.get(s, "/")
	if _, err := s.Get(t.Context(), w.url); !errors.Is(err, errors.ErrRateLimit) {
		t.Errorf("got %v", err)
	}
	return w.check()
}

func provokeRatePaused(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "3600")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	limiter := middleware.NewRateLimiter(middleware.RateLimitConfig{OnEvent: w.on, FailFast: true})
	s := w.session(limiter)
	w.get(s, "/")
	if hosts := limiter.Stats().Hosts; len(hosts) != 1 || hosts[0].PausedUntil.IsZero() {
		t.Errorf("got %+v, want a host that is paused", hosts)
	}
	return w.check()
}

func provokeConcurrencyWaited(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	limiter := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{PerHost: 1, OnEvent: w.on})
	s := w.session(limiter)
	first, err := s.Get(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { w.get(s, "/") })
	w.until(func() bool { return limiter.Stats().Waiting == 1 })
	first.Close()
	wg.Wait()
	return w.check()
}

func provokeConcurrencyRefused(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	s := w.session(middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{Total: 1, FailFast: true, OnEvent: w.on}))
	first, err := s.Get(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), w.url); !errors.Is(err, errors.ErrConcurrency) {
		t.Errorf("got %v", err)
	}
	first.Close()
	return w.check()
}

func provokeBreakerRefused(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	s := w.session(middleware.NewBreaker(middleware.BreakerConfig{Failures: 2, OpenFor: time.Hour, OnEvent: w.on}))
	for _, path := range []string{"/500", "/200", "/500", "/500"} {
		w.get(s, path)
	}
	if _, err := s.Get(t.Context(), w.url); !errors.Is(err, errors.ErrCircuitOpen) {
		t.Errorf("got %v", err)
	}
	return w.check()
}

func provokeBreakerClosed(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: time.Millisecond, OnEvent: w.on})
	s := w.session(breaker)
	w.get(s, "/500")
	w.until(func() bool { w.get(s, "/200"); return breaker.Stats().Closed == 1 })
	return w.check()
}

func provokeBalance(t *testing.T, wire string) map[key]int64 {
	var came atomic.Int64
	w := newWatch(t, wire, func(rw http.ResponseWriter, _ *http.Request) {
		if came.Add(1) == 1 {
			rw.WriteHeader(http.StatusInternalServerError)
		}
	})
	scheme, addr, _ := strings.Cut(w.url, "://")
	balancer := middleware.NewBalancer(middleware.BalanceConfig{
		Host: "api.example", BackendNames: true, Failures: 1, OutFor: time.Millisecond, OnEvent: w.on,
		Lookup: func(context.Context) ([]middleware.Backend, error) { return []middleware.Backend{{Addr: addr}}, nil },
	})
	s := w.session(balancer)
	w.until(func() bool { w.get(s, scheme+"://api.example/"); return balancer.Stats().Returned == 1 })
	return w.check()
}

func provokeBalanceRefused(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	scheme, addr, _ := strings.Cut(w.url, "://")
	s := w.session(middleware.NewBalancer(middleware.BalanceConfig{
		Host: "api.example", BackendNames: true, Failures: 1, OutFor: time.Hour, FailFast: true, OnEvent: w.on,
		Backends: []middleware.Backend{{Addr: addr}},
	}))
	w.get(s, scheme+"://api.example/500")
	if _, err := s.Get(t.Context(), scheme+"://api.example/"); !errors.Is(err, errors.ErrNoBackend) {
		t.Errorf("got %v", err)
	}
	return w.check()
}

// provokeBalanceFailed has a list that cannot be looked up, and a caller who does not wait
// for it.
func provokeBalanceFailed(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, answerStatus)
	asked, gone := make(chan struct{}, 2), make(chan struct{})
	s := w.session(middleware.NewBalancer(middleware.BalanceConfig{
		Host: "api.example", OnEvent: w.on,
		Lookup: func(ctx context.Context) ([]middleware.Backend, error) {
			asked <- struct{}{}
			select {
			case <-gone:
			case <-ctx.Done():
			}
			return nil, io.ErrUnexpectedEOF
		},
	}))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Get(ctx, "http://api.example/"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	<-asked
	cancel()
	wg.Wait()
	close(gone)
	w.await(t.Context(), "balance", "failed")
	if _, err := s.Get(t.Context(), "http://api.example/"); !errors.Is(err, errors.ErrNoBackend) {
		t.Errorf("got %v", err)
	}
	return w.check()
}

func provokeTokens(t *testing.T, wire string) map[key]int64 {
	w := newWatch(t, wire, func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer 1" || r.URL.Path == "/never" {
			rw.WriteHeader(http.StatusUnauthorized)
		}
	})
	n := 0
	s := w.session(middleware.NewTokens(middleware.TokenConfig{OnEvent: w.on, Fetch: func(context.Context) (middleware.Token, error) {
		if n++; n > 2 {
			return middleware.Token{}, io.ErrUnexpectedEOF
		}
		return middleware.Token{Value: strconv.Itoa(n)}, nil
	}}))
	w.get(s, "/")
	if _, err := s.Get(t.Context(), w.url+"/never"); !errors.Is(err, errors.ErrToken) {
		t.Errorf("got %v", err)
	}
	for kind, want := range map[string]int64{"fetched": 2, "rejected": 2, "failed": 1} {
		if got := w.count("token source", kind); got != want {
			t.Errorf("%s: told %d times, want %d", kind, got, want)
		}
	}
	return w.check()
}
