package middleware_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// sendOrder sends one request after the other without waiting for the answers, and
// returns what came to the server, as "path@milliseconds". A request that is written
// with a time after it, as "h/2!50", is cancelled then.
func sendOrder(t *testing.T, wrap middleware.Middleware, requests string) []string {
	t.Helper()
	var mu sync.Mutex
	var got []string
	start := time.Now()
	rt := wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s%s@%d", req.URL.Host, req.URL.Path, time.Since(start).Milliseconds()))
		return middleware.Answer(200, nil, "").RoundTrip(req)
	}))
	var wg sync.WaitGroup
	for request := range strings.FieldsSeq(requests) {
		url, after, cancelled := strings.Cut(request, "!")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if cancelled {
			wait, err := time.ParseDuration(after + "ms")
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(wait, cancel)
		}
		wg.Go(func() {
			resp, err := rt.RoundTrip(newRequest(t, "GET", "http://"+url, nil).WithContext(ctx))
			if err == nil {
				resp.Body.Close()
			} else if !cancelled && !errors.Is(err, middleware.ErrRateLimit) {
				t.Errorf("%s: %v", url, err)
			}
		})
		synctest.Wait()
	}
	wg.Wait()
	slices.SortStableFunc(got, func(a, b string) int { // of one moment by name
		if c := cmp.Compare(milliseconds(t, a), milliseconds(t, b)); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return got
}

func milliseconds(t *testing.T, sent string) int {
	t.Helper()
	_, after, _ := strings.Cut(sent, "@")
	n, err := strconv.Atoi(after)
	if err != nil {
		t.Error(err)
	}
	return n
}

// TestRateLimitSpacing: whoever leaves the queue, the others move up, and no two are
// closer than the rates say.
func TestRateLimitSpacing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		cfg      middleware.RateLimitConfig
		requests string
		want     string
	}{
		{"the second leaves", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!50 h/3 h/4", "h/1@0 h/3@200 h/4@400"},
		{"per host", middleware.RateLimitConfig{PerHost: 5}, "h/1 h/2!50 h/3 h/4", "h/1@0 h/3@200 h/4@400"},
		{"both", middleware.RateLimitConfig{Rate: 5, PerHost: 5}, "h/1 h/2!50 h/3 h/4", "h/1@0 h/3@200 h/4@400"},
		{"two in a row leave", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!50 h/3!60 h/4 h/5", "h/1@0 h/4@200 h/5@400"},
		{"two apart leave", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!50 h/3 h/4!60 h/5", "h/1@0 h/3@200 h/5@400"},
		{"two leave at once", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!50 h/3 h/4!50 h/5", "h/1@0 h/3@200 h/5@400"},
		{"the last leaves", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2 h/3!50", "h/1@0 h/2@200"},
		{"one leaves later", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2 h/3!250 h/4 h/5", "h/1@0 h/2@200 h/4@400 h/5@600"},
		{"all leave", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!50 h/3!50", "h/1@0"},
		{"in the moment of its turn", middleware.RateLimitConfig{Rate: 5}, "h/1 h/2!199 h/3 h/4", "h/1@0 h/3@200 h/4@400"},
		{"a burst", middleware.RateLimitConfig{Rate: 5, Burst: 2}, "h/1 h/2 h/3!50 h/4 h/5", "h/1@0 h/2@0 h/4@200 h/5@400"},
		{"another host's", middleware.RateLimitConfig{Rate: 5}, "a/1 b/1!50 a/2 b/2", "a/1@0 a/2@200 b/2@400"},
		{"hosts do not wait for each other", middleware.RateLimitConfig{PerHost: 5}, "a/1 a/2!50 a/3 b/1 b/2", "a/1@0 b/1@0 a/3@200 b/2@200"},
		{"who waits for a host keeps no place of all", middleware.RateLimitConfig{Rate: 10, PerHost: 1}, "a/1 a/2 b/1 c/1", "a/1@0 b/1@100 c/1@200 a/2@1000"},
		{"who is refused takes none", middleware.RateLimitConfig{Rate: 5, MaxWait: 300 * time.Millisecond}, "h/1 h/2!50 h/3 h/4", "h/1@0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				got := sendOrder(t, middleware.RateLimit(tt.cfg), tt.requests)
				if want := strings.Fields(tt.want); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		})
	}
}

// TestRateLimitPauseRefuses: a pause that begins while somebody waits refuses whom it
// would keep too long, and lets those behind it move up.
func TestRateLimitPauseRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.RateLimit(middleware.RateLimitConfig{PerHost: 1})(&stub{steps: []stubStep{
			func(req *http.Request) (*http.Response, error) {
				time.Sleep(500 * time.Millisecond)
				return stubStatus(429, "", "Retry-After", "10")(req)
			},
			stubStatus(200, ""),
		}})
		var wg sync.WaitGroup
		var took [3]time.Duration
		var errs [3]error
		for i, limit := range []time.Duration{time.Hour, 5 * time.Second, time.Hour} {
			wg.Go(func() {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				_, _, errs[i] = roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
				took[i] = time.Since(start)
			})
			synctest.Wait()
		}
		wg.Wait()
		if errs[0] != nil || errs[2] != nil || took[2] != 10500*time.Millisecond {
			t.Errorf("got %v after %v", errs, took)
		}
		limit, ok := errors.AsType[*middleware.LimitError](errs[1])
		if !ok || took[1] != 500*time.Millisecond || !limit.Deadline || limit.Total != 0 {
			t.Errorf("got %v after %v, want a refusal when the pause begins", errs[1], took[1])
		}
		const want = `rate limit reached for "http://h:80": the deadline of the context is too soon for the place in the queue, which comes in 10s`
		if got := fmt.Sprint(errs[1]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestRateLimitManyWait: a long queue is left in order, whatever happens in it.
func TestRateLimitManyWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const waiting, leave = 2000, 3 // every third leaves
		var mu sync.Mutex
		var times []time.Time
		rt := middleware.RateLimit(middleware.RateLimitConfig{Rate: 10, PerHost: 5})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			mu.Lock()
			times = append(times, time.Now())
			mu.Unlock()
			return middleware.Answer(200, nil, "").RoundTrip(req)
		}))
		var wg sync.WaitGroup
		for i := range waiting {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%leave == 0 && i > 0 {
				time.AfterFunc(time.Duration(i)*time.Microsecond, cancel)
			}
			wg.Go(func() {
				_, _, _ = roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i%7), nil).WithContext(ctx))
			})
		}
		wg.Wait()
		for i := 1; i < len(times); i++ {
			if gap := times[i].Sub(times[i-1]); gap < 100*time.Millisecond {
				t.Fatalf("%d: got a gap of %v, want 100 ms", i, gap)
			}
		}
		if n := len(times); n < waiting*2/3-waiting/100 || n > waiting*2/3+waiting/100 {
			t.Errorf("got %d requests of %d", n, waiting)
		}
	})
}

// TestConcurrencyLeave: who leaves the queue of Concurrency keeps nobody else.
func TestConcurrencyLeave(t *testing.T) {
	t.Parallel()
	for _, limit := range []middleware.ConcurrencyLimit{{Total: 1}, {PerHost: 1}, {Total: 1, PerHost: 1}} {
		synctest.Test(t, func(t *testing.T) {
			slow := func(next http.RoundTripper) http.RoundTripper {
				return middleware.Func(func(req *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(req)
					time.Sleep(100 * time.Millisecond)
					return resp, err
				})
			}
			wrap := func(next http.RoundTripper) http.RoundTripper {
				return middleware.Concurrency(limit)(slow(next))
			}
			got := sendOrder(t, wrap, "h/1 h/2!50 h/3!60 h/4 h/5!150 h/6")
			if want := []string{"h/1@0", "h/4@100", "h/6@200"}; !slices.Equal(got, want) {
				t.Errorf("%+v: got %v, want %v", limit, got, want)
			}
		})
	}
}
