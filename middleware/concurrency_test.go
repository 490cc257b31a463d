package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// limitGauge counts the requests that are under way; each takes a second.
type limitGauge struct{ now, most, all atomic.Int32 }

func (g *limitGauge) RoundTrip(req *http.Request) (*http.Response, error) {
	n := g.now.Add(1)
	defer g.now.Add(-1)
	g.all.Add(1)
	for {
		most := g.most.Load()
		if n <= most || g.most.CompareAndSwap(most, n) {
			break
		}
	}
	select {
	case <-time.After(time.Second):
		return stubStatus(200, "x")(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		limit middleware.ConcurrencyLimit
		hosts int
		most  int32
		took  time.Duration
	}{
		{"default", middleware.ConcurrencyLimit{}, 1, 100, 3 * time.Second},
		{"none", middleware.ConcurrencyLimit{Total: -1}, 1, 300, time.Second},
		{"total", middleware.ConcurrencyLimit{Total: 30}, 7, 30, 10 * time.Second},
		{"per host", middleware.ConcurrencyLimit{Total: -1, PerHost: 10}, 10, 100, 3 * time.Second},
		{"both", middleware.ConcurrencyLimit{Total: 50, PerHost: 10}, 10, 50, 6 * time.Second},
		{"per host, off", middleware.ConcurrencyLimit{Total: 60, PerHost: -1}, 3, 60, 5 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				gauge := &limitGauge{}
				rt := middleware.Concurrency(tt.limit)(gauge)
				start := time.Now()
				var wg sync.WaitGroup
				for i := range 300 {
					wg.Go(func() {
						if code, _, err := roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i%tt.hosts), nil)); code != 200 {
							t.Errorf("got %d %v", code, err)
						}
					})
				}
				wg.Wait()
				if gauge.most.Load() != tt.most || time.Since(start) != tt.took {
					t.Errorf("got %d at once, %v, want %d, %v", gauge.most.Load(), time.Since(start), tt.most, tt.took)
				}
			})
		})
	}
}

// TestConcurrencyReleases: what ends a request, and what does not.
func TestConcurrencyReleases(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		step stubStep
		end  func(resp *http.Response)
		free bool
	}{
		{"head", stubStatus(200, "x"), func(*http.Response) {}, false},
		{"part of the body", stubStatus(200, "xy"), func(r *http.Response) { r.Body.Read(make([]byte, 1)) }, false},
		{"end of the body", stubStatus(200, "x"), func(r *http.Response) { io.Copy(io.Discard, r.Body) }, true},
		{"close", stubStatus(200, "x"), func(r *http.Response) { r.Body.Close() }, true},
		{"close twice", stubStatus(200, "x"), func(r *http.Response) { r.Body.Close(); r.Body.Close() }, true},
		{"failure", stubFail(errStub), func(*http.Response) {}, true},
		{"switching", stubStatus(101, ""), func(*http.Response) {}, true},
		{"no body", func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		}, func(*http.Response) {}, true},
		{"nothing at all", func(*http.Request) (*http.Response, error) { return nil, nil }, func(*http.Response) {}, true},
	}
	for _, tt := range tests {
		for _, limit := range []middleware.ConcurrencyLimit{{Total: 1, FailFast: true}, {PerHost: 1, FailFast: true}} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				rt := middleware.Concurrency(limit)(&stub{steps: []stubStep{tt.step, stubStatus(200, "")}})
				resp, _ := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
				tt.end(resp)
				for range 2 {
					_, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil))
					if (err == nil) != tt.free {
						t.Errorf("%+v: the next one: got %v", limit, err)
					}
					if err != nil && (!stderrors.Is(err, middleware.ErrConcurrency) || !stderrors.Is(err, errors.ErrClient)) {
						t.Errorf("got %v", err)
					}
				}
			})
		}
	}
}

