package session_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
)

type nestedKey struct{}

// TestHooksCallBack: a hook may ask everything for its state, and send requests of its own
// through the session that it belongs to.
func TestHooksCallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var back func(ctx context.Context)
		var s *session.Session
		var events sync.Map
		on := func(ctx context.Context, e middleware.Event) {
			events.Store(e.Policy+": "+string(e.Kind), true)
			back(ctx)
		}
		retry := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, OnEvent: on, Budget: &middleware.RetryBudget{Ratio: -1}})
		hedge := middleware.NewHedger(middleware.HedgePolicy{Delay: time.Second, OnEvent: on, Budget: &middleware.RetryBudget{Ratio: -1}})
		rate := middleware.NewRateLimiter(middleware.RateLimitConfig{Rate: 100, Burst: 1, OnEvent: on})
		limit := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{PerHost: 8, Total: 20, OnEvent: on})
		breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: time.Second, OnEvent: on, OnChange: func(string, bool) { back(context.Background()) }})
		kept := cache.New(cache.Config{OnEvent: on})
		defer kept.Close()
		dedupe := middleware.NewDeduper(middleware.DedupeConfig{OnEvent: on})
		tokens := middleware.NewTokens(middleware.TokenConfig{OnEvent: on, Origins: []string{"http://api:443"}, Fetch: func(context.Context) (middleware.Token, error) {
			return middleware.Token{Value: "t"}, nil
		}})
		balance := middleware.NewBalancer(middleware.BalanceConfig{Host: "api", Backends: []middleware.Backend{{Addr: "h:443"}}, OnEvent: on, Failures: 1, OutFor: -1})
		var n atomic.Int64
		s, inspector := inspectedServer(t, connector.Config{}, nil, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/kept":
				w.Header().Set("Cache-Control", "max-age=60")
			case "/slow":
				time.Sleep(1500 * time.Millisecond)
			case "/flaky":
				if n.Add(1)%2 == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			case "/token":
				w.WriteHeader(http.StatusUnauthorized)
			}
			fmt.Fprint(w, "text")
		}, kept.Wrap, dedupe.Wrap, retry.Wrap, breaker.Wrap, hedge.Wrap, rate.Wrap, limit.Wrap, tokens.Wrap, balance.Wrap)
		back = func(ctx context.Context) {
			_, _ = retry.Stats(), hedge.Stats()
			_, _, _ = rate.Stats(), limit.Stats(), breaker.Stats()
			_, _, _, _ = kept.Stats(), dedupe.Stats(), tokens.Stats(), balance.Stats()
			_, _ = inspector.Calls(), inspector.Failures()
			if c := s.Connector(); c != nil {
				c.HostStats()
			}
			if ctx.Value(nestedKey{}) == nil {
				ctx = context.WithValue(context.WithoutCancel(ctx), nestedKey{}, true)
				if resp, err := s.Get(ctx, "http://h:443/nested"); err == nil {
					resp.Close()
				}
			}
		}
		var wg sync.WaitGroup
		for _, path := range []string{"/kept", "/kept", "/token", "/slow", "/x", "/x", "/flaky", "/flaky"} {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				resp, err := s.Get(ctx, "http://api:443"+path)
				if err != nil {
					if ctx.Err() != nil {
						t.Errorf("%s: %v", path, err)
					}
					return
				}
				if _, err := resp.Bytes(); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			})
			time.Sleep(10 * time.Millisecond)
		}
		wg.Wait()
		time.Sleep(2 * time.Second) // the server's side of /slow
		for _, want := range []string{
			"cache: miss", "cache: stored", "retry: retried", "hedge: sent", "rate limit: waited", "circuit breaker: opened",
			"token source: fetched", "token source: rejected", "balance: chosen", "balance: put out",
		} {
			if _, ok := events.Load(want); !ok {
				t.Errorf("%s did not happen", want)
			}
		}
		if st := limit.Stats(); st.UnderWay != 0 || st.Waiting != 0 {
			t.Errorf("held: %+v", st)
		}
	})
}
