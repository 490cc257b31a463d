package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

type listenerKey struct{}

// listener keeps what it is told.
type listener struct {
	t      *testing.T
	mu     sync.Mutex
	events []middleware.Event
}

func (l *listener) on(ctx context.Context, e middleware.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Value(listenerKey{}) != "request" {
		l.t.Errorf("%v: not with the request's context", e)
	}
	l.events = append(l.events, e)
}

// texts are the events in one line each.
func (l *listener) texts() (got []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		text := e.Policy + ": " + string(e.Kind)
		if e.Attempt > 0 {
			text += fmt.Sprint(" #", e.Attempt)
		}
		if e.Wait > 0 {
			text += fmt.Sprint(" ", e.Wait)
		}
		if e.Status > 0 {
			text += fmt.Sprint(" ", e.Status)
		}
		if e.Reason != "" {
			text += " " + e.Reason
		}
		if e.Err != nil {
			text += " " + e.Err.Error()
		}
		if e.Policy != "token source" && e.Host != "http://h:80" {
			text += " at " + e.Host
		}
		got = append(got, text)
	}
	return got
}

// send sends one request for each path, at once; "wait" lets time pass instead, and
// "leave" cancels the one before it after a while.
func (l *listener) send(rt http.RoundTripper, requests ...string) {
	l.t.Helper()
	ctx := context.WithValue(l.t.Context(), listenerKey{}, "request")
	var wg sync.WaitGroup
	for _, request := range requests {
		method, rest, _ := strings.Cut(request, " ")
		if method == "WAIT" {
			d, err := time.ParseDuration(rest)
			if err != nil {
				l.t.Fatal(err)
			}
			time.Sleep(d)
			continue
		}
		path, limit, limited := strings.Cut(rest, " ")
		own, cancel := ctx, context.CancelFunc(func() {})
		if limited {
			d, err := time.ParseDuration(limit)
			if err != nil {
				l.t.Fatal(err)
			}
			own, cancel = context.WithCancel(ctx)
			time.AfterFunc(d, cancel)
		}
		req, err := http.NewRequestWithContext(own, method, "http://h"+path, nil)
		if err != nil {
			l.t.Fatal(err)
		}
		wg.Go(func() {
			defer cancel()
			if resp, err := rt.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		})
		synctest.Wait()
	}
	wg.Wait()
}

// slowly answers after the time that the path says, if it says one.
func slowly(status int, header ...string) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		if d, err := time.ParseDuration(strings.TrimPrefix(req.URL.Path, "/")); err == nil {
			select {
			case <-time.After(d):
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		}
		return stubStatus(status, "", header...)(req)
	})
}

