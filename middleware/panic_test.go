package middleware_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// recovered is what a request panics with in the goroutine of its caller; nil: it does not.
func recovered(rt http.RoundTripper, req *http.Request) (value any) {
	defer func() { value = recover() }()
	if resp, err := rt.RoundTrip(req); err == nil && resp != nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	return nil
}

// panicsAt is an OnEvent that panics at one kind.
func panicsAt(kind middleware.EventKind) func(context.Context, middleware.Event) {
	return func(_ context.Context, e middleware.Event) {
		if e.Kind == kind {
			panic("hook")
		}
	}
}

// TestHookPanics: a hook that panics is the caller's panic, whichever goroutine it was in;
// no response stays open, and nothing is held.
func TestHookPanics(t *testing.T) {
	t.Parallel()
	fast := middleware.RetryPolicy{MinWait: -1, Attempts: 2}
	with := func(p middleware.RetryPolicy, change func(*middleware.RetryPolicy)) middleware.Middleware {
		change(&p)
		return middleware.Retry(p)
	}
	failure := func(*http.Response, error) bool { panic("hook") }
	panics := func(http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(*http.Request) (*http.Response, error) { panic("hook") })
	}
	over := func(outer middleware.Middleware) middleware.Middleware {
		return func(next http.RoundTripper) http.RoundTripper { return outer(panics(next)) }
	}
	token := middleware.TokenConfig{
		Fetch: func(context.Context) (middleware.Token, error) { return middleware.Token{Value: "t"}, nil },
	}
	balance := middleware.BalanceConfig{Host: "h", Backends: []middleware.Backend{{Addr: "b:80"}}, Failures: 1}
	with2 := func(cfg middleware.BalanceConfig, change func(*middleware.BalanceConfig)) middleware.Middleware {
		change(&cfg)
		return middleware.Balance(cfg)
	}
	for name, tt := range map[string]struct {
		status int
		mw     middleware.Middleware
	}{
		"retry: retried": {503, with(fast, func(p *middleware.RetryPolicy) { p.OnEvent = panicsAt(middleware.EventRetried) })},
		"retry: gave up": {503, with(fast, func(p *middleware.RetryPolicy) { p.OnEvent = panicsAt(middleware.EventGaveUp) })},
		"retry: attempt": {200, with(fast, func(p *middleware.RetryPolicy) { p.OnAttempt = func(middleware.Attempt) { panic("hook") } })},
		"retry: check": {200, with(fast, func(p *middleware.RetryPolicy) {
			p.CheckRetry = func(context.Context, *http.Response, error) (bool, error) { panic("hook") }
		})},
		"rate limit":       {429, middleware.RateLimit(middleware.RateLimitConfig{OnEvent: panicsAt(middleware.EventPaused)})},
		"breaker: opened":  {503, middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1, OnEvent: panicsAt(middleware.EventOpened)})},
		"breaker: change":  {503, middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1, OnChange: func(string, bool) { panic("hook") }})},
		"breaker: failure": {200, middleware.CircuitBreaker(middleware.BreakerConfig{IsFailure: failure})},
		"balance: chosen":  {200, with2(balance, func(c *middleware.BalanceConfig) { c.OnEvent = panicsAt(middleware.EventChosen) })},
		"balance: out":     {503, with2(balance, func(c *middleware.BalanceConfig) { c.OnEvent = panicsAt(middleware.EventPutOut) })},
		"balance: failure": {200, with2(balance, func(c *middleware.BalanceConfig) { c.IsFailure = failure })},
		"balance: look-up": {200, with2(balance, func(c *middleware.BalanceConfig) {
			c.Backends, c.OnEvent = nil, panicsAt(middleware.EventFetched)
			c.Lookup = func(context.Context) ([]middleware.Backend, error) { return []middleware.Backend{{Addr: "b:80"}}, nil }
		})},
		"hedge: failure": {200, middleware.Hedge(middleware.HedgePolicy{IsFailure: failure})},
		"hedge: below":   {200, over(middleware.Hedge(middleware.HedgePolicy{}))},
		"dedupe: below":  {200, over(middleware.Dedupe(middleware.DedupeConfig{}))},
		"token: fetch": {200, middleware.TokenSource(middleware.TokenConfig{
			Fetch: func(context.Context) (middleware.Token, error) { panic("hook") },
		})},
		"token: fetched":  {200, middleware.TokenSource(middleware.TokenConfig{Fetch: token.Fetch, OnEvent: panicsAt(middleware.EventFetched)})},
		"token: rejected": {401, middleware.TokenSource(middleware.TokenConfig{Fetch: token.Fetch, OnEvent: panicsAt(middleware.EventRejected)})},
		"log: level":      {200, middleware.Log(middleware.LogConfig{Handler: slog.DiscardHandler, Level: func(*http.Response, error) slog.Level { panic("hook") }})},
		"digest: cnonce":  {401, middleware.Digest(middleware.DigestConfig{Login: "l", Password: "p", Cnonce: func() string { panic("hook") }})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				next := &stub{steps: []stubStep{stubStatus(tt.status, "text", "WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`, "Retry-After", "1")}}
				if got := recovered(tt.mw(next), newRequest(t, "GET", "http://h/", nil)); got != "hook" {
					t.Errorf("got the panic %v, want the hook's", got)
				}
				synctest.Wait()
				if n := next.open(); n > 0 {
					t.Errorf("%d responses are open", n)
				}
			})
		})
	}
}

