package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestBreakerCounts sends the same thing ten times and counts what arrives.
func TestBreakerCounts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		cfg  middleware.BreakerConfig
		step stubStep
		want int
	}{
		{"failures", middleware.BreakerConfig{}, stubFail(errStub), 5},
		{"status 503", middleware.BreakerConfig{}, stubStatus(503, ""), 5},
		{"status 501", middleware.BreakerConfig{}, stubStatus(501, ""), 10},
		{"status 429", middleware.BreakerConfig{}, stubStatus(429, ""), 10},
		{"success", middleware.BreakerConfig{}, stubStatus(200, ""), 10},
		{"two", middleware.BreakerConfig{Failures: 2}, stubFail(errStub), 2},
		{"never", middleware.BreakerConfig{Failures: -1}, stubFail(errStub), 10},
		{"not for any time", middleware.BreakerConfig{OpenFor: -1}, stubFail(errStub), 10},
		{"own failures", middleware.BreakerConfig{IsFailure: func(resp *http.Response, _ error) bool { return resp.StatusCode == 200 }}, stubStatus(200, ""), 5},
		{"never sent", middleware.BreakerConfig{}, stubFail(&errors.InvalidRequestError{Field: "x"}), 10},
		{"limited", middleware.BreakerConfig{}, stubFail(&middleware.LimitError{Kind: middleware.ErrRateLimit}), 10},
		{"session closed", middleware.BreakerConfig{}, stubFail(errors.ErrSessionClosed), 10},
		{"nothing at all", middleware.BreakerConfig{}, func(*http.Request) (*http.Response, error) { return nil, nil }, 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{tt.step}}
				breaker := middleware.CircuitBreaker(tt.cfg)(rt)
				var last error
				for range 10 {
					resp, err := breaker.RoundTrip(newRequest(t, "GET", "http://h/", nil))
					if resp != nil {
						resp.Body.Close()
					}
					last = err
				}
				if rt.calls() != tt.want {
					t.Errorf("got %d requests, want %d", rt.calls(), tt.want)
				}
				if open := stderrors.Is(last, middleware.ErrCircuitOpen); open != (tt.want < 10) {
					t.Errorf("at last: %v", last)
				}
			})
		})
	}
}

// TestBreakerCycle: closed, open, probing, open again, probing, closed.
func TestBreakerCycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var changes []string
		fails := true
		calls := 0
		rt := middleware.CircuitBreaker(middleware.BreakerConfig{
			Failures: 3, OpenFor: 10 * time.Second,
			OnChange: func(host string, open bool) { changes = append(changes, fmt.Sprint(host, " ", open)) },
		})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if calls++; fails {
				return nil, errStub
			}
			return stubStatus(200, "")(req)
		}))
		ask := func(host string) error {
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://"+host+"/", nil))
			return err
		}
		for range 3 {
			ask("a")
		}
		time.Sleep(4 * time.Second)
		limit, ok := stderrors.AsType[*middleware.LimitError](ask("a"))
		if !ok || limit.Kind != middleware.ErrCircuitOpen || limit.Host != "http://a:80" || limit.Wait != 6*time.Second || calls != 3 {
			t.Errorf("open: got %v after %d requests", limit, calls)
		}
		if err := ask("b"); !stderrors.Is(err, errStub) {
			t.Errorf("another host: got %v", err)
		}
		time.Sleep(6 * time.Second)
		if err := ask("a"); !stderrors.Is(err, errStub) {
			t.Errorf("probe: got %v", err)
		}
		if err := ask("a"); !stderrors.Is(err, middleware.ErrCircuitOpen) {
			t.Errorf("open again: got %v", err)
		}
		time.Sleep(10 * time.Second)
		fails = false
		for range 3 {
			if err := ask("a"); err != nil {
				t.Errorf("closed again: got %v", err)
			}
		}
		fails = true
		for i := range 4 {
			if err := ask("a"); stderrors.Is(err, middleware.ErrCircuitOpen) != (i == 3) {
				t.Errorf("counting starts anew, %d: got %v", i, err)
			}
		}
		if got := strings.Join(changes, ", "); got != "http://a:80 true, http://a:80 false, http://a:80 true" {
			t.Errorf("got changes %s", got)
		}
	})
}

