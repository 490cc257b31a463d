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
		ask("GET", "/4", "miss 0", "stored 200", "evicted 0")
		ask("GET", "/5", "miss 0", "stored 200", "evicted 0")
		s := c.Stats()
		if s.Stored != 6 || s.Evicted != 2 || s.Entries != 2 || s.Bytes < 1000 || s.Bytes > 2500 {
			t.Errorf("got %+v", s)
		}
	})
}

// TestCacheCounts: each request that is looked up is counted once, as it is told: also if
// the server fails, if what is kept ends at once, and if nothing may be fetched.
func TestCacheCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		control  string   // the Cache-Control of what is stored
		requests []string // method, Cache-Control, and what the server does: "" answers anew
		want     string   // hit, stale, revalidated, miss, replaced
	}{
		{"hit", "max-age=60", []string{"GET||", "GET||"}, "1 0 0 1 0"},
		{"revalidated, ended again", "max-age=0", []string{"GET||", "GET||304"}, "0 0 1 1 0"},
		{"asked after, still fresh", "max-age=60", []string{"GET||", "GET|no-cache|304"}, "0 0 1 1 0"},
		{"replaced", "max-age=0", []string{"GET||", "GET||200"}, "0 0 0 1 1"},
		{"gone", "max-age=0", []string{"GET||", "GET||404"}, "0 0 0 1 1"},
		{"stale, the server fails", "max-age=0, stale-if-error=60", []string{"GET||", "GET||503"}, "0 1 0 1 0"},
		{"stale, no server", "max-age=0, stale-if-error=60", []string{"GET||", "GET||fail"}, "0 1 0 1 0"},
		{"no server, and nothing old is wanted", "max-age=60, stale-if-error=60", []string{"GET||", "GET|no-cache|fail"}, "0 0 0 2 0"},
		{"the server fails", "max-age=0", []string{"GET||", "GET||503"}, "0 0 0 2 0"},
		{"no server", "max-age=0", []string{"GET||", "GET||fail"}, "0 0 0 2 0"},
		{"no server at first", "max-age=60", []string{"GET||fail"}, "0 0 0 1 0"},
		{"only if cached", "max-age=60", []string{"GET|only-if-cached|", "GET||", "GET|only-if-cached|"}, "1 0 0 2 0"},
		{"only if cached, ended", "max-age=0", []string{"GET||", "GET|only-if-cached|"}, "0 0 0 2 0"},
		{"head", "max-age=60", []string{"GET||", "HEAD||"}, "1 0 0 1 0"},
		{"head, ended", "max-age=0", []string{"GET||", "HEAD||200"}, "0 0 0 2 0"},
		{"head, gone", "max-age=0", []string{"GET||", "HEAD||404"}, "0 0 0 2 0"},
		{"head, no server", "max-age=0", []string{"GET||", "HEAD||fail"}, "0 0 0 2 0"},
		{"not looked up", "max-age=60", []string{"POST||", "GET|no-store|", "OPTIONS||"}, "0 0 0 0 0"},
		{"another 304", "max-age=0", []string{"GET||", "GET||other"}, "0 0 0 2 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			told := map[string]int64{}
			c := cache.New(cache.Config{OnEvent: func(_ context.Context, e middleware.Event) {
				told[string(e.Kind)+e.Reason]++
			}})
			defer c.Close()
			rt := c.Wrap(countedOrigin(tt.control))
			for _, request := range tt.requests {
				part := strings.Split(request, "|")
				req, err := http.NewRequestWithContext(t.Context(), part[0], "http://h/", nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Cache-Control", part[1])
				req.Header.Set("X-Server", part[2])
				if resp, err := rt.RoundTrip(req); err == nil {
					if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						t.Error(err)
					}
					resp.Body.Close()
				}
			}
			if got := fmt.Sprint(told["hit"], told["stale"], told["revalidated"], told["miss"], told["missreplaced"]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			s := c.Stats()
			if got := fmt.Sprint(s.Hits-s.Stale, s.Stale, s.Validated, s.Misses, s.Replaced); got != tt.want {
				t.Errorf("got the stats %s, want %s", got, tt.want)
			}
			if s.Stored != told["stored"] || s.Evicted != told["evicted"] {
				t.Errorf("got %+v, told %v", s, told)
			}
		})
	}
}

// countedOrigin answers as the request's X-Server says.
func countedOrigin(control string) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Etag": {`"1"`}, "Cache-Control": {control}}
		switch req.Header.Get("X-Server") {
		case "fail":
			return nil, io.ErrUnexpectedEOF
		case "304":
			return middleware.Answer(304, h, "").RoundTrip(req)
		case "other":
			if req.Header.Get("If-None-Match") != "" {
				h.Set("Etag", `"2"`)
				return middleware.Answer(304, h, "").RoundTrip(req)
			}
		case "404":
			return middleware.Answer(404, nil, "").RoundTrip(req)
		case "503":
			return middleware.Answer(503, nil, "").RoundTrip(req)
		}
		return middleware.Answer(200, h, "body").RoundTrip(req)
	})
}
