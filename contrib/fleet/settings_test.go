package fleet_test

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// readOne reads a response to its end.
func readOne(t *testing.T, rt http.RoundTripper) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h.example/", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// TestOddSettings: whatever the numbers and names are, the first request goes at once.
func TestOddSettings(t *testing.T) {
	const most = time.Duration(math.MaxInt64)
	for name, c := range map[string]struct {
		cfg    fleet.Config
		rate   fleet.RateLimitConfig
		places fleet.ConcurrencyConfig
	}{
		"negative": {
			fleet.Config{Timeout: -1, RetryAfter: -1, Lease: -1, Processes: -1},
			fleet.RateLimitConfig{Rate: -1, PerHost: -1, Burst: -1, BurstPerHost: -1, MaxWait: -1, MaxPause: -1},
			fleet.ConcurrencyConfig{PerHost: -1, Total: 1},
		},
		"huge": {
			fleet.Config{Timeout: most, RetryAfter: most, Lease: 1000 * time.Hour, Processes: math.MaxInt},
			fleet.RateLimitConfig{Rate: math.MaxFloat64, PerHost: math.Inf(1), Burst: math.MaxInt, BurstPerHost: math.MaxInt, MaxWait: most, MaxPause: most},
			fleet.ConcurrencyConfig{PerHost: math.MaxInt, Total: math.MaxInt},
		},
		"tiny": {
			fleet.Config{Lease: 1, Processes: 1},
			fleet.RateLimitConfig{Rate: math.SmallestNonzeroFloat64, PerHost: math.NaN()},
			fleet.ConcurrencyConfig{PerHost: 1, Total: math.MinInt},
		},
		"names": {
			fleet.Config{Prefix: "a b:*\x00\n\xff"},
			fleet.RateLimitConfig{Name: "a b:*/\x00\n\xff", PerHost: 1},
			fleet.ConcurrencyConfig{Name: "{}\x00\n", PerHost: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, redis := newFleet(t, c.cfg)
			j := f.Jar(fleet.JarConfig{Name: "{}} \n", MaxAge: c.cfg.Timeout, KeepSession: c.cfg.Timeout})
			rt := f.RateLimit(c.rate).Wrap(f.Concurrency(c.places).Wrap(middleware.Answer(200, http.Header{"Retry-After": {"99999999999"}}, "x")))
			if err := readOne(t, rt); err != nil {
				t.Errorf("got %v, want none", err)
			}
			j.SetCookieHeaders(parseURL(t, "https://h.example/"), []string{"a=1"})
			if got := sent(t, j, "https://h.example/"); got != "a=1" {
				t.Errorf("got %q, want a=1", got)
			}
			await(t, func() bool { return f.Stats().Processes > 0 })
			if s := f.Stats(); s.Failed > 0 || s.Skipped > 0 {
				t.Errorf("got %+v, want Redis to answer", s)
			}
			for _, key := range redis.Keys() {
				if redis.TTL(key) <= 0 || !strings.HasPrefix(key, c.cfg.Prefix) {
					t.Errorf("%q: got %v to live, want some", key, redis.TTL(key))
				}
			}
		})
	}
}

// TestDifferentLeases: a process with a short lease does not make the others forgotten.
func TestDifferentLeases(t *testing.T) {
	long, redis := newFleet(t, fleet.Config{Lease: time.Minute})
	await(t, func() bool { return long.Stats().Calls > 0 })
	short, _ := newFleet(t, fleet.Config{Redis: redisOf(t, redis), Lease: time.Second})
	await(t, func() bool { return short.Stats().Processes == 2 })
	for _, key := range redis.Keys() {
		if ttl := redis.TTL(key); strings.Contains(key, "members") && ttl < 50*time.Second {
			t.Errorf("got %v, want what the longer lease needs", ttl)
		}
	}
}

// TestDifferentSettings: processes that are configured differently still let requests go.
func TestDifferentSettings(t *testing.T) {
	one, redis := newFleet(t, fleet.Config{Lease: time.Minute})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, redis), Lease: time.Second})
	answer := middleware.Answer(200, nil, "x")
	few := one.RateLimit(fleet.RateLimitConfig{PerHost: 1000}).Wrap(one.Concurrency(fleet.ConcurrencyConfig{PerHost: 1}).Wrap(answer))
	many := two.RateLimit(fleet.RateLimitConfig{PerHost: 1e4, Rate: 1e4, Burst: 9}).Wrap(two.Concurrency(fleet.ConcurrencyConfig{PerHost: 9, Total: 20}).Wrap(answer))
	for range 20 {
		for _, rt := range []http.RoundTripper{few, many} {
			if err := readOne(t, rt); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestCacheStoreFails: a response that Redis does not take, although it answers otherwise,
// keeps the others waiting for no lease.
func TestCacheStoreFails(t *testing.T) {
	one, redis := newFleet(t, fleet.Config{Lease: time.Minute})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, redis), Lease: time.Minute})
	body := strings.Repeat("x", 1000)
	redis.Server().SetPreHook(func(peer *server.Peer, cmd string, args ...string) bool {
		for _, arg := range args {
			if strings.HasPrefix(cmd, "EVAL") && strings.HasSuffix(arg, body) {
				peer.WriteError("NOPERM this user has no permissions")
				return true
			}
		}
		return false
	})
	for _, f := range []*fleet.Fleet{one, two} {
		pages := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})})
		defer pages.Close()
		rt := pages.Wrap(middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60"}}, body))
		if err := readOne(t, rt); err != nil {
			t.Errorf("got %v, want none", err)
		}
	}
}

// TestCacheLeaseStays: a lease that cannot be ended, since Redis is read-only by now, keeps
// nobody from reading.
func TestCacheLeaseStays(t *testing.T) {
	f, redis := newFleet(t, fleet.Config{})
	pages := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})})
	defer pages.Close()
	rt := pages.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		redis.Server().SetPreHook(func(peer *server.Peer, cmd string, _ ...string) bool {
			if strings.HasPrefix(cmd, "EVAL") {
				peer.WriteError("READONLY You can't write against a read only replica.")
			}
			return strings.HasPrefix(cmd, "EVAL")
		})
		return &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: http.NoBody}, nil
	}))
	if err := readOne(t, rt); err != nil {
		t.Errorf("got %v, want none", err)
	}
	if got := f.Stats().Unavailable; slices.Contains(got, "fleet cache") {
		t.Errorf("got %q, want it to be read", got)
	}
}