// TestBreakerNeutral: what the caller ended does not count, as a failure or as
// a success, nor does it use a probe up.
func TestBreakerNeutral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 2, OpenFor: time.Minute})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("X-Hang") != "" {
				return stubHang(req)
			}
			return nil, errStub
		}))
		hang := func(deadline bool) error {
			ctx, cancel := context.WithCancel(t.Context())
			if deadline {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			} else {
				time.AfterFunc(time.Second, cancel)
			}
			defer cancel()
			req := newRequest(t, "GET", "http://h/", nil).WithContext(ctx)
			req.Header.Set("X-Hang", "1")
			_, _, err := roundTrip(t, rt, req)
			return err
		}
		fail := func() error {
			_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			return err
		}
		for range 10 {
			if err := hang(false); !stderrors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		}
		if err := fail(); !stderrors.Is(err, errStub) {
			t.Errorf("after cancels: got %v", err)
		}
		hang(false) // is no success either
		if err := hang(true); !stderrors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a deadline: got %v", err)
		}
		if err := fail(); !stderrors.Is(err, middleware.ErrCircuitOpen) {
			t.Errorf("after the second failure: got %v", err)
		}
		time.Sleep(time.Minute)
		for range 3 {
			if err := hang(false); !stderrors.Is(err, context.Canceled) {
				t.Errorf("a probe that was cancelled: got %v", err)
			}
		}
		if err := fail(); !stderrors.Is(err, errStub) {
			t.Errorf("the next probe: got %v", err)
		}
	})
}

// TestBreakerProbes: how many go at once, and what late answers do.
func TestBreakerProbes(t *testing.T) {
	t.Parallel()
	for probes, want := range map[int]int32{0: 1, 3: 3} {
		synctest.Test(t, func(t *testing.T) {
			var calls atomic.Int32
			var slow atomic.Bool
			rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: time.Minute, Probes: probes})(middleware.Func(func(req *http.Request) (*http.Response, error) {
				calls.Add(1)
				if slow.Load() {
					time.Sleep(time.Second)
					return stubStatus(200, "")(req)
				}
				return nil, errStub
			}))
			roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
			time.Sleep(time.Minute)
			slow.Store(true)
			refused := make(chan error, 10)
			for range 10 {
				go func() {
					_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
					refused <- err
				}()
			}
			n := int32(0)
			for range 10 {
				if err := <-refused; stderrors.Is(err, middleware.ErrCircuitOpen) {
					n++
				}
			}
			if calls.Load() != 1+want || n != 10-want {
				t.Errorf("%d probes: got %d requests, %d refused", probes, calls.Load()-1, n)
			}
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
				t.Errorf("closed: got %d %v", code, err)
			}
		})
	}
}

// TestBreakerLate: an answer to what was sent before the breaker opened neither
// closes it nor opens it once more.
func TestBreakerLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: time.Minute})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("X-Slow") != "" {
				time.Sleep(10 * time.Second)
				return stubStatus(200, "")(req)
			}
			return nil, errStub
		}))
		late := make(chan int)
		go func() {
			req := newRequest(t, "GET", "http://h/", nil)
			req.Header.Set("X-Slow", "1")
			code, _, _ := roundTrip(t, rt, req)
			late <- code
		}()
		synctest.Wait()
		roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
		if code := <-late; code != 200 {
			t.Errorf("got %d", code)
		}
		if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); !stderrors.Is(err, middleware.ErrCircuitOpen) {
			t.Errorf("got %v", err)
		}
	})
}

// TestBreakerManyHosts: those that work are forgotten, those that fail are not.
func TestBreakerManyHosts(t *testing.T) {
	t.Parallel()
	rt := middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 1})(middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Host == "bad" {
			return nil, errStub
		}
		return stubStatus(200, "")(req)
	}))
	roundTrip(t, rt, newRequest(t, "GET", "http://bad/", nil))
	for i := range 3000 {
		roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i), nil))
	}
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://bad/", nil)); !stderrors.Is(err, middleware.ErrCircuitOpen) {
		t.Errorf("got %v", err)
	}
}
