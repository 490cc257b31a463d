package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// rateTime is how long the requests take, spread over the hosts, one by one.
func rateTime(t *testing.T, rt http.RoundTripper, requests, hosts int) time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			if _, _, err := roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i%hosts), nil)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		cfg             middleware.RateLimitConfig
		requests, hosts int
		want            time.Duration
	}{
		{"nothing", middleware.RateLimitConfig{}, 100, 1, 0},
		{"negative", middleware.RateLimitConfig{Rate: -1, PerHost: -1}, 100, 1, 0},
		{"total", middleware.RateLimitConfig{Rate: 10}, 21, 5, 2 * time.Second},
		{"burst", middleware.RateLimitConfig{Rate: 10, Burst: 11}, 21, 5, time.Second},
		{"per host", middleware.RateLimitConfig{PerHost: 10}, 20, 4, 400 * time.Millisecond},
		{"per host, burst", middleware.RateLimitConfig{PerHost: 10, BurstPerHost: 3}, 20, 4, 200 * time.Millisecond},
		{"both", middleware.RateLimitConfig{Rate: 10, PerHost: 1}, 20, 4, 4300 * time.Millisecond}, // four hosts, 100 ms apart
		{"slow", middleware.RateLimitConfig{Rate: 1.0 / 3600}, 3, 1, 2 * time.Hour},
		{"fast", middleware.RateLimitConfig{Rate: 1e30}, 100, 1, 99},
		{"hardly ever", middleware.RateLimitConfig{Rate: 1e-30, Burst: 5}, 5, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := middleware.RateLimit(tt.cfg)(&stub{steps: []stubStep{stubStatus(200, "")}})
				if got := rateTime(t, rt, tt.requests, tt.hosts); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestRateLimitRest: a rest saves up a burst, and no more.
func TestRateLimitRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.RateLimit(middleware.RateLimitConfig{Rate: 1, Burst: 5})(&stub{steps: []stubStep{stubStatus(200, "")}})
		rateTime(t, rt, 5, 1)
		time.Sleep(time.Hour)
		if got := rateTime(t, rt, 7, 1); got != 2*time.Second {
			t.Errorf("got %v, want 2s", got)
		}
	})
}

