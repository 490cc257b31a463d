package session_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestMiddlewareRefuses: before a name is looked up or a connection is made, on
// the first hop and on a later one.
func TestMiddlewareRefuses(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://refused.invalid/", http.StatusFound)
	})
	mine := errors.New("mine")
	guard := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.URL.Hostname() == "refused.invalid" {
				return nil, mine
			}
			return next.RoundTrip(req)
		})
	}
	for url, opened := range map[string]int64{"http://refused.invalid/": 0, rec.URL: 1} {
		s := newSession(t, session.Config{Middleware: []middleware.Middleware{guard}})
		if _, err := s.Get(t.Context(), url); !errors.Is(err, mine) {
			t.Errorf("%s: got %v", url, err)
		}
		if n := s.Connector().Stats().Opened; int64(n) != opened {
			t.Errorf("%s: %d connections were opened, want %d", url, n, opened)
		}
	}
}

// TestMiddlewareSendsAgain: with another body and another header, on the same
// connection, after what it was told by the answer.
func TestMiddlewareSendsAgain(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") == "" {
			http.Error(w, "challenge", http.StatusUnauthorized)
			return
		}
		io.WriteString(w, "granted")
	})
	var seen []string
	again := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			seen = append(seen, req.Header.Get("Authorization"), req.Header.Get("Cookie"))
			resp, err := next.RoundTrip(req)
			if err != nil || resp.StatusCode != http.StatusUnauthorized {
				return resp, err
			}
			io.Copy(io.Discard, resp.Body) // short
			resp.Body.Close()
			second := req.Clone(req.Context())
			second.Header.Set("X-Token", "t")
			if req.GetBody != nil {
				if second.Body, err = req.GetBody(); err != nil {
					return nil, err
				}
			}
			return next.RoundTrip(second)
		})
	}
	change := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("X-Token") != "" && req.Body != nil {
				req = req.Clone(req.Context())
				middleware.SetBody(req, []byte("another body"))
			}
			return next.RoundTrip(req)
		})
	}
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{again, change}})
	host := strings.TrimPrefix(rec.URL, "http://")
	for _, body := range []session.Option{session.Text("body"), {}} {
		seen = nil
		resp, err := s.Post(t.Context(), "http://user:pw@"+host, body, session.Cookie("c", "1"))
		if got := readBody(t, resp, err); got != "granted" {
			t.Errorf("got %q", got)
		}
		if len(seen) != 2 || seen[0] != "Basic dXNlcjpwdw==" || seen[1] != "c=1" {
			t.Errorf("the middleware saw %q", seen)
		}
	}
	want := []hop{{body: "body"}, {body: "another body"}, {}, {}}
	for i, h := range rec.hops {
		length := map[string]string{"body": "4", "another body": "12", "": "0"}[want[i].body]
		if h.body != want[i].body || h.header.Get("Content-Length") != length {
			t.Errorf("request %d: got %q with %v", i, h.body, h.header)
		}
	}
	if st := s.Connector().Stats(); st.Opened != 1 {
		t.Errorf("%d connections, want 1", st.Opened)
	}
}

// TestMiddleware runs once per hop, the first outermost, and sees the jar's work.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.SetCookie(w, &http.Cookie{Name: "c", Value: "1"})
			http.Redirect(w, r, "/end", http.StatusFound)
			return
		}
		ok(w, r)
	})
	var log []string
	mark := func(name string) middleware.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				log = append(log, name+req.URL.Path+req.Header.Get("Cookie"))
				return next.RoundTrip(req)
			})
		}
	}
	s := newSession(t, session.Config{Middleware: []middleware.Middleware{mark("a"), nil, mark("b")}})
	resp, err := s.Get(t.Context(), rec.URL+"/")
	readBody(t, resp, err)
	if got, want := fmt.Sprint(log), "[a/ b/ a/endc=1 b/endc=1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