// TestPolicyEvents: what each policy tells, and what it counts.
func TestPolicyEvents(t *testing.T) {
	t.Parallel()
	type policy interface {
		Wrap(next http.RoundTripper) http.RoundTripper
	}
	twoThen := func(status int) http.RoundTripper {
		return &stub{steps: []stubStep{stubStatus(status, ""), stubStatus(status, ""), stubStatus(200, "")}}
	}
	noBudget := &middleware.RetryBudget{Ratio: 1e-9, Burst: -1}
	hedgeDelay := func(on func(context.Context, middleware.Event)) *middleware.Hedger {
		return middleware.NewHedger(middleware.HedgePolicy{Delay: time.Second, OnEvent: on})
	}
	for _, tt := range []struct {
		name     string
		policy   func(on func(context.Context, middleware.Event)) policy
		next     http.RoundTripper
		requests []string
		want     []string
		stats    string // of the policy, as it is printed
	}{
		{
			"retry", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, OnEvent: on})
			}, twoThen(503),
			[]string{"GET /"},
			[]string{"retry: retried #1 503", "retry: retried #2 503"},
			"{Requests:1 Attempts:3 Retried:2 GaveUp:0 Budget:98}",
		},
		{
			"retry, attempts", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, Attempts: 2, OnEvent: on})
			}, twoThen(503),
			[]string{"GET /"},
			[]string{"retry: retried #1 503", "retry: gave up #2 503 attempts"},
			"{Requests:1 Attempts:2 Retried:1 GaveUp:1 Budget:99}",
		},
		{
			"retry, method", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{OnEvent: on})
			}, twoThen(503),
			[]string{"POST /"},
			[]string{"retry: gave up #1 503 not repeatable"},
			"{Requests:1 Attempts:1 Retried:0 GaveUp:1 Budget:100}",
		},
		{
			"retry, budget", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{Budget: noBudget, OnEvent: on})
			}, twoThen(503),
			[]string{"GET /"},
			[]string{"retry: gave up #1 503 budget"},
			"{Requests:1 Attempts:1 Retried:0 GaveUp:1 Budget:1e-09}",
		},
		{
			"retry, time", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{Total: time.Second, Budget: &middleware.RetryBudget{Ratio: -1}, OnEvent: on})
			}, slowly(503),
			[]string{"GET /2s"},
			[]string{"retry: gave up #1 503 time"},
			"{Requests:1 Attempts:1 Retried:0 GaveUp:1 Budget:-1}",
		},
		{
			"retry, permanent", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{OnEvent: on})
			}, &stub{steps: []stubStep{stubFail(errors.ErrSessionClosed)}},
			[]string{"GET /"},
			[]string{"retry: gave up #1 permanent session is closed"},
			"{Requests:1 Attempts:1 Retried:0 GaveUp:1 Budget:100}",
		},
		{
			"retry, left while it waits", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{OnEvent: on})
			}, &stub{steps: []stubStep{stubStatus(503, "", "Retry-After", "20")}},
			[]string{"GET / 1s"},
			nil, "{Requests:1 Attempts:1 Retried:1 GaveUp:1 Budget:99}",
		},
		{
			"retry, nothing to tell", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRetrier(middleware.RetryPolicy{OnEvent: on})
			}, slowly(404), []string{"GET /"}, []string{}, "{Requests:1 Attempts:1 Retried:0 GaveUp:0 Budget:100}",
		},
		{
			"hedge, won", func(on func(context.Context, middleware.Event)) policy { return hedgeDelay(on) },
			&stub{steps: []stubStep{stubHang, stubStatus(200, "")}},
			[]string{"GET /"},
			[]string{"hedge: sent #2", "hedge: won #2"},
			"{Requests:1 Sent:1 Won:1 Lost:0 Refused:0 Budget:99}",
		},
		{
			"hedge, lost", func(on func(context.Context, middleware.Event)) policy { return hedgeDelay(on) },
			slowly(200),
			[]string{"GET /1500ms"},
			[]string{"hedge: sent #2", "hedge: lost #2"},
			"{Requests:1 Sent:1 Won:0 Lost:1 Refused:0 Budget:99}",
		},
		{
			"hedge, left", func(on func(context.Context, middleware.Event)) policy { return hedgeDelay(on) },
			slowly(200),
			[]string{"GET /1h 3s"},
			[]string{"hedge: sent #2", "hedge: lost #2"},
			"{Requests:1 Sent:1 Won:0 Lost:1 Refused:0 Budget:99}",
		},
		{
			"hedge, budget", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewHedger(middleware.HedgePolicy{Delay: time.Second, Budget: &middleware.RetryBudget{Ratio: 1e-9, Burst: -1}, OnEvent: on})
			}, slowly(200),
			[]string{"GET /2s"},
			[]string{"hedge: refused #2"},
			"{Requests:1 Sent:0 Won:0 Lost:0 Refused:1 Budget:1e-09}",
		},
		{
			"dedupe", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewDeduper(middleware.DedupeConfig{OnEvent: on})
			}, slowly(200),
			[]string{"GET /1s", "GET /1s", "GET /1s", "POST /1s", "GET /2s"},
			[]string{"dedupe: shared 200", "dedupe: shared 200"},
			"{Requests:4 Sent:2 Shared:2 UnderWay:0}",
		},
		{
			"rate limit", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRateLimiter(middleware.RateLimitConfig{PerHost: 1, MaxWait: 2 * time.Second, OnEvent: on})
			}, slowly(200),
			[]string{"GET /", "GET /", "GET / 500ms", "GET /", "GET /"},
			[]string{
				`rate limit: refused 3s rate limit reached for "http://h:80": try again in 3s`,
				`rate limit: refused 3s rate limit reached for "http://h:80": try again in 3s`,
				"rate limit: waited 500ms context canceled", "rate limit: waited 1s",
			},
			"{Sent:2 Waited:2 WaitTime:1.5s Refused:2 Waiting:0 Paused:0 Hosts:[]}",
		},
		{
			"rate limit, paused", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewRateLimiter(middleware.RateLimitConfig{OnEvent: on})
			}, slowly(503, "Retry-After", "7"),
			[]string{"GET /"},
			[]string{"rate limit: paused 7s 503"},
			"{Sent:1 Waited:0 WaitTime:0s Refused:0 Waiting:0 Paused:1 Hosts:[{Host:http://h:80 Waiting:0 PausedUntil:2000-01-01 00:00:07 +0000 UTC}]}",
		},
		{
			"concurrency", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{PerHost: 1, OnEvent: on})
			}, slowly(200),
			[]string{"GET /1s", "GET /1s", "GET /1s 500ms"},
			[]string{"concurrency: waited 500ms context canceled", "concurrency: waited 1s"},
			"{Sent:2 Waited:2 WaitTime:1.5s Refused:0 UnderWay:0 Waiting:0 Hosts:[]}",
		},
		{
			"concurrency, fail fast", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{Total: 1, FailFast: true, OnEvent: on})
			}, slowly(200),
			[]string{"GET /1s", "GET /1s"},
			[]string{"concurrency: refused too many requests at once"},
			"{Sent:1 Waited:0 WaitTime:0s Refused:1 UnderWay:0 Waiting:0 Hosts:[]}",
		},
		{
			"breaker", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewBreaker(middleware.BreakerConfig{Failures: 2, OpenFor: 10 * time.Second, OnEvent: on})
			}, twoThen(500),
			[]string{"GET /", "GET /", "GET /", "WAIT 10s", "GET /", "GET /"},
			[]string{
				"circuit breaker: opened", `circuit breaker: refused 10s circuit breaker is open for "http://h:80": try again in 10s`,
				"circuit breaker: probed", "circuit breaker: closed",
			},
			"{Refused:1 Opened:1 Closed:1 Probed:1 Open:0 Hosts:[]}",
		},
		{
			"breaker, open", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: 10 * time.Second, OnEvent: on})
			}, slowly(500),
			[]string{"GET /", "WAIT 10s", "GET /", "WAIT 1s"},
			[]string{"circuit breaker: opened", "circuit breaker: probed"},
			"{Refused:0 Opened:1 Closed:0 Probed:1 Open:1 Hosts:[{Host:http://h:80 State:open Failures:2 Until:2000-01-01 00:00:20 +0000 UTC Probing:0}]}",
		},
		{
			"breaker, one failure", func(on func(context.Context, middleware.Event)) policy {
				return middleware.NewBreaker(middleware.BreakerConfig{OnEvent: on})
			}, slowly(500),
			[]string{"GET /"},
			[]string{},
			"{Refused:0 Opened:0 Closed:0 Probed:0 Open:0 Hosts:[{Host:http://h:80 State:closed Failures:1 Until:0001-01-01 00:00:00 +0000 UTC Probing:0}]}",
		},
		{
			"tokens", func(on func(context.Context, middleware.Event)) policy {
				n := 0
				return middleware.NewTokens(middleware.TokenConfig{OnEvent: on, Fetch: func(context.Context) (middleware.Token, error) {
					time.Sleep(time.Second)
					if n++; n == 3 {
						return middleware.Token{}, errors.New("no more")
					}
					return middleware.Token{Value: "secret"}, nil
				}})
			}, &stub{steps: []stubStep{stubStatus(200, ""), stubStatus(401, ""), stubStatus(401, "")}},
			[]string{"GET /", "WAIT 1s", "GET /", "WAIT 1s", "GET /"},
			nil, "{Fetched:2 Failed:1 Rejected:2 Fetching:0 Held:0}",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := &listener{t: t}
				p := tt.policy(l.on)
				l.send(p.Wrap(tt.next), tt.requests...)
				got := l.texts()
				if tt.want != nil && !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if got := statsText(p); got != tt.stats {
					t.Errorf("got the stats %s, want %s", got, tt.stats)
				}
			})
		})
	}
}

