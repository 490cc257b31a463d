package session_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestInspectWaits: a call that waits in a policy says in which, for as long as it waits.
func TestInspectWaits(t *testing.T) {
	t.Parallel()
	slowly := func(status int) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return middleware.Answer(status, nil, "").RoundTrip(req)
		})
	}
	slowToken := func(context.Context) (middleware.Token, error) {
		time.Sleep(time.Second)
		return middleware.Token{Value: "t"}, nil
	}
	slowList := func(context.Context) ([]middleware.Backend, error) {
		time.Sleep(time.Second)
		return []middleware.Backend{{Addr: "b:80"}}, nil
	}
	own := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			done := middleware.NoteWait(req.Context(), "the moon")
			time.Sleep(time.Second)
			done()
			return next.RoundTrip(req)
		})
	}
	for _, tt := range []struct {
		name     string
		mw       middleware.Middleware
		end      http.RoundTripper
		calls    int
		at       time.Duration
		want     []string // of the calls, in order
		after    time.Duration
		wantLeft []string
	}{
		{
			"rate limit", middleware.RateLimit(middleware.RateLimitConfig{Rate: 0.5, Burst: 1}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"", "rate limit"},
			2 * time.Second,
			[]string{""},
		},
		{
			"concurrency", middleware.Concurrency(middleware.ConcurrencyLimit{Total: 1}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"", "concurrency"},
			time.Second,
			[]string{""},
		},
		{
			"concurrency per host", middleware.Concurrency(middleware.ConcurrencyLimit{PerHost: 1}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"", "concurrency"},
			time.Second,
			[]string{""},
		},
		{
			"retry", middleware.Retry(middleware.RetryPolicy{Backoff: func(time.Duration, time.Duration, int, *http.Response) time.Duration { return time.Second }}), slowly(503), 1,
			1500 * time.Millisecond,
			[]string{"retry"},
			time.Second,
			[]string{""},
		},
		{
			"token source", middleware.TokenSource(middleware.TokenConfig{Fetch: slowToken}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"token source", "token source"},
			time.Second,
			[]string{"", ""},
		},
		{
			"balance", middleware.Balance(middleware.BalanceConfig{Host: "h", Lookup: slowList}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"balance", "balance"},
			time.Second,
			[]string{"", ""},
		},
		{
			"dedupe", middleware.Dedupe(middleware.DedupeConfig{}), slowly(200), 2,
			500 * time.Millisecond,
			[]string{"", "dedupe"},
			time.Second, nil,
		},
		{"the program's", own, slowly(200), 1, 500 * time.Millisecond, []string{"the moon"}, time.Second, []string{""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, err := session.New(session.Config{Transport: tt.end, Middleware: []middleware.Middleware{tt.mw}})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				inspector := s.Inspect()
				var wg sync.WaitGroup
				for range tt.calls {
					wg.Go(func() {
						if resp, err := s.Get(t.Context(), "http://h/"); err == nil {
							resp.Close()
						}
					})
					synctest.Wait()
				}
				check := func(want []string) {
					t.Helper()
					calls := inspector.Calls()
					if len(calls) != len(want) {
						t.Fatalf("got %d calls, want %d", len(calls), len(want))
					}
					for i, c := range calls {
						if c.Phase != session.PhaseMiddleware || c.WaitsFor != want[i] {
							t.Errorf("call %d: got %q for %q, want %q", i, c.Phase, c.WaitsFor, want[i])
						}
					}
				}
				time.Sleep(tt.at)
				check(tt.want)
				time.Sleep(tt.after)
				check(tt.wantLeft)
				wg.Wait()
			})
		})
	}
}

// TestInspectWaitsHedged: what an additional request waits for does not hide where the first
// one is, and a retry's pause shows after an exchange.
func TestInspectWaitsHedged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := middleware.Concurrency(middleware.ConcurrencyLimit{Total: 2})
		hedge := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})
		s, inspector := inspectedServer(t, connector.Config{LimitPerHost: 1}, nil, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/busy" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = w.Write([]byte("text"))
		}, middleware.Retry(middleware.RetryPolicy{MinWait: 10 * time.Second, Backoff: func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 10 * time.Second }}), hedge, limit)
		held, err := s.Get(t.Context(), "http://h:443/held")
		if err != nil {
			t.Fatal(err)
		}
		get := func(path string) {
			if resp, err := s.Get(t.Context(), "http://h:443"+path); err == nil {
				resp.Close()
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { get("/x") })
		time.Sleep(3 * time.Second) // its second request waits for a place
		if c := inspector.Calls(); len(c) != 2 || c[1].Phase != session.PhaseQueue || c[1].WaitsFor != "" {
			t.Errorf("got %+v, want the second in the queue of the connector", c)
		}
		held.Close()
		wg.Wait()
		wg.Go(func() { get("/busy") })
		time.Sleep(4 * time.Second)
		if c := onlyCall(t, inspector); c.Phase != session.PhaseMiddleware || c.WaitsFor != "retry" {
			t.Errorf("got %q for %q, want the pause of a retry", c.Phase, c.WaitsFor)
		}
		wg.Wait()
	})
}
