package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestInnermost: it stands below all others, whatever a request says, over a Connector and
// over a Transport.
func TestInnermost(t *testing.T) {
	t.Parallel()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.SetCookie(w, &http.Cookie{Name: "set", Value: "1"})
			http.Redirect(w, r, "/", http.StatusFound)
		}
	})
	srv := httptest.NewServer(h)
	defer srv.Close()
	again := func(next http.RoundTripper) http.RoundTripper { // sends everything twice
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			resp.Body.Close()
			return next.RoundTrip(req)
		})
	}
	for _, transport := range []http.RoundTripper{nil, middleware.Handler(h)} {
		for _, test := range []struct {
			name string
			opts []session.Option
			want int
		}{
			{"session's", nil, 4},
			{"added", []session.Option{session.AddMiddleware(again)}, 8},
			{"replaced", []session.Option{session.Middlewares(again)}, 4},
			{"none", []session.Option{session.Middlewares()}, 2},
		} {
			t.Run(fmt.Sprintf("%s %T", test.name, transport), func(t *testing.T) {
				var cookies []string
				s, err := session.New(session.Config{
					Transport: transport, Middleware: []middleware.Middleware{again}, Cookies: []*http.Cookie{{Name: "a", Value: "1"}},
					Innermost: func(next http.RoundTripper) http.RoundTripper {
						return middleware.Func(func(req *http.Request) (*http.Response, error) {
							cookies = append(cookies, req.Header.Get("Cookie"))
							return next.RoundTrip(req)
						})
					},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				resp, err := s.Get(t.Context(), srv.URL+"/redirect", test.opts...)
				if err != nil {
					t.Fatal(err)
				}
				resp.Close()
				if len(cookies) != test.want || slices.Contains(cookies, "") {
					t.Errorf("got %q, want %d with the jar's cookie", cookies, test.want)
				}
			})
		}
	}
}

type spanKey struct{}

// TestTraceNewContext: middlewares and the other functions get the context, and each that
// was made has one end.
func TestTraceNewContext(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	for _, test := range []struct {
		name string
		url  string
		opts []session.Option
		want string
	}{
		{"answered", srv.URL, nil, "begin GET middleware end"},
		{"checked", srv.URL, []session.Option{session.CheckStatus()}, "begin GET middleware exception"},
		{"refused", "http://127.0.0.1:1/", nil, "begin GET middleware exception"},
		{"a bad option", srv.URL, []session.Option{session.Header("a b", "")}, ""},
		{"a proxy's option without one", srv.URL, []session.Option{session.ProxyAuth("a", "b")}, ""},
		{"a bad URL", "ftp://example.com", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, open := "", 0
			add := func(ctx context.Context, what string) {
				if ctx.Value(spanKey{}) != "span" {
					t.Errorf("%s: not the context that was made", what)
				}
				if log != "" {
					log += " "
				}
				log += what
			}
			trace := &session.Trace{
				NewContext: func(ctx context.Context, e session.RequestEvent) context.Context {
					if e.URL.String() != test.url || e.Header != nil || e.Value != 1 {
						t.Errorf("got %+v", e)
					}
					open++
					return context.WithValue(ctx, spanKey{}, "span")
				},
				NewValue:         func(any) any { return 1 },
				RequestStart:     func(ctx context.Context, e session.RequestEvent) { add(ctx, "begin "+e.Method) },
				RequestEnd:       func(ctx context.Context, _ session.ResponseEvent) { open--; add(ctx, "end") },
				RequestException: func(ctx context.Context, _ session.ErrorEvent) { open--; add(ctx, "exception") },
			}
			none := &session.Trace{NewContext: func(context.Context, session.RequestEvent) context.Context { return nil }}
			s, err := session.New(session.Config{Trace: []*session.Trace{trace, none}, Middleware: []middleware.Middleware{
				func(next http.RoundTripper) http.RoundTripper {
					return middleware.Func(func(req *http.Request) (*http.Response, error) {
						add(req.Context(), "middleware")
						return next.RoundTrip(req)
					})
				},
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if resp, err := s.Get(t.Context(), test.url, test.opts...); err == nil {
				resp.Close()
			}
			if log != test.want || open != 0 {
				t.Errorf("got %q, %d without an end, want %q", log, open, test.want)
			}
		})
	}
	t.Run("panic", func(t *testing.T) {
		s, err := session.New(session.Config{Trace: []*session.Trace{{
			NewContext: func(context.Context, session.RequestEvent) context.Context { panic("mine") },
		}}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = s.Get(t.Context(), srv.URL)
		if e := (*session.TraceError)(nil); !errors.As(err, &e) || e.Panic != "mine" {
			t.Errorf("got %v, want the panic", err)
		}
	})
}

// Count what really goes to the server, whatever middlewares a request has.
func ExampleConfig_innermost() {
	sent := 0
	s, err := session.New(session.Config{
		Transport: middleware.Answer(200, nil, "hello"),
		Innermost: func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				sent++
				return next.RoundTrip(req)
			})
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	resp, err := s.Get(context.Background(), "http://example.com/", session.Middlewares())
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Close()
	fmt.Println(sent)
	// Output: 1
}
