package middleware_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// dedupeSlow does each step after a second, as long as nobody cancels it.
func dedupeSlow(steps ...stubStep) *stub {
	s := &stub{}
	for _, step := range steps {
		s.steps = append(s.steps, func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return step(req)
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
	}
	return s
}

// dedupeBody is a response with a body and a length of their own.
func dedupeBody(body io.Reader, length int64) stubStep {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: length, Body: &stubBody{Reader: body}}, nil
	}
}

// TestDedupe counts the requests that ten callers make.
func TestDedupe(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1000)
	each := func(i int, r *http.Request) { r.Header.Set("X-I", fmt.Sprint(i)) }
	tests := []struct {
		name   string
		cfg    middleware.DedupeConfig
		method string
		change func(int, *http.Request)
		step   stubStep
		want   int
	}{
		{name: "GET", step: stubStatus(200, text), want: 1},
		{name: "empty", step: stubStatus(204, ""), want: 1},
		{name: "status 500", step: stubStatus(500, text), want: 1},
		{name: "HEAD", method: "HEAD", step: dedupeBody(strings.NewReader(""), 1<<40), want: 1},
		{name: "POST", method: "POST", step: stubStatus(200, text), want: 10},
		{name: "PUT", method: "PUT", step: stubStatus(200, text), want: 10},
		{name: "other headers", change: each, step: stubStatus(200, text), want: 10},
		{name: "other credentials", change: func(i int, r *http.Request) { r.Header.Set("Authorization", fmt.Sprint("Bearer ", i%2)) }, step: stubStatus(200, text), want: 2},
		{name: "other URLs", change: func(i int, r *http.Request) { r.URL.RawQuery = fmt.Sprint(i % 5) }, step: stubStatus(200, text), want: 5},
		{name: "other Hosts", change: func(i int, r *http.Request) { r.Host = fmt.Sprint(i % 5) }, step: stubStatus(200, text), want: 5},
		{name: "upgrade", change: func(_ int, r *http.Request) { r.Header.Set("Upgrade", "x") }, step: stubStatus(200, text), want: 10},
		{name: "with a body", change: func(_ int, r *http.Request) { r.Body = io.NopCloser(strings.NewReader("x")) }, step: stubStatus(200, text), want: 10},
		{name: "own key", cfg: middleware.DedupeConfig{Key: func(*http.Request) string { return "same" }}, change: each, step: stubStatus(200, text), want: 1},
		{name: "own key, none", cfg: middleware.DedupeConfig{Key: func(*http.Request) string { return "" }}, step: stubStatus(200, text), want: 10},
		{name: "too long", cfg: middleware.DedupeConfig{MaxBody: 999}, step: stubStatus(200, text), want: 10},
		{name: "just not", cfg: middleware.DedupeConfig{MaxBody: 1000}, step: stubStatus(200, text), want: 1},
		{name: "none", cfg: middleware.DedupeConfig{MaxBody: -1}, step: stubStatus(200, text), want: 10},
		{name: "none but empty", cfg: middleware.DedupeConfig{MaxBody: -1}, step: stubStatus(200, ""), want: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := dedupeSlow(tt.step)
				dedupe := middleware.Dedupe(tt.cfg)(rt)
				var wg sync.WaitGroup
				for i := range 10 {
					wg.Go(func() {
						req := newRequest(t, map[string]string{"": "GET"}[tt.method]+tt.method, "http://h/", nil)
						if tt.change != nil {
							tt.change(i, req)
						}
						resp, err := dedupe.RoundTrip(req)
						if err != nil {
							t.Error(err)
							return
						}
						resp.Header.Set("X-Mine", "1") // everybody has headers of their own
						resp.Body.Close()
					})
				}
				wg.Wait()
				if rt.calls() != tt.want || rt.open() != 0 {
					t.Errorf("got %d requests, %d open, want %d", rt.calls(), rt.open(), tt.want)
				}
			})
		})
	}
}