// statsText prints the stats of a policy.
func statsText(p any) string {
	switch p := p.(type) {
	case *middleware.Retrier:
		s := p.Stats()
		s.Budget = max(min(s.Budget, 100), -1)
		return fmt.Sprintf("%+v", s)
	case *middleware.Hedger:
		return fmt.Sprintf("%+v", p.Stats())
	case *middleware.Deduper:
		return fmt.Sprintf("%+v", p.Stats())
	case *middleware.RateLimiter:
		s := p.Stats()
		for i := range s.Hosts {
			s.Hosts[i].PausedUntil = s.Hosts[i].PausedUntil.UTC().Round(0)
		}
		return fmt.Sprintf("%+v", s)
	case *middleware.ConcurrencyLimiter:
		return fmt.Sprintf("%+v", p.Stats())
	case *middleware.Breaker:
		s := p.Stats()
		for i := range s.Hosts {
			s.Hosts[i].Until = s.Hosts[i].Until.UTC().Round(0)
		}
		return fmt.Sprintf("%+v", s)
	case *middleware.Tokens:
		return fmt.Sprintf("%+v", p.Stats())
	}
	return ""
}

// TestStateWhileWaiting: a policy can be asked while requests wait and are under way.
func TestStateWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := middleware.NewRateLimiter(middleware.RateLimitConfig{PerHost: 1})
		slots := middleware.NewConcurrencyLimiter(middleware.ConcurrencyLimit{PerHost: 2})
		deduper := middleware.NewDeduper(middleware.DedupeConfig{})
		var wg sync.WaitGroup
		for _, wrap := range []middleware.Middleware{limiter.Wrap, slots.Wrap, deduper.Wrap} {
			for range 5 {
				wg.Go(func() {
					_, _, _ = roundTrip(t, wrap(slowly(200)), newRequest(t, "GET", "http://h/1h", nil))
				})
			}
		}
		synctest.Wait()
		if s := limiter.Stats(); s.Sent != 1 || s.Waiting != 4 || len(s.Hosts) != 1 || s.Hosts[0].Waiting != 4 || s.Hosts[0].Host != "http://h:80" {
			t.Errorf("rate limit: got %+v", s)
		}
		if s := slots.Stats(); s.UnderWay != 2 || s.Waiting != 3 || len(s.Hosts) != 1 || s.Hosts[0].Requests != 5 {
			t.Errorf("concurrency: got %+v", s)
		}
		if s := deduper.Stats(); s.UnderWay != 5 || s.Sent != 5 { // each wrapping stands for itself
			t.Errorf("dedupe: got %+v", s)
		}
		wg.Wait()
	})
}
