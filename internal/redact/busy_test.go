package redact_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	cachemw "github.com/aiolos-http/aiolos/middleware/cache"
)

// TestNoSecretOfRequestsUnderWay: what is under way is known by its URL and its
// header, and none of that is printed.
func TestNoSecretOfRequestsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := middleware.Func(func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return answer{}.RoundTrip(req)
		})
		cache := cachemw.New(cachemw.Config{StaleWhileRevalidate: time.Hour})
		defer cache.Close()
		token := func(context.Context) (middleware.Token, error) {
			time.Sleep(time.Minute)
			return middleware.Token{Value: canary}, nil
		}
		for name, mw := range map[string]middleware.Middleware{
			"Cache": cache.Wrap, "Dedupe": middleware.Dedupe(middleware.DedupeConfig{}),
			"TokenSource": middleware.TokenSource(middleware.TokenConfig{Fetch: token}),
		} {
			rt := mw(slow)
			get := func() { // asks for what is stored, too old, and fetched again in the background
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, secretURL, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if req.Header = secretHeader(); name == "TokenSource" { // it leaves alone who has credentials
					delete(req.Header, "Authorization")
					delete(req.Header, "authorization")
				}
				if resp, err := rt.RoundTrip(req); err != nil {
					t.Errorf("%s: %v", name, err)
				} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			get()
			time.Sleep(2 * time.Minute)
			for range 2 {
				go get()
			}
			synctest.Wait()
			for _, v := range []any{rt, cache} {
				for way, text := range printed(v) {
					if secret := secretIn(text); secret != "" {
						t.Errorf("%s, %s: has %q: %.500s", name, way, secret, text)
					}
				}
			}
			time.Sleep(10 * time.Minute)
		}
		if stats := cache.Stats(); stats.Refreshes == 0 {
			t.Errorf("nothing was fetched in the background: %+v", stats)
		}
	})
}

// TestPoliciesArePrintedUnderWay: fmt does not look into what requests are changing,
// which the race detector would see.
func TestPoliciesArePrintedUnderWay(t *testing.T) {
	t.Parallel()
	for _, wrap := range addPolicies(func(string, ...any) {}) {
		rt := wrap(answer{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range 20 {
					req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://h.example/", nil)
					if resp, err := rt.RoundTrip(req); err != nil {
						t.Error(err)
					} else if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						t.Error(err)
					} else {
						resp.Body.Close()
					}
				}
			})
		}
		for range 20 {
			printed(rt)
		}
		wg.Wait()
	}
}