// TestDedupeResponses: everybody has a whole body, and a request of their own.
func TestDedupeResponses(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]stubStep{
		"shared": stubStatus(200, "text", "X-A", "1"),
		"not": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"X-A": {"1"}}, ContentLength: -1, Body: newStubBody("text")}, nil
		},
		"longer than it says": dedupeLonger,
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := middleware.Dedupe(middleware.DedupeConfig{MaxBody: 10})(dedupeSlow(step))
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					req := newRequest(t, "GET", "http://h/", nil)
					resp, err := rt.RoundTrip(req)
					if err != nil {
						t.Error(err)
						return
					}
					defer resp.Body.Close()
					body, err := io.ReadAll(resp.Body)
					if err != nil || !strings.HasPrefix(string(body), "text") || len(body) != 4 && len(body) != 400 || resp.Header.Get("X-A") != "1" {
						t.Errorf("%s: got %q %v %v", name, body, resp.Header, err)
					}
					if name == "shared" && resp.Request != req {
						t.Errorf("%s: the response names another request", name)
					}
				})
			}
			wg.Wait()
		})
	}
}

func dedupeLonger(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"X-A": {"1"}}, ContentLength: 4, Body: newStubBody(strings.Repeat("text", 100))}, nil
}

// TestDedupeAlone: nothing is held for one caller, so that a body may be endless.
func TestDedupeAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := middleware.Dedupe(middleware.DedupeConfig{})(dedupeSlow(dedupeBody(dedupeEndless{}, 1000)))
		resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.CopyN(io.Discard, resp.Body, 1<<22); n != 1<<22 {
			t.Errorf("got %d %v", n, err)
		}
		resp.Body.Close()
	})
}

type dedupeEndless struct{}

func (dedupeEndless) Read(p []byte) (int, error) { return len(p), nil }

// TestDedupeNoCache: who comes later has a new request.
func TestDedupeNoCache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := dedupeSlow(stubStatus(200, "x"))
		dedupe := middleware.Dedupe(middleware.DedupeConfig{})(rt)
		for range 3 {
			roundTrip(t, dedupe, newRequest(t, "GET", "http://h/", nil))
		}
		if rt.calls() != 3 {
			t.Errorf("got %d requests, want 3", rt.calls())
		}
	})
}

// dedupeCallers start one after the other, each with a context that ends after
// a time, or not; it returns what they got, in order.
func dedupeCallers(t *testing.T, rt http.RoundTripper, ends ...time.Duration) []error {
	t.Helper()
	errs := make([]error, len(ends))
	var wg sync.WaitGroup
	for i, end := range ends {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if end > 0 {
				time.AfterFunc(end, cancel)
			}
			_, _, errs[i] = roundTrip(t, rt, newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
		})
		synctest.Wait()
	}
	wg.Wait()
	return errs
}

func TestDedupeCancel(t *testing.T) {
	t.Parallel()
	short := 100 * time.Millisecond
	tests := []struct {
		name  string
		step  stubStep
		ends  []time.Duration
		calls int
	}{
		{"the first leaves", stubStatus(200, "x"), []time.Duration{short, 0, 0}, 1},
		{"another leaves", stubStatus(200, "x"), []time.Duration{0, short, 0}, 1},
		{"all leave", stubStatus(200, "x"), []time.Duration{short, short, short}, 1},
		{"the first leaves, nothing to share", dedupeBody(strings.NewReader("x"), -1), []time.Duration{short, 0, 0}, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := dedupeSlow(tt.step)
				for i, err := range dedupeCallers(t, middleware.Dedupe(middleware.DedupeConfig{})(rt), tt.ends...) {
					if stderrors.Is(err, context.Canceled) != (tt.ends[i] > 0) || err != nil && tt.ends[i] == 0 {
						t.Errorf("caller %d: got %v", i, err)
					}
				}
				if synctest.Wait(); rt.calls() != tt.calls || rt.open() != 0 {
					t.Errorf("got %d requests, %d open, want %d", rt.calls(), rt.open(), tt.calls)
				}
				if tt.name == "all leave" && rt.request(0).Context().Err() == nil {
					t.Error("the request goes on")
				}
			})
		})
	}
}

