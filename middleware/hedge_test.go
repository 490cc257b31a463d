package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// hedgeLeg is what one request of a race does: an answer after a time, if
// nobody cancels it before.
type hedgeLeg struct {
	after  time.Duration
	status int // 0: a failure
}

// hedgeTrack runs the legs in order, and remembers what became of them.
type hedgeTrack struct {
	stub
	cancelled atomic.Int32
}

func newHedgeTrack(legs ...hedgeLeg) *hedgeTrack {
	track := &hedgeTrack{}
	for i, leg := range legs {
		track.steps = append(track.steps, func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(leg.after):
			case <-req.Context().Done():
				track.cancelled.Add(1)
				return nil, req.Context().Err()
			}
			if leg.status == 0 {
				return nil, fmt.Errorf("leg %d: %w", i, errStub)
			}
			return stubStatus(leg.status, fmt.Sprint(i))(req)
		})
	}
	return track
}

func TestHedge(t *testing.T) {
	t.Parallel()
	const s = time.Second
	tests := []struct {
		name      string
		policy    middleware.HedgePolicy
		legs      []hedgeLeg
		want      string // status and leg, or the error
		calls     int
		took      time.Duration
		cancelled int32
	}{
		{"fast", middleware.HedgePolicy{Delay: 2 * s}, []hedgeLeg{{s, 200}}, "200 0", 1, s, 0},
		{"second wins", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{10 * s, 200}, {s, 200}}, "200 1", 2, 2 * s, 1},
		{"first wins", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 200}, {10 * s, 200}}, "200 0", 2, 2 * s, 1},
		{"fast failure does not win", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{5 * s, 200}, {s, 503}}, "200 0", 2, 5 * s, 0},
		{"fast error does not win", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{5 * s, 200}, {s, 0}}, "200 0", 2, 5 * s, 0},
		{"429 does not win", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 429}, {5 * s, 200}}, "200 1", 2, 6 * s, 0},
		{"404 wins", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 404}, {5 * s, 200}}, "404 0", 2, 2 * s, 1},
		{"501 wins", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 501}, {5 * s, 200}}, "501 0", 2, 2 * s, 1},
		{"all fail, the first is kept", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{3 * s, 503}, {s, 500}}, "500 1", 2, 3 * s, 0},
		{"all fail, a response is kept", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 0}, {3 * s, 503}}, "503 1", 2, 4 * s, 0},
		{"all fail, a response stays", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{2 * s, 503}, {3 * s, 0}}, "503 0", 2, 4 * s, 0},
		{"all errors", middleware.HedgePolicy{Delay: s}, []hedgeLeg{{3 * s, 0}, {s, 0}}, "leg 1: stub: broken", 2, 3 * s, 0},
		{"failure before the delay", middleware.HedgePolicy{Delay: 5 * s}, []hedgeLeg{{s, 0}, {s, 200}}, "leg 0: stub: broken", 1, s, 0},
		{"three", middleware.HedgePolicy{Delay: s, Extra: 2}, []hedgeLeg{{10 * s, 200}, {10 * s, 200}, {s, 200}}, "200 2", 3, 3 * s, 2},
		{"at once", middleware.HedgePolicy{Delay: -1}, []hedgeLeg{{10 * s, 200}, {s, 200}}, "200 1", 2, s, 1},
		{"off", middleware.HedgePolicy{Delay: s, Extra: -1}, []hedgeLeg{{10 * s, 200}, {s, 200}}, "200 0", 1, 10 * s, 0},
		{"no budget", middleware.HedgePolicy{Delay: s, Budget: &middleware.RetryBudget{Ratio: 1e-9, Burst: -1}}, []hedgeLeg{{10 * s, 200}, {s, 200}}, "200 0", 1, 10 * s, 0},
		{"no times yet", middleware.HedgePolicy{}, []hedgeLeg{{10 * s, 200}, {s, 200}}, "200 0", 1, 10 * s, 0},
		{"own failures", middleware.HedgePolicy{Delay: s, IsFailure: func(r *http.Response, _ error) bool { return r.StatusCode == 404 }}, []hedgeLeg{{2 * s, 404}, {5 * s, 200}}, "200 1", 2, 6 * s, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				track := newHedgeTrack(tt.legs...)
				start := time.Now()
				code, body, err := roundTrip(t, middleware.Hedge(tt.policy)(track), newRequest(t, "PUT", "http://h/", strings.NewReader("payload")))
				took := time.Since(start)
				got := fmt.Sprint(code, " ", body)
				if err != nil {
					got = err.Error()
				}
				synctest.Wait()
				if got != tt.want || track.calls() != tt.calls || took != tt.took {
					t.Errorf("got %s after %v in %d requests, want %s, %v, %d", got, took, track.calls(), tt.want, tt.took, tt.calls)
				}
				if track.cancelled.Load() != tt.cancelled || track.open() != 0 {
					t.Errorf("%d losers were cancelled, want %d; %d responses are open", track.cancelled.Load(), tt.cancelled, track.open())
				}
				if bodies := strings.Join(track.bodies, " "); bodies != strings.TrimSuffix(strings.Repeat("payload ", tt.calls), " ") {
					t.Errorf("sent %q", bodies)
				}
			})
		})
	}
}

