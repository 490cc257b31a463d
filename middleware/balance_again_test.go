package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestBalanceRetry: each attempt goes to another backend, as long as there is one.
func TestBalanceRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		backends []middleware.Backend
		key      string
		broken   stubStep
		want     string
	}{
		{"errors", backends("a", "b", "c"), "", stubFail(errStub), "a b c a b"},
		{"status", backends("a", "b", "c"), "", stubStatus(503, "busy"), "a b c a b"},
		{"one", backends("a"), "", stubFail(errStub), "a a a a a"},
		{"the next priority", []middleware.Backend{{Addr: "a"}, {Addr: "b"}, {Addr: "c", Priority: 1}}, "", stubFail(errStub), "a b c a b"},
		{"a key has an order of its own", backends("a", "b", "c"), "k", stubFail(errStub), "c a b c a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				servers := &fleet{}
				for _, one := range tt.backends {
					servers.set(one.Addr, tt.broken)
				}
				b := middleware.NewBalancerFrom(middleware.BalanceConfig{
					Host: "h", Backends: tt.backends, Sticky: func(*http.Request) string { return tt.key },
				}, 0)
				var attempts []string
				retry := middleware.Retry(middleware.RetryPolicy{Attempts: 5, Budget: &middleware.RetryBudget{Ratio: -1}, OnAttempt: func(a middleware.Attempt) {
					attempts = append(attempts, fmt.Sprint(a.Number))
				}})
				ask(t, middleware.Chain(servers, retry, b.Wrap), 1)
				if got := servers.took(); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestBalanceRetryThrough: middlewares between the two change nothing in that.
func TestBalanceRetryThrough(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]middleware.Middleware{
		"bearer":      middleware.Bearer("t"),
		"rate limit":  middleware.RateLimit(middleware.RateLimitConfig{}),
		"concurrency": middleware.Concurrency(middleware.ConcurrencyLimit{}),
		"breaker":     middleware.CircuitBreaker(middleware.BreakerConfig{}),
		"hedge":       middleware.Hedge(middleware.HedgePolicy{Delay: time.Hour}),
		"digest":      middleware.Digest(middleware.DigestConfig{Login: "u"}),
	} {
		for step, broken := range map[string]stubStep{"errors": stubFail(errStub), "status": stubStatus(503, "busy")} {
			t.Run(name+", "+step, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					servers := &fleet{}
					servers.set("a", broken)
					servers.set("b", broken)
					balance := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b", "c")}, 0)
					rt := middleware.Chain(servers, middleware.Retry(middleware.RetryPolicy{}), between, balance.Wrap)
					ask(t, rt, 1)
					if got, want := servers.took(), "a b c"; got != want {
						t.Errorf("got %v, want %v", got, want)
					}
				})
			})
		}
	}
}

// TestBalanceRetryApart: what one request has tried is nothing to another one.
func TestBalanceRetryApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := &fleet{}
		servers.set("a", stubFail(errStub))
		balance := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b"), Failures: -1}, 0)
		rt := middleware.Chain(servers, middleware.Retry(middleware.RetryPolicy{Budget: &middleware.RetryBudget{Ratio: -1}}), balance.Wrap)
		if err := ask(t, rt, 4); err != nil {
			t.Error(err)
		}
		if got, want := servers.took(), "a b b a b b"; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestBalanceHedge: a second request goes to another backend, and so does what Retry
// sends after both have failed.
func TestBalanceHedge(t *testing.T) {
	t.Parallel()
	slow := func(after time.Duration, then stubStep) stubStep {
		return func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(after):
				return then(req)
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		}
	}
	hedge := func() middleware.Middleware {
		return middleware.Hedge(middleware.HedgePolicy{Delay: time.Second, Extra: 2, Budget: &middleware.RetryBudget{Ratio: -1}})
	}
	retry := func() middleware.Middleware {
		return middleware.Retry(middleware.RetryPolicy{Budget: &middleware.RetryBudget{Ratio: -1}})
	}
	for _, tt := range []struct {
		name  string
		by    middleware.BalanceBy
		steps map[string]stubStep
		mw    []middleware.Middleware
		want  string
		err   bool
	}{
		{"a second one", "", map[string]stubStep{"a": stubHang}, []middleware.Middleware{hedge()}, "a b", false},
		{"a third one", "", map[string]stubStep{"a": stubHang, "b": stubHang}, []middleware.Middleware{hedge()}, "a b c", false},
		{
			"below retry", "",
			map[string]stubStep{"a": slow(1500*time.Millisecond, stubFail(errStub)), "b": slow(800*time.Millisecond, stubFail(errStub))},
			[]middleware.Middleware{retry(), hedge()},
			"a b c", false,
		},
		{
			"above retry", "",
			map[string]stubStep{"a": slow(1500*time.Millisecond, stubStatus(503, "")), "b": stubHang},
			[]middleware.Middleware{hedge(), retry()},
			"a b c", false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				servers := &fleet{steps: tt.steps}
				balance := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b", "c", "d"), By: tt.by}, 0)
				rt := middleware.Chain(servers, append(tt.mw, balance.Wrap)...)
				if err := ask(t, rt, 1); (err != nil) != tt.err {
					t.Errorf("got %v", err)
				}
				synctest.Wait()
				if got := servers.took(); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				for _, one := range balance.Stats().Backends {
					if one.UnderWay != 0 {
						t.Errorf("got %+v, want none under way", one)
					}
				}
			})
		})
	}
}