// TestRateLimitLearns: how long the second request waits after the first's
// answer.
func TestRateLimitLearns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		header []string
		cfg    middleware.RateLimitConfig
		want   time.Duration
	}{
		{"success", 200, nil, middleware.RateLimitConfig{}, 0},
		{"bare 429", 429, nil, middleware.RateLimitConfig{}, time.Second},
		{"429 and seconds", 429, []string{"Retry-After", "7"}, middleware.RateLimitConfig{}, 7 * time.Second},
		{"503 and a date", 503, []string{"Retry-After", "Sat, 01 Jan 2000 00:00:07 GMT", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"}, middleware.RateLimitConfig{}, 7 * time.Second},
		{"bare 503", 503, nil, middleware.RateLimitConfig{}, 0},
		{"200 and seconds", 200, []string{"Retry-After", "7"}, middleware.RateLimitConfig{}, 0},
		{"too long", 429, []string{"Retry-After", "99999999999"}, middleware.RateLimitConfig{}, time.Minute},
		{"own cap", 429, []string{"Retry-After", "99999999999"}, middleware.RateLimitConfig{MaxPause: time.Hour}, time.Hour},
		{"not listening", 429, []string{"Retry-After", "7"}, middleware.RateLimitConfig{MaxPause: -1}, 0},
		{"nothing remains", 200, []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "9"}, middleware.RateLimitConfig{}, 9 * time.Second},
		{"something remains", 200, []string{"RateLimit-Remaining", "1", "RateLimit-Reset", "9"}, middleware.RateLimitConfig{}, 0},
		{"X-", 200, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9"}, middleware.RateLimitConfig{}, 9 * time.Second},
		{"X- since 1970", 200, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(946684800 + 400_000_000)}, middleware.RateLimitConfig{MaxPause: 1 << 62}, 400_000_000 * time.Second},
		{"X- since 1970, in a bubble", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", fmt.Sprint(946684800 + 9)}, middleware.RateLimitConfig{}, 9 * time.Second},
		{"field", 200, []string{"RateLimit", `"burst";r=0;t=4, "daily";r=100;t=4000`}, middleware.RateLimitConfig{}, 4 * time.Second},
		{"the longer", 429, []string{"RateLimit", `"burst";r=0;t=4`, "Retry-After", "5"}, middleware.RateLimitConfig{}, 5 * time.Second},
		{"403 and seconds", 403, []string{"Retry-After", "2"}, middleware.RateLimitConfig{}, 2 * time.Second},
		{"bare 403", 403, nil, middleware.RateLimitConfig{}, 0},
		{"403, nothing remains", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9"}, middleware.RateLimitConfig{}, 9 * time.Second},
		{"403, something remains", 403, []string{"X-RateLimit-Remaining", "1", "X-RateLimit-Reset", "9"}, middleware.RateLimitConfig{}, 0},
		{"403 and a field", 403, []string{"RateLimit", `"burst";r=0;t=4`}, middleware.RateLimitConfig{}, 4 * time.Second},
		{"server's clock", 403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1700000009", "Date", "Tue, 14 Nov 2023 22:13:20 GMT"}, middleware.RateLimitConfig{}, 9 * time.Second},
		{"with a rate of its own", 429, []string{"Retry-After", "2"}, middleware.RateLimitConfig{PerHost: 0.1}, 10 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := middleware.RateLimit(tt.cfg)(&stub{steps: []stubStep{stubStatus(tt.status, "", tt.header...), stubStatus(200, "")}})
				rateTime(t, rt, 1, 1)
				start := time.Now()
				roundTrip(t, rt, newRequest(t, "GET", "http://other/", nil))
				if took := time.Since(start); took != 0 {
					t.Errorf("another host waits %v", took)
				}
				if got := rateTime(t, rt, 1, 1); got != tt.want {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// TestRateLimitBackOff: bare 429 in a row, and how a success forgets them.
func TestRateLimitBackOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full, fine := stubStatus(429, ""), stubStatus(200, "")
		rt := middleware.RateLimit(middleware.RateLimitConfig{MaxPause: 5 * time.Second})(&stub{steps: []stubStep{full, full, full, full, fine, full, fine}})
		for i, want := range []int{0, 1, 2, 4, 5, 0, 1, 0} {
			if got := rateTime(t, rt, 1, 1); got != time.Duration(want)*time.Second {
				t.Errorf("%d: got %v, want %d s", i, got, want)
			}
		}
	})
}

// TestRateLimitTogether: bare 429 of requests that were under way together are one.
func TestRateLimitTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var refused atomic.Bool
		rt := middleware.RateLimit(middleware.RateLimitConfig{})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second / 2)
			if refused.Load() {
				return stubStatus(200, "")(req)
			}
			return stubStatus(429, "")(req)
		}))
		rateTime(t, rt, 50, 1)
		refused.Store(true)
		if got, want := rateTime(t, rt, 1, 1), 3*time.Second/2; got != want {
			t.Errorf("got %v, want %v: a pause of a second, and the request", got, want)
		}
	})
}

// TestRateLimitPausesWaiting: those who wait already wait for the pause too, and go one
// after the other then.
func TestRateLimitPausesWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.RateLimit(middleware.RateLimitConfig{Rate: 1})(&stub{steps: []stubStep{stubStatus(429, "", "Retry-After", "30"), stubStatus(200, "")}})
		if got := rateTime(t, rt, 3, 1); got != 31*time.Second {
			t.Errorf("got %v, want the pause, and one second between the two", got)
		}
	})
}