// TestConcurrencyCancel: who gives up while waiting leaves nothing taken.
func TestConcurrencyCancel(t *testing.T) {
	t.Parallel()
	for _, limit := range []middleware.ConcurrencyLimit{{Total: 1}, {PerHost: 1}, {Total: 1, PerHost: 5}} {
		synctest.Test(t, func(t *testing.T) {
			rt := middleware.Concurrency(limit)(&stub{steps: []stubStep{stubStatus(200, "x")}})
			held, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
			if err != nil {
				t.Fatal(err)
			}
			for range 5 {
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errStub)
				body := newStubBody("x")
				req := newRequest(t, "PUT", "http://h/", nil).WithContext(ctx)
				req.Body = body
				_, _, err := roundTrip(t, rt, req)
				if !stderrors.Is(err, context.DeadlineExceeded) || !stderrors.Is(err, errStub) || body.closed.Load() != 1 {
					t.Errorf("%+v: got %v, body closed %d times", limit, err, body.closed.Load())
				}
				cancel()
			}
			held.Body.Close()
			if code, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil)); code != 200 {
				t.Errorf("%+v: got %d %v", limit, code, err)
			}
		})
	}
}

// TestConcurrencyWriterTo: a body keeps its short way out.
func TestConcurrencyWriterTo(t *testing.T) {
	t.Parallel()
	rt := middleware.Concurrency(middleware.ConcurrencyLimit{Total: 1, FailFast: true})(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: limitWriterTo{}}, nil
	}))
	for range 2 {
		resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		wt, ok := resp.Body.(io.WriterTo)
		if !ok {
			t.Fatalf("got %T", resp.Body)
		}
		if n, err := wt.WriteTo(io.Discard); n != 42 || err != nil {
			t.Errorf("got %d %v", n, err)
		}
	}
}

type limitWriterTo struct{}

func (limitWriterTo) Read([]byte) (int, error)         { return 0, io.EOF }
func (limitWriterTo) WriteTo(io.Writer) (int64, error) { return 42, nil }
func (limitWriterTo) Close() error                     { return nil }

// TestConcurrencyManyHosts: the table of hosts does not grow without end, and
// does not lose those that are in use.
func TestConcurrencyManyHosts(t *testing.T) {
	t.Parallel()
	rt := middleware.Concurrency(middleware.ConcurrencyLimit{Total: -1, PerHost: 1, FailFast: true})(&stub{steps: []stubStep{stubStatus(200, "x")}})
	held, _ := rt.RoundTrip(newRequest(t, "GET", "http://held/", nil))
	for i := range 5000 {
		roundTrip(t, rt, newRequest(t, "GET", fmt.Sprintf("http://h%d/", i), nil))
	}
	if _, _, err := roundTrip(t, rt, newRequest(t, "GET", "http://held/", nil)); !stderrors.Is(err, middleware.ErrConcurrency) {
		t.Errorf("the held slot was forgotten: %v", err)
	}
	held.Body.Close()
}

func TestLimitError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  middleware.LimitError
		want string
	}{
		{middleware.LimitError{}, "unknown limit"},
		{middleware.LimitError{Kind: middleware.ErrConcurrency}, "too many requests at once"},
		{middleware.LimitError{Kind: middleware.ErrCircuitOpen, Host: "http://h:80", Wait: 1500 * time.Millisecond}, `circuit breaker is open for "http://h:80": try again in 1.5s`},
		{middleware.LimitError{Kind: middleware.ErrRateLimit, Host: "http://h\n:80"}, `rate limit reached for "http://h\n:80"`},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
		if tt.err.Kind != nil && !stderrors.Is(&tt.err, tt.err.Kind) || !stderrors.Is(&tt.err, errors.ErrClient) {
			t.Errorf("%v is of no class", &tt.err)
		}
	}
	rt := &stub{steps: []stubStep{stubFail(&middleware.LimitError{Kind: middleware.ErrRateLimit})}}
	if roundTrip(t, middleware.Retry(middleware.RetryPolicy{})(rt), newRequest(t, "GET", "http://h/", nil)); rt.calls() != 1 {
		t.Errorf("Retry sent it %d times", rt.calls())
	}
}