// TestBalanceHedgeLeastOfTwo: with the dice too, no second request goes where the first is.
func TestBalanceHedgeLeastOfTwo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			servers := &fleet{}
			var calls atomic.Int32
			for _, host := range []string{"a", "b", "c"} {
				servers.set(host, func(req *http.Request) (*http.Response, error) {
					if calls.Add(1) == 1 {
						return stubHang(req)
					}
					return stubStatus(200, "")(req)
				})
			}
			balance := middleware.NewBalancerSeeded(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b", "c"), By: middleware.LeastOfTwo}, seed)
			rt := middleware.Chain(servers, middleware.Hedge(middleware.HedgePolicy{Delay: time.Second}), balance.Wrap)
			if err := ask(t, rt, 1); err != nil {
				t.Fatal(err)
			}
			if asked := strings.Fields(servers.took()); len(asked) != 2 || asked[0] == asked[1] {
				t.Errorf("seed %d: got %v", seed, asked)
			}
		})
	}
}

// TestBalanceDigest: a challenge is answered where it came from, also within attempts.
func TestBalanceDigest(t *testing.T) {
	t.Parallel()
	for _, retried := range []bool{false, true} {
		t.Run(fmt.Sprint(retried), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				servers := &fleet{}
				fails := retried
				for _, host := range []string{"a", "b"} { // each with nonces of its own
					servers.set(host, func(req *http.Request) (*http.Response, error) {
						if fails {
							fails = false
							return nil, errStub
						}
						if strings.Contains(req.Header.Get("Authorization"), `nonce="of `+host+`"`) {
							return stubStatus(200, "in")(req)
						}
						return stubStatus(401, "", "WWW-Authenticate", `Digest realm="r", qop="auth", nonce="of `+host+`"`)(req)
					})
				}
				balance := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "h", Backends: backends("a", "b")}, 0)
				mw := []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{}), middleware.Digest(middleware.DigestConfig{Login: "u", NoPreemptive: true}), balance.Wrap}
				for range 4 {
					if code, _, err := roundTrip(t, middleware.Chain(servers, mw...), newRequest(t, "GET", "http://h/", nil)); code != 200 || err != nil {
						t.Errorf("got %d, %v, want 200", code, err)
					}
				}
				want := "a a b b a a b b"
				if retried {
					want = "a b b b b a a b b"
				}
				if got := servers.took(); got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		})
	}
}

// TestBalanceTwo: two hosts in one chain do not know each other's backends.
func TestBalanceTwo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := &fleet{}
		servers.set("a", stubFail(errStub))
		outer := middleware.Balance(middleware.BalanceConfig{Host: "h", Backends: backends("zone")})
		inner := middleware.NewBalancerFrom(middleware.BalanceConfig{Host: "zone", Backends: backends("a", "b")}, 0)
		rt := middleware.Chain(servers, middleware.Retry(middleware.RetryPolicy{}), outer, inner.Wrap)
		req := newRequest(t, "GET", "http://h/", nil)
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got, want := servers.took(), "a b"; got != want || resp.Request.URL.String() != req.URL.String() {
			t.Errorf("got %v for %v, want %v", got, resp.Request.URL, want)
		}
	})
}

// TestBalanceEventsOfAttempts: an event has the request's context, the backend, and the
// number of the sending.
func TestBalanceEventsOfAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := &fleet{}
		servers.set("a:81", stubFail(errStub))
		var told []string
		balance := middleware.NewBalancerFrom(middleware.BalanceConfig{
			Host: "h", Backends: backends("a:81", "b:82"), Failures: 1,
			OnEvent: func(ctx context.Context, e middleware.Event) {
				if ctx.Value(listenerKey{}) != "request" {
					t.Errorf("%v: not with the request's context", e)
				}
				told = append(told, fmt.Sprintf("%s %s #%d of %s: %s", e.Policy, e.Kind, e.Attempt, e.Host, e.Backend))
			},
		}, 0)
		rt := middleware.Chain(servers, middleware.Retry(middleware.RetryPolicy{}), balance.Wrap)
		req := newRequest(t, "GET", "http://h/", nil)
		if _, _, err := roundTrip(t, rt, req.WithContext(context.WithValue(t.Context(), listenerKey{}, "request"))); err != nil {
			t.Fatal(err)
		}
		want := "balance chosen #1 of http://h:80: a:81; balance put out #1 of http://h:80: a:81; balance chosen #2 of http://h:80: b:82"
		if got := strings.Join(told, "; "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
