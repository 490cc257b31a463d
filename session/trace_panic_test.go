package session_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestTracePanicAbove: whoever was told of the beginning of a call is told of its end, once,
// also if a middleware panics, and the caller has the panic.
func TestTracePanicAbove(t *testing.T) {
	t.Parallel()
	for name, mw := range map[string]middleware.Middleware{
		"before": func(http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(*http.Request) (*http.Response, error) { panic("mine") })
		},
		"after": func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				if resp, err := next.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
				panic("mine")
			})
		},
	} {
		for _, do := range []string{"Get", "Do"} {
			var told []string
			s, err := session.New(session.Config{
				Transport: middleware.Answer(200, nil, "text"), Middleware: []middleware.Middleware{mw},
				Trace: []*session.Trace{{
					NewContext: func(ctx context.Context, _ session.RequestEvent) context.Context {
						told = append(told, "begin")
						return ctx
					},
					RequestEnd: func(context.Context, session.ResponseEvent) { told = append(told, "end") },
					RequestException: func(_ context.Context, e session.ErrorEvent) {
						told = append(told, "exception "+e.Err.Error())
					},
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			inspector := s.Inspect()
			func() {
				defer func() {
					if got := recover(); got != "mine" {
						t.Errorf("%s, %s: got the panic %v", name, do, got)
					}
				}()
				req, err := http.NewRequestWithContext(t.Context(), "GET", "http://h/", nil)
				if err != nil {
					t.Fatal(err)
				}
				var resp interface{ Close() error }
				if do == "Get" {
					resp, err = s.Get(t.Context(), "http://h/")
				} else {
					_, err = s.Do(req)
				}
				t.Errorf("got %v, %v", resp, err)
			}()
			if want := []string{"begin", "exception get http://h/: a middleware has panicked"}; !slices.Equal(told, want) {
				t.Errorf("%s, %s: got %q, want %q", name, do, told, want)
			}
			if f := inspector.Failures(); len(f) != 1 || f[0].Class != "Client" || len(inspector.Calls()) != 0 {
				t.Errorf("%s, %s: got the failures %+v and the calls %+v", name, do, f, inspector.Calls())
			}
			s.Close()
		}
	}
}

// TestCheckPanics: a check that panics gives the connection back.
func TestCheckPanics(t *testing.T) {
	t.Parallel()
	closed := false
	s, err := session.New(session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: closing{func() { closed = true }}}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	func() {
		defer func() {
			if got := recover(); got != "mine" {
				t.Errorf("got the panic %v", got)
			}
		}()
		s.Get(t.Context(), "http://h/", session.CheckStatusFunc(func(*session.Response) error { panic("mine") }))
	}()
	if !closed {
		t.Error("the body is open")
	}
}

// closing is a body that is told when it is closed.
type closing struct{ close func() }

func (closing) Read([]byte) (int, error) { return 0, io.EOF }

func (c closing) Close() error {
	c.close()
	return nil
}
