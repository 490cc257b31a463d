package session_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
)

// stalledServer answers in part, if at all, and tells by a channel that it has.
func stalledServer(t *testing.T) (url string, asked chan struct{}) {
	t.Helper()
	asked = make(chan struct{}, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "abc")
			http.NewResponseController(w).Flush()
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: x\n\n")
			http.NewResponseController(w).Flush()
		case "/busy":
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(http.StatusServiceUnavailable)
			asked <- struct{}{}
			return
		}
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	t.Cleanup(srv.Close)
	return srv.URL, asked
}

// TestCausesEverywhere: whoever waits, and for what, is told why the context ended, on
// one line: the context's error and its cause.
func TestCausesEverywhere(t *testing.T) {
	t.Parallel()
	errShutdown := stderrors.New("shutting down")
	for name, call := range map[string]func(ctx context.Context, s *session.Session, url string) error{
		"head": func(ctx context.Context, s *session.Session, url string) error {
			_, err := s.Get(ctx, url)
			return err
		},
		"retry": func(ctx context.Context, s *session.Session, url string) error {
			_, err := s.Get(ctx, url+"/busy")
			return err
		},
		"body": func(ctx context.Context, s *session.Session, url string) error {
			resp, err := s.Get(ctx, url+"/body")
			if err == nil {
				_, err = resp.Bytes()
			}
			return err
		},
		"save": func(ctx context.Context, s *session.Session, url string) error {
			_, err := s.Save(ctx, url+"/body", session.SaveConfig{Path: filepath.Join(t.TempDir(), "f")})
			return err
		},
		"events": func(ctx context.Context, s *session.Session, url string) error {
			for _, err := range (&session.EventSource{Session: s, URL: url + "/events"}).Events(ctx) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"websocket": func(ctx context.Context, s *session.Session, url string) error {
			_, err := s.WebSocket(ctx, url, nil)
			return err
		},
		"pages": func(ctx context.Context, s *session.Session, url string) error {
			for _, err := range s.Pages(ctx, url) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"client of net/http": func(ctx context.Context, s *session.Session, url string) error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				return err
			}
			_, err = s.Client().Do(req)
			return err
		},
	} {
		for _, cause := range []error{
			errShutdown, fmt.Errorf("%w: %w", errShutdown, context.Canceled),
			stderrors.Join(errShutdown, stderrors.New("now")), stderrors.Join(context.Canceled, errShutdown),
		} {
			t.Run(fmt.Sprintf("%s/%q", name, cause), func(t *testing.T) {
				t.Parallel()
				url, asked := stalledServer(t)
				responses := cache.New(cache.Config{})
				defer responses.Close()
				s := newSession(t, session.Config{Middleware: []middleware.Middleware{
					middleware.Retry(middleware.RetryPolicy{MaxWait: time.Minute}), responses.Wrap,
				}})
				ctx, cancel := context.WithCancelCause(t.Context())
				go func() { // it ends with the call
					<-asked
					cancel(cause)
				}()
				err := call(ctx, s, url)
				if !stderrors.Is(err, context.Canceled) || !stderrors.Is(err, errShutdown) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %q, want the cause and context.Canceled on one line", err)
				}
			})
		}
	}
}

// TestForeignErrorsOnOneLine: what a Transport of somebody else's says in several lines
// is said on one.
func TestForeignErrorsOnOneLine(t *testing.T) {
	t.Parallel()
	first := stderrors.New("first")
	for name, chain := range map[string][]middleware.Middleware{"alone": nil, "retry": {middleware.Retry(middleware.RetryPolicy{MinWait: -1})}} {
		s := newSession(t, session.Config{Middleware: chain, Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
			return nil, stderrors.Join(first, stderrors.New("second"))
		})})
		_, err := s.Get(t.Context(), "http://h.example/")
		if !stderrors.Is(err, first) || !strings.Contains(err.Error(), "first; second") {
			t.Errorf("%s: got %q", name, err)
		}
	}
}
