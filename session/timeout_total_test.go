package session_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// overForeign runs f in a bubble with a session over a foreign RoundTripper, whose total
// timeout is a second.
func overForeign(t *testing.T, rt func(*http.Request) (*http.Response, error), f func(t *testing.T, s *session.Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := session.New(session.Config{Transport: middleware.Func(rt), Timeout: session.ClientTimeout{Total: time.Second}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		f(t, s)
	})
}

func answerFrom(req *http.Request, body io.Reader) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body), Request: req}
}

// TestTotalForeign: the total timeout strikes a foreign RoundTripper wherever it
// is, with its class and its cause, and on time.
func TestTotalForeign(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		rt   func(*http.Request) (*http.Response, error)
		want time.Duration
	}{
		{"waits for Done", func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, time.Second},
		{"waits in a child", func(req *http.Request) (*http.Response, error) {
			ctx, cancel := context.WithCancel(req.Context())
			defer cancel()
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}, time.Second},
		{"waits in AfterFunc", func(req *http.Request) (*http.Response, error) {
			called := make(chan struct{})
			context.AfterFunc(req.Context(), func() { close(called) })
			<-called
			return nil, req.Context().Err()
		}, time.Second},
		{"looks at Err", func(req *http.Request) (*http.Response, error) {
			for req.Context().Err() == nil {
				time.Sleep(time.Second / 4)
			}
			return nil, context.Cause(req.Context())
		}, time.Second},
		{"looks at Deadline", func(req *http.Request) (*http.Response, error) {
			deadline, _ := req.Context().Deadline()
			time.Sleep(time.Until(deadline))
			return nil, context.DeadlineExceeded
		}, time.Second},
		{"fails too late", func(*http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return nil, io.ErrUnexpectedEOF
		}, 2 * time.Second},
		{"body from memory", func(req *http.Request) (*http.Response, error) {
			return answerFrom(req, slowReader{}), nil
		}, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			overForeign(t, test.rt, func(t *testing.T, s *session.Session) {
				start := time.Now()
				resp, err := s.Get(context.Background(), "http://h/")
				if err == nil {
					_, err = resp.Bytes()
				}
				var te *errors.TimeoutError
				if !errors.As(err, &te) || !errors.Is(err, errors.ErrTotalTimeout) || !errors.Is(err, context.DeadlineExceeded) || te.Limit != time.Second {
					t.Errorf("got %v, want the total timeout", err)
				}
				if got := time.Since(start); got != test.want {
					t.Errorf("it took %v, want %v", got, test.want)
				}
			})
		})
	}
}

// slowReader has a byte every quarter of a second, whoever waits.
type slowReader struct{}

func (slowReader) Read(p []byte) (int, error) {
	time.Sleep(time.Second / 4)
	return copy(p, "x"), nil
}

// TestTotalContext: the context of a request is one like any other, asked or not.
func TestTotalContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	var seen context.Context
	rt := func(req *http.Request) (*http.Response, error) {
		seen = req.Context()
		if req.URL.Path == "/asks" {
			var both sync.WaitGroup
			for range 2 {
				both.Go(func() { seen.Done() })
			}
			both.Wait()
		}
		return answerFrom(req, strings.NewReader("ok")), nil
	}
	for _, path := range []string{"/", "/asks"} {
		t.Run(path, func(t *testing.T) {
			overForeign(t, rt, func(t *testing.T, s *session.Session) {
				parent, cancel := context.WithTimeout(context.WithValue(context.Background(), key{}, "value"), time.Minute)
				defer cancel()
				start := time.Now()
				resp, err := s.Get(parent, "http://h"+path)
				if err != nil {
					t.Fatal(err)
				}
				if d, ok := seen.Deadline(); !ok || d != start.Add(time.Second) || seen.Err() != nil || context.Cause(seen) != nil {
					t.Errorf("before the end: %v, %v, %v", d, seen.Err(), context.Cause(seen))
				}
				resp.Close()
				for range 2 {
					if seen.Err() != context.Canceled || context.Cause(seen) != context.Canceled || seen.Value(key{}) != "value" {
						t.Errorf("after the end: %v, %v, %v", seen.Err(), context.Cause(seen), seen.Value(key{}))
					}
					child, stop := context.WithCancel(seen)
					if <-child.Done(); child.Err() != context.Canceled {
						t.Errorf("a child: %v", child.Err())
					}
					stop()
				}
			})
		})
	}
}

// TestTotalParent: the end of the caller's context is the request's, with its cause,
// and so is an earlier deadline.
func TestTotalParent(t *testing.T) {
	t.Parallel()
	for asked, want := range map[bool]time.Duration{true: time.Second / 2, false: time.Second * 3 / 4} {
		overForeign(t, func(req *http.Request) (*http.Response, error) {
			ctx := req.Context()
			if asked {
				<-ctx.Done()
			} else {
				time.Sleep(want)
			}
			if ctx.Err() != context.DeadlineExceeded || context.Cause(ctx) != io.ErrNoProgress {
				t.Errorf("got %v because of %v", ctx.Err(), context.Cause(ctx))
			}
			return nil, ctx.Err()
		}, func(t *testing.T, s *session.Session) {
			start := time.Now()
			ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second/2, io.ErrNoProgress)
			defer cancel()
			_, err := s.Get(ctx, "http://h/")
			if errors.Is(err, errors.ErrTotalTimeout) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != want {
				t.Errorf("got %v after %v", err, time.Since(start))
			}
		})
	}
}
