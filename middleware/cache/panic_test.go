package cache_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// countedBody counts the bodies that are open.
type countedBody struct {
	io.Reader
	open   *atomic.Int64
	closed atomic.Bool
}

func (b *countedBody) Close() error {
	if b.closed.CompareAndSwap(false, true) {
		b.open.Add(-1)
	}
	return nil
}

// countedStore counts the entries that are open.
type countedStore struct {
	cache.Store
	open *atomic.Int64
}

func (s countedStore) Open(key string) (*cache.Entry, error) {
	e, err := s.Store.Open(key)
	if e != nil {
		s.open.Add(1)
		own := *e
		own.Body = countedFile{e.Body, &countedBody{open: s.open}}
		e = &own
	}
	return e, err
}

type countedFile struct {
	io.ReadCloser
	count *countedBody
}

func (f countedFile) Close() error {
	f.count.Close()
	return f.ReadCloser.Close()
}

// TestHookPanics: an OnEvent that panics leaves neither the response nor the entry open.
func TestHookPanics(t *testing.T) {
	t.Parallel()
	for _, kind := range []middleware.EventKind{
		middleware.EventHit, middleware.EventStale, middleware.EventRevalidated, middleware.EventMiss, middleware.EventStored,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var open atomic.Int64
				status, armed := 200, false
				origin := middleware.Func(func(req *http.Request) (*http.Response, error) {
					resp, err := middleware.Answer(status, http.Header{"Etag": {`"1"`}, "Cache-Control": {"max-age=60"}}, "").RoundTrip(req)
					open.Add(1)
					resp.Body, resp.ContentLength = &countedBody{Reader: strings.NewReader("text"), open: &open}, 4
					return resp, err
				})
				c := cache.New(cache.Config{
					Store: countedStore{cache.NewMemory(1 << 20), &open}, StaleIfError: time.Hour,
					OnEvent: func(_ context.Context, e middleware.Event) {
						if armed && e.Kind == kind {
							panic("hook")
						}
					},
				})
				defer c.Close()
				ask := func() (value any) {
					defer func() { value = recover() }()
					req, err := http.NewRequestWithContext(t.Context(), "GET", "http://h/", nil)
					if err != nil {
						t.Fatal(err)
					}
					resp, err := c.Wrap(origin).RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					defer resp.Body.Close()
					_, _ = io.Copy(io.Discard, resp.Body)
					return nil
				}
				if kind != middleware.EventStored {
					ask()
				}
				if kind != middleware.EventHit {
					time.Sleep(2 * time.Minute)
				}
				switch kind {
				case middleware.EventRevalidated:
					status = 304
				case middleware.EventStale:
					status = 503
				default:
				}
				armed = true
				if got := ask(); got != "hook" {
					t.Errorf("got the panic %v, want the hook's", got)
				}
				if n := open.Load(); n != 0 {
					t.Errorf("%d are open", n)
				}
			})
		})
	}
}

// TestRefreshPanics: what panics in the background is an error that OnError hears of.
func TestRefreshPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := make(chan error, 1)
		asked := 0
		c := cache.New(cache.Config{OnError: func(err error) { told <- err }})
		defer c.Close()
		rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			if asked++; asked > 1 {
				panic("hook")
			}
			return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60, stale-while-revalidate=600"}}, "text").RoundTrip(req)
		}))
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), "GET", "http://h/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			time.Sleep(2 * time.Minute)
		}
		select {
		case err := <-told:
			if !strings.Contains(err.Error(), "hook") {
				t.Errorf("got %v", err)
			}
		default:
			t.Error("nobody was told")
		}
	})
}