// TestHookPanicsHedged: when the hook of a hedge panics, all of its requests end.
func TestHookPanicsHedged(t *testing.T) {
	t.Parallel()
	for _, kind := range []middleware.EventKind{middleware.EventSent, middleware.EventWon, middleware.EventLost, middleware.EventRefused} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				budget := &middleware.RetryBudget{Ratio: -1}
				if kind == middleware.EventRefused {
					budget = &middleware.RetryBudget{Burst: -1}
				}
				first, second := stubStep(stubHang), stubStatus(200, "text")
				if kind == middleware.EventLost {
					first, second = func(req *http.Request) (*http.Response, error) {
						time.Sleep(2 * time.Second)
						return stubStatus(200, "text")(req)
					}, stubHang
				}
				next := &stub{steps: []stubStep{first, second}}
				rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second, Budget: budget, OnEvent: panicsAt(kind)})(next)
				if got := recovered(rt, newRequest(t, "GET", "http://h/", nil)); got != "hook" {
					t.Errorf("got the panic %v, want the hook's", got)
				}
				synctest.Wait() // or else the test says that goroutines are left
				if n := next.open(); n > 0 {
					t.Errorf("%d responses are open", n)
				}
			})
		})
	}
}

// TestHookPanicsHold: what a policy counts, and lets go one by one, is as before.
func TestHookPanicsHold(t *testing.T) {
	t.Parallel()
	t.Run("concurrency", func(t *testing.T) {
		t.Parallel()
		for _, kind := range []middleware.EventKind{middleware.EventWaited, middleware.EventRefused} {
			synctest.Test(t, func(t *testing.T) {
				hook := panicsAt(kind)
				armed := true
				c := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{
					Total: 1, PerHost: 1, FailFast: kind == middleware.EventRefused,
					OnEvent: func(ctx context.Context, e middleware.Event) {
						if armed {
							hook(ctx, e)
						}
					},
				})
				rt := c.Wrap(&stub{steps: []stubStep{stubStatus(200, "text")}})
				first, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(time.Second, func() { first.Body.Close() })
				if got := recovered(rt, newRequest(t, "GET", "http://h/", nil)); got != "hook" {
					t.Errorf("got the panic %v, want the hook's", got)
				}
				time.Sleep(2 * time.Second)
				armed = false
				if s := c.Stats(); s.UnderWay != 0 || s.Waiting != 0 || len(s.Hosts) != 0 {
					t.Errorf("held: %+v", s)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil).WithContext(ctx)); err != nil {
					t.Errorf("the next one: %v", err)
				}
			})
		}
	})
	t.Run("breaker", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			next := &stub{steps: []stubStep{stubStatus(503, ""), stubStatus(200, "")}}
			told := 0
			rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1, OnEvent: func(_ context.Context, e middleware.Event) {
				if e.Kind == middleware.EventProbed {
					if told++; told == 1 {
						panic("hook")
					}
				}
			}})(next)
			roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			time.Sleep(time.Minute)
			if got := recovered(rt, newRequest(t, "GET", "http://h/", nil)); got != "hook" {
				t.Errorf("got the panic %v, want the hook's", got)
			}
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
				t.Errorf("the next probe: got %d, %v", code, err)
			}
		})
	})
	t.Run("balance", func(t *testing.T) {
		t.Parallel()
		b := middleware.NewBalancer(middleware.BalanceConfig{
			Host: "h", Backends: []middleware.Backend{{Addr: "b:80"}}, Failures: 1, OnEvent: panicsAt(middleware.EventPutOut),
		})
		next := &stub{steps: []stubStep{stubFail(errStub)}}
		if got := recovered(b.Wrap(next), newRequest(t, "GET", "http://h/", nil)); got != "hook" {
			t.Errorf("got the panic %v, want the hook's", got)
		}
		if n := b.Stats().Backends[0].UnderWay; n != 0 {
			t.Errorf("%d under way", n)
		}
	})
}

// TestGoexitBelow: a goroutine that a policy has sent a request from, and that ends without
// a result, as a test's helper does it, ends the caller's and keeps nobody waiting.
func TestGoexitBelow(t *testing.T) {
	t.Parallel()
	for name, mw := range map[string]middleware.Middleware{
		"hedge": middleware.Hedge(middleware.HedgePolicy{}), "dedupe": middleware.Dedupe(middleware.DedupeConfig{}),
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := mw(middleware.Func(func(*http.Request) (*http.Response, error) {
				runtime.Goexit()
				return nil, nil
			}))
			ended := make(chan string, 1)
			go func() {
				end := "exited"
				defer func() { ended <- end }()
				resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
				end = fmt.Sprint(resp, err)
			}()
			select {
			case got := <-ended:
				if got != "exited" {
					t.Errorf("%s: got %s", name, got)
				}
			case <-time.After(time.Hour):
				t.Errorf("%s: the caller waits", name)
			}
		})
	}
}
