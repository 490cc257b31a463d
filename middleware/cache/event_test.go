package cache_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// TestCacheEvents: each request of the cache's has one event that says where the response
// came from, and one more if it was stored.
func TestCacheEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failing := false
		origin := middleware.Func(func(req *http.Request) (*http.Response, error) {
			switch {
			case failing:
				return middleware.Answer(503, nil, "").RoundTrip(req)
			case req.Header.Get("If-None-Match") == `"1"`:
				return middleware.Answer(304, http.Header{"Etag": {`"1"`}, "Cache-Control": {"max-age=60"}}, "").RoundTrip(req)
			}
			h := http.Header{"Etag": {`"` + strings.TrimPrefix(req.URL.Path, "/") + `"`}, "Cache-Control": {"max-age=60"}}
			return middleware.Answer(200, h, strings.Repeat("x", 500)).RoundTrip(req)
		})
		var got []string
		c := cache.New(cache.Config{
			Store: cache.NewMemory(2500), StaleIfError: time.Hour,
			OnEvent: func(ctx context.Context, e middleware.Event) {
				if ctx != t.Context() || e.Policy != "cache" || e.Host != "http://h:80" {
					t.Errorf("got %+v", e)
				}
				got = append(got, fmt.Sprint(string(e.Kind), " ", e.Status))
			},
		})
		defer c.Close()
		rt := c.Wrap(origin)
		ask := func(method, path string, want ...string) {
			t.Helper()
			got = nil
			req, err := http.NewRequestWithContext(t.Context(), method, "http://h"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if !slices.Equal(got, want) {
				t.Errorf("%s %s: got %q, want %q", method, path, got, want)
			}
		}
		ask("GET", "/1", "miss 0", "stored 200")
		ask("GET", "/1", "hit 200")
		time.Sleep(time.Minute)
		ask("GET", "/1", "revalidated 200")
		ask("GET", "/1", "hit 200")
		time.Sleep(time.Minute)
		failing = true
		ask("GET", "/1", "stale 200")
		failing = false
		ask("HEAD", "/1", "miss 200")
		ask("GET", "/2", "miss 0", "stored 200")
		time.Sleep(time.Minute)
		ask("GET", "/2", "miss 200", "stored 200") // another one
		ask("POST", "/2")
		ask("GET", "/3", "miss 0", "stored 200")
		ask("GET", "/4", "miss 0", "stored 200")
		ask("GET", "/5", "miss 0", "stored 200")
		s := c.Stats()
		if s.Stored != 6 || s.Evicted != 2 || s.Entries != 2 || s.Bytes < 1000 || s.Bytes > 2500 {
			t.Errorf("got %+v", s)
		}
	})
}