// TestHedgeOnlyReplayable: what cannot be sent twice is sent once.
func TestHedgeOnlyReplayable(t *testing.T) {
	t.Parallel()
	upgrade := func(r *http.Request) { r.Header.Set("Upgrade", "websocket") }
	keyed := func(r *http.Request) { r.Header.Set("Idempotency-Key", "1") }
	tests := []struct {
		name, method string
		body         io.Reader
		change       func(*http.Request)
		want         int
	}{
		{"GET", "GET", nil, nil, 2},
		{"POST", "POST", strings.NewReader("x"), nil, 1},
		{"POST with key", "POST", strings.NewReader("x"), keyed, 2},
		{"PUT", "PUT", strings.NewReader("x"), nil, 2},
		{"PUT once", "PUT", onceBody("x"), nil, 1},
		{"upgrade", "GET", nil, upgrade, 1},
		{"CONNECT", "CONNECT", nil, keyed, 1},
		{"body that cannot be opened", "PUT", strings.NewReader("x"), func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errStub }
		}, 1},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			track := newHedgeTrack(hedgeLeg{time.Minute, 200})
			req := newRequest(t, tt.method, "http://h/", tt.body)
			if tt.change != nil {
				tt.change(req)
			}
			code, _, err := roundTrip(t, middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(track), req)
			if code != 200 || track.calls() != tt.want {
				t.Errorf("%s: got %d %v in %d requests, want %d", tt.name, code, err, track.calls(), tt.want)
			}
		})
	}
}

// TestHedgeQuantile: the delay follows the times of the host, here 100 ms, 99 ms,
// and so on.
func TestHedgeQuantile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		policy middleware.HedgePolicy
		want   time.Duration
	}{
		{"default", middleware.HedgePolicy{}, 96 * time.Millisecond},
		{"median", middleware.HedgePolicy{Quantile: 0.5}, 51 * time.Millisecond},
		{"longest", middleware.HedgePolicy{Quantile: 1}, 100 * time.Millisecond},
		{"longer than a delay", middleware.HedgePolicy{Quantile: 0.9, Delay: time.Second}, 91 * time.Millisecond},
		{"not used", middleware.HedgePolicy{Quantile: -1, Delay: time.Second}, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				track := newHedgeTrack()
				for i := range 100 {
					track.steps = append(track.steps, newHedgeTrack(hedgeLeg{time.Duration(100-i) * time.Millisecond, 200}).steps...)
				}
				track.steps = append(track.steps, stubHang, stubStatus(200, ""))
				rt := middleware.Hedge(tt.policy)(track)
				for range 100 {
					roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
				}
				start := time.Now()
				code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
				if took := time.Since(start); code != 200 || took != tt.want || track.calls() != 102 {
					t.Errorf("got %d %v after %v in %d requests, want %v", code, err, took, track.calls(), tt.want)
				}
			})
		})
	}
}

// TestHedgeCancel: the end of the caller's context ends all requests, and closes
// what there is.
func TestHedgeCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		track := newHedgeTrack(hedgeLeg{5 * time.Second, 503}, hedgeLeg{time.Hour, 200})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		policy := middleware.HedgePolicy{Delay: time.Second, Extra: 3}
		start := time.Now()
		_, _, err := roundTrip(t, middleware.Hedge(policy)(track), newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
		if took := time.Since(start); !stderrors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		if track.calls() != 4 || track.cancelled.Load() != 3 || track.open() != 0 {
			t.Errorf("%d requests, %d cancelled, %d open", track.calls(), track.cancelled.Load(), track.open())
		}
	})
}

// TestHedgeContext: the winner's context lives until its body is closed.
func TestHedgeContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		track := newHedgeTrack(hedgeLeg{time.Second, 200})
		resp, err := middleware.Hedge(middleware.HedgePolicy{Delay: time.Minute})(track).RoundTrip(newRequest(t, "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if ctx := track.request(0).Context(); ctx.Err() != nil {
			t.Error("the context has ended before the body")
		} else if resp.Body.Close(); ctx.Err() == nil {
			t.Error("the context has not ended with the body")
		}
	})
}

// TestHedgeBudget: one in ten, on a host that is always slow.
func TestHedgeBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		track := newHedgeTrack(hedgeLeg{time.Minute, 200})
		rt := middleware.Hedge(middleware.HedgePolicy{Delay: time.Second})(track)
		for range 2000 {
			roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
		}
		if got := track.calls(); got < 2190 || got > 2200 {
			t.Errorf("got %d requests, want 2000 and a tenth", got)
		}
	})
}

// TestHedgeContract: the rules hold too if every request is hedged at once. A
// session's own timing of a request is for one sending at a time, so it is left out.
func TestHedgeContract(t *testing.T) {
	t.Parallel()
	for name, rule := range contractRules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rule(t, func() middleware.Middleware { return middleware.Hedge(middleware.HedgePolicy{Delay: -1}) })
			})
		})
	}
	contractClient(t, func() middleware.Middleware { return middleware.Hedge(middleware.HedgePolicy{Delay: -1}) })
}
