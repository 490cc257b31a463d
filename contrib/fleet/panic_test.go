package fleet_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// recovered runs it, and returns what it panics with.
func recovered(run func()) (value any) {
	defer func() { value = recover() }()
	run()
	return nil
}

// TestTokenPanic: a Fetch that panics gives the turn to the next one at once.
func TestTokenPanic(t *testing.T) {
	one, server := newFleet(t, fleet.Config{Lease: time.Minute})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server), Lease: time.Minute})
	bad := one.Token(fleet.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) { panic("fetch") }})
	good := two.Token(fleet.TokenConfig{Fetch: func(context.Context) (middleware.Token, error) {
		return middleware.Token{Value: "t"}, nil
	}})
	if got := recovered(func() { _, _ = bad.Fetch(t.Context()) }); got != "fetch" {
		t.Fatalf("got %v, want the panic", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if token, err := good.Fetch(ctx); err != nil || token.Value != "t" {
		t.Errorf("got %v and %v, want the token", token, err)
	}
	if s := bad.Stats(); s.Waiting != 0 {
		t.Errorf("got %+v, want nobody to wait", s)
	}
}

// TestPolicyPanic: a Key or a transport that panics keeps no place.
func TestPolicyPanic(t *testing.T) {
	f, _ := newFleet(t, fleet.Config{Lease: time.Minute})
	key := func(req *http.Request) string {
		if req.URL.Path == "/key" {
			panic("key")
		}
		return "k"
	}
	places := f.Concurrency(fleet.ConcurrencyConfig{PerHost: 1, Total: 1, Key: key})
	rt := f.RateLimit(fleet.RateLimitConfig{PerHost: 1e5, Key: key}).Wrap(places.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/send" {
			panic("send")
		}
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	})))
	for _, path := range []string{"/key", "/send", "/"} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h.example"+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		got := recovered(func() {
			resp, err := rt.RoundTrip(req)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return
			}
			resp.Body.Close()
		})
		if want := path[1:]; want != "" && got != want {
			t.Errorf("%s: got %v, want the panic", path, got)
		}
	}
	await(t, func() bool { return places.Stats().Places == 0 })
}

// TestCachePanic: a transport that panics gives the turn to another process at once.
func TestCachePanic(t *testing.T) {
	one, server := newFleet(t, fleet.Config{Lease: time.Minute})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server), Lease: time.Minute})
	get := func(f *fleet.Fleet, next http.RoundTripper) (err error) {
		pages := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})})
		defer pages.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://h.example/", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := pages.Wrap(next).RoundTrip(req)
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	if got := recovered(func() {
		_ = get(one, middleware.Func(func(*http.Request) (*http.Response, error) { panic("send") }))
	}); got != "send" {
		t.Fatalf("got %v, want the panic", got)
	}
	if err := get(two, middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60"}}, "x")); err != nil {
		t.Error(err)
	}
}

// TestEventsOfAll: whoever listens to the fleet hears of every part.
func TestEventsOfAll(t *testing.T) {
	var mu sync.Mutex
	heard, own := map[string]int{}, 0
	listen := func(_ context.Context, e middleware.Event) {
		mu.Lock()
		defer mu.Unlock()
		heard[e.Policy+" "+string(e.Kind)]++
	}
	f, _ := newFleet(t, fleet.Config{OnEvent: listen})
	rate := f.RateLimit(fleet.RateLimitConfig{PerHost: 0.001, FailFast: true, OnEvent: func(context.Context, middleware.Event) { own++ }})
	places := f.Concurrency(fleet.ConcurrencyConfig{PerHost: 1, FailFast: true})
	for _, mw := range []middleware.Middleware{rate.Wrap, places.Wrap} {
		rt := mw(middleware.Answer(200, nil, "x"))
		for range 2 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://h.example/", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := rt.RoundTrip(req); err == nil {
				defer resp.Body.Close()
			}
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if heard["fleet rate limit refused"] != 1 || heard["fleet concurrency refused"] != 1 || own != 1 {
		t.Errorf("got %v and %d, want one of each", heard, own)
	}
}

// TestNoNext: a part without a transport refuses requests, as the library's middlewares do.
func TestNoNext(t *testing.T) {
	for _, mode := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
		f, _ := newFleet(t, fleet.Config{Unavailable: mode})
		for name, wrap := range map[string]middleware.Middleware{
			"jar": f.Jar(fleet.JarConfig{}).Wrap, "rate": f.RateLimit(fleet.RateLimitConfig{PerHost: 100}).Wrap,
			"places": f.Concurrency(fleet.ConcurrencyConfig{PerHost: 1}).Wrap,
		} {
			if rt := wrap(nil); rt == nil || !errors.Is(readOne(t, rt), errors.ErrInvalidRequest) {
				t.Errorf("%s, %v: got no InvalidRequestError", name, mode)
			}
		}
	}
}
