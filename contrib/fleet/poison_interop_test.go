//go:build interop && linux

package fleet_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// spoil puts something else under all keys: another type, or another value.
func spoil(t *testing.T, c *redis.Client, prefix string, other bool) {
	t.Helper()
	ctx := t.Context()
	keys, err := c.Keys(ctx, prefix+":*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatalf("got %q and %v, want some keys", keys, err)
	}
	for _, key := range keys {
		switch kind := c.Type(ctx, key).Val(); {
		case strings.Contains(key, ":members:"):
		case other:
			err = c.Del(ctx, key).Err()
			if err == nil {
				err = c.RPush(ctx, key, "foreign").Err()
			}
		case kind == "hash":
			for _, field := range c.HKeys(ctx, key).Val() {
				err = c.HSet(ctx, key, field, "foreign").Err()
			}
		case kind == "string":
			err = c.Set(ctx, key, "foreign", redis.KeepTTL).Err()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestInteropSpoiled: what somebody else has put under a key of a part is the failure of that
// key alone: for others Redis is asked as before.
func TestInteropSpoiled(t *testing.T) {
	for _, other := range []bool{true, false} {
		t.Run(map[bool]string{true: "type", false: "value"}[other], func(t *testing.T) {
			server := redistest.Start(t)
			var mu sync.Mutex
			var kinds []string
			f, _ := newFleet(t, fleet.Config{Redis: server.Client(), Prefix: "p", Lease: 10 * time.Second, OnEvent: func(_ context.Context, e middleware.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == fleet.EventUnavailable || e.Kind == middleware.EventFailed {
					kinds = append(kinds, e.Policy+" "+string(e.Kind))
				}
			}})
			j, store := f.Jar(fleet.JarConfig{MaxAge: -1}), f.Cache(fleet.CacheConfig{})
			pages := cache.New(cache.Config{Store: store})
			defer pages.Close()
			tokens := map[string]*fleet.SharedToken{}
			for _, name := range []string{"spoiled", "good"} {
				tokens[name] = f.Token(fleet.TokenConfig{Name: name, Fetch: func(context.Context) (middleware.Token, error) {
					return middleware.Token{Value: "t", Expiry: time.Now().Add(time.Hour)}, nil
				}})
			}
			rate := f.RateLimit(fleet.RateLimitConfig{PerHost: 1000})
			inner := middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60"}}, "x")
			rt := pages.Wrap(rate.Wrap(f.Concurrency(fleet.ConcurrencyConfig{PerHost: 2}).Wrap(inner)))
			use := func(host string) {
				t.Helper()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if _, err := tokens[host].Fetch(ctx); err != nil {
					t.Errorf("%s: %v", host, err)
				}
				u := "https://" + host + ".example/"
				j.SetCookieHeaders(parseURL(t, u), []string{"a=1"})
				for i := range 3 {
					req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprint(u, i), http.NoBody)
					if err != nil {
						t.Fatal(err)
					}
					resp, err := rt.RoundTrip(req)
					if err != nil {
						t.Fatalf("%s: %v", host, err)
					}
					defer resp.Body.Close() // not before all: places are in use
					if i > 0 {
						if _, err := io.Copy(io.Discard, resp.Body); err != nil {
							t.Error(err)
						}
					}
				}
				if got := sent(t, j, u); got != "a=1" {
					t.Errorf("%s: got %q, want a=1", host, got)
				}
			}
			use("spoiled")
			spoil(t, server.Client(), "p", other)
			use("spoiled")
			mu.Lock()
			t.Logf("got %q", kinds)
			if i := slices.IndexFunc(kinds, func(k string) bool { return strings.HasSuffix(k, "unavailable") }); i >= 0 {
				t.Errorf("got %q, want Redis to be asked on", kinds)
			}
			mu.Unlock()
			local := rate.Stats().Local
			use("good")
			if s := f.Stats(); len(s.Unavailable) > 0 || s.Skipped > 0 || rate.Stats().Local != local {
				t.Errorf("got %+v and %d by the share, want Redis to be asked", s, rate.Stats().Local-local)
			}
		})
	}
}