// TestRateLimitRefuses: what cannot or must not wait fails at once, and takes no
// place.
func TestRateLimitRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg      middleware.RateLimitConfig
		deadline time.Duration
	}{
		"fail fast": {cfg: middleware.RateLimitConfig{Rate: 0.1, FailFast: true}},
		"max wait":  {cfg: middleware.RateLimitConfig{PerHost: 0.1, MaxWait: 9 * time.Second}},
		"deadline":  {cfg: middleware.RateLimitConfig{Rate: 0.1}, deadline: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{stubStatus(200, "")}}
				limited := middleware.RateLimit(tt.cfg)(rt)
				rateTime(t, limited, 1, 1)
				start := time.Now()
				for range 5 {
					req := newRequest(t, "GET", "http://h0/", nil)
					if tt.deadline > 0 {
						ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
						defer cancel()
						req = req.WithContext(ctx)
					}
					_, _, err := roundTrip(t, limited, req)
					limit, ok := stderrors.AsType[*middleware.LimitError](err)
					if !ok || limit.Kind != middleware.ErrRateLimit || limit.Wait != 10*time.Second || limit.Host != "http://h0:80" {
						t.Errorf("got %v", err)
					}
				}
				if time.Since(start) != 0 || rt.calls() != 1 {
					t.Errorf("after %v, %d requests", time.Since(start), rt.calls())
				}
				time.Sleep(10 * time.Second)
				if got := rateTime(t, limited, 1, 1); got != 0 {
					t.Errorf("the next waits %v", got)
				}
			})
		})
	}
}

// TestRateLimitCancel: who leaves gives the place back.
func TestRateLimitCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.RateLimit(middleware.RateLimitConfig{Rate: 0.1, PerHost: 0.1})(&stub{steps: []stubStep{stubStatus(200, "")}})
		rateTime(t, rt, 1, 1)
		for range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			start := time.Now()
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h0/", nil).WithContext(ctx))
			if !stderrors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		}
		if got := rateTime(t, rt, 1, 1); got != 5*time.Second {
			t.Errorf("got %v, want the rest of 10 s", got)
		}
	})
}

func TestRateLimitManyHosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Host == "h0" {
				return stubStatus(429, "", "Retry-After", "30")(req)
			}
			return stubStatus(200, "")(req)
		})
		rt := middleware.RateLimit(middleware.RateLimitConfig{})(full)
		rateTime(t, rt, 3000, 3000)
		if got := rateTime(t, rt, 1, 1); got != 30*time.Second {
			t.Errorf("the pause was forgotten: got %v", got)
		}
	})
}

func TestRateLimitField(t *testing.T) {
	t.Parallel()
	tests := map[string]time.Duration{
		"":                                    0,
		`"default";r=0;t=30`:                  30 * time.Second,
		`"default";r=50;t=30`:                 0,
		`"default" ; r=0 ; t=30`:              30 * time.Second,
		`"a;r=0,t=9";r=1;t=3`:                 0,
		`"a\";r=1";r=0;t=3`:                   3 * time.Second,
		`"a";r=0;t=3,"b";r=0;t=5,"c";r=1;t=9`: 5 * time.Second,
		`"a";r=0`:                             0,
		`"a";t=3`:                             0,
		`"a";r=00;t=3`:                        3 * time.Second,
		`"a";r=-1;t=3`:                        0,
		`"a";r=0;t=-3`:                        0,
		"limit=100, remaining=0, reset=3":     3 * time.Second,
		"limit=100, remaining=7, reset=3":     0,
		`"open`:                               0,
		`"a";r=0;t=99999999999999999999`:      1<<63 - 1,
	}
	for line, want := range tests {
		if got := middleware.RateLimitField(line); got != want {
			t.Errorf("%s: got %v, want %v", line, got, want)
		}
	}
}

func FuzzRateLimitField(f *testing.F) {
	for _, seed := range []string{`"burst";r=0;t=3, "daily";r=100;t=4000`, "limit=1, remaining=0, reset=3", `"\`, `;;,,==`, `"a";r=0;t="3"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if d := middleware.RateLimitField(line); d < 0 {
			t.Errorf("got %v", d)
		}
	})
}