func TestDedupeFailure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		step  stubStep
		calls int
		want  error // everybody's
	}{
		{"before the response", stubFail(errStub), 1, errStub},
		{"the first one's time is over", stubFail(context.DeadlineExceeded), 3, context.DeadlineExceeded},
		{"nothing at all", func(*http.Request) (*http.Response, error) { return nil, nil }, 1, nil},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			rt := dedupeSlow(tt.step)
			dedupe := middleware.Dedupe(middleware.DedupeConfig{})(rt)
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if resp, err := dedupe.RoundTrip(newRequest(t, "GET", "http://h/", nil)); !stderrors.Is(err, tt.want) || resp != nil {
						t.Errorf("%s: got %v %v", tt.name, resp, err)
					}
				})
			}
			wg.Wait()
			if rt.calls() != tt.calls {
				t.Errorf("%s: got %d requests, want %d", tt.name, rt.calls(), tt.calls)
			}
		})
	}
}

// TestDedupeBreaksOff: only the first caller sees how a body broke off; the
// others try for themselves.
func TestDedupeBreaksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		rt := middleware.Dedupe(middleware.DedupeConfig{})(middleware.Func(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if calls.Add(1) == 1 {
				return dedupeBody(io.MultiReader(strings.NewReader("half"), digestBroken{}), 8)(req)
			}
			return stubStatus(200, "complete")(req)
		}))
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				resp, err := rt.RoundTrip(newRequest(t, "GET", "http://h/", nil))
				if err != nil {
					t.Error(err)
					return
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if i == 0 && (string(body) != "half" || !stderrors.Is(err, errStub)) || i > 0 && (string(body) != "complete" || err != nil) {
					t.Errorf("%d: got %q %v", i, body, err)
				}
			})
			synctest.Wait()
		}
		wg.Wait()
	})
}

// TestDedupeContext: what is not shared lives with the first caller's context.
func TestDedupeContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := dedupeSlow(stubStatus(200, "x"))
		for name, end := range map[string]func(context.CancelFunc, io.Closer){
			"cancel": func(cancel context.CancelFunc, _ io.Closer) { cancel() },
			"close":  func(_ context.CancelFunc, body io.Closer) { body.Close() },
		} {
			ctx, cancel := context.WithCancel(t.Context())
			resp, err := middleware.Dedupe(middleware.DedupeConfig{})(rt).RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			inner := rt.request(rt.calls() - 1).Context()
			if synctest.Wait(); inner.Err() != nil {
				t.Errorf("%s: ended too early", name)
			}
			end(cancel, resp.Body)
			if synctest.Wait(); inner.Err() == nil {
				t.Errorf("%s: goes on", name)
			}
			resp.Body.Close()
			cancel()
		}
	})
}

// TestDedupeDeadline: the end of the first caller's time is told as that, also while it reads
// a body which, below, has only seen a cancel.
func TestDedupeDeadline(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(io.Reader) error{
		"Read":    func(body io.Reader) error { _, err := body.Read(make([]byte, 1)); return err },
		"WriteTo": func(body io.Reader) error { _, err := io.Copy(io.Discard, body); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{func(req *http.Request) (*http.Response, error) {
					return &http.Response{
						StatusCode: 200, Header: http.Header{}, ContentLength: -1,
						Body: io.NopCloser(waitReader{req.Context()}),
					}, nil
				}}}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				resp, err := middleware.Dedupe(middleware.DedupeConfig{})(rt).RoundTrip(newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if err := read(resp.Body); !stderrors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// waitReader fails when its context has ended.
type waitReader struct{ ctx context.Context }

func (r waitReader) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}
