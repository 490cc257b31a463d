//go:build interop && linux

package fleet_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/session"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// allParts are the five parts of a fleet and what makes middlewares of them.
type allParts struct {
	fleet  *fleet.Fleet
	jar    *fleet.Jar
	places *fleet.ConcurrencyLimiter
	rate   *fleet.RateLimiter
	token  *fleet.SharedToken
	pages  *cache.Cache
}

func newParts(t *testing.T, cfg fleet.Config) *allParts {
	t.Helper()
	f, _ := newFleet(t, cfg)
	p := &allParts{
		fleet: f, jar: f.Jar(fleet.JarConfig{Rules: jar.Config{Unsafe: true}, MaxAge: 50 * time.Millisecond}),
		places: f.Concurrency(fleet.ConcurrencyConfig{PerHost: 4, Total: 6}), rate: f.RateLimit(fleet.RateLimitConfig{PerHost: 5000, Rate: 8000, Burst: 20, BurstPerHost: 20}),
		token: f.Token(fleet.TokenConfig{Fetch: func(ctx context.Context) (middleware.Token, error) {
			return middleware.Token{Value: "t", Expiry: time.Now().Add(time.Minute)}, ctx.Err()
		}}),
		pages: cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})}),
	}
	t.Cleanup(func() { p.pages.Close() })
	return p
}

// orders are the middlewares in usual and in odd orders.
func (p *allParts) orders() map[string][]middleware.Middleware {
	tokens := middleware.TokenSource(middleware.TokenConfig{Fetch: p.token.Fetch})
	retry := middleware.Retry(middleware.RetryPolicy{})
	hedge := middleware.Hedge(middleware.HedgePolicy{})
	dedupe := middleware.Dedupe(middleware.DedupeConfig{})
	return map[string][]middleware.Middleware{
		"usual":      {p.jar.Wrap, p.pages.Wrap, retry, tokens, p.rate.Wrap, p.places.Wrap},
		"turned":     {p.places.Wrap, p.rate.Wrap, tokens, retry, p.pages.Wrap, p.jar.Wrap},
		"hedged":     {p.jar.Wrap, dedupe, p.pages.Wrap, hedge, retry, tokens, p.places.Wrap, p.rate.Wrap},
		"below":      {hedge, p.rate.Wrap, p.places.Wrap, retry, dedupe, tokens, p.pages.Wrap},
		"twice rate": {p.rate.Wrap, p.rate.Wrap, p.pages.Wrap, p.places.Wrap},
	}
}

// oddServer answers with pages, cookies, redirects, 503 and bodies that stop.
func oddServer(t *testing.T, tls bool) *httptest.Server {
	var n atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 7 {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case 1:
			http.Redirect(w, r, "/elsewhere"+r.URL.Path, http.StatusFound)
			return
		case 2:
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, "x")
			return
		case 3:
			w.Header().Set("Set-Cookie", fmt.Sprintf("c%d=1", n.Load()%10))
		}
		w.Header().Set("Cache-Control", "max-age=1")
		fmt.Fprint(w, strings.Repeat("x", 70_000))
	}))
	if tls {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// TestInteropAbused: whatever the order of the middlewares, and however requests end, all
// places come back and nothing is left behind; over HTTP/1.1 and HTTP/2, while Redis is
// flushed, forgets its scripts and stands still.
func TestInteropAbused(t *testing.T) {
	server := redistest.Start(t)
	for _, tls := range []bool{false, true} {
		for _, name := range []string{"usual", "turned", "hedged", "below", "twice rate"} {
			t.Run(fmt.Sprintf("%s, TLS %v", name, tls), func(t *testing.T) {
				leak.Check(t)
				origin := oddServer(t, tls)
				client := redis.NewClient(&redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
				t.Cleanup(func() { client.Close() })
				p := newParts(t, fleet.Config{Redis: client, Prefix: fmt.Sprintf("%s%v", name, tls), RetryAfter: 50 * time.Millisecond})
				abuse(t, p, p.orders()[name], origin, func() {
					for range 5 {
						client.FlushAll(t.Context())
						client.ScriptFlush(t.Context())
						time.Sleep(20 * time.Millisecond)
					}
					server.Stop()
					time.Sleep(300 * time.Millisecond)
					server.Continue()
				})
			})
		}
	}
}

func abuse(t *testing.T, p *allParts, order []middleware.Middleware, origin *httptest.Server, meanwhile func()) {
	t.Helper()
	pool := connector.Config{}
	if origin.TLS != nil {
		pool.TLS = origin.Client().Transport.(*http.Transport).TLSClientConfig
	}
	conns, err := connector.New(pool)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(session.Config{Jar: p.jar, Middleware: order, Connector: conns, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var group sync.WaitGroup
	var left sync.Map
	for g := range 12 {
		group.Go(func() {
			for i := range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if i%3 == 0 {
					time.AfterFunc(time.Duration(i*g)*time.Millisecond/4, cancel)
				}
				resp, err := s.Get(ctx, fmt.Sprintf("%s/%d", origin.URL, i%5))
				switch {
				case err != nil && !errors.Is(err, errors.ErrClient) && ctx.Err() == nil:
					t.Errorf("got %T %v, want an error of the library", err, err)
				case err != nil:
				case g == 0 && (i == 1 || i == 5): // nobody closes it for now
					left.Store(resp, true)
				case i%4 == 2:
					resp.Body.Close()
				default:
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				cancel()
			}
		})
	}
	meanwhile()
	p.fleet.Close() // while requests are under way
	group.Wait()
	await(t, func() bool { s := p.rate.Stats(); return s.Waiting == 0 })
	left.Range(func(resp, _ any) bool { resp.(*session.Response).Body.Close(); return true })
	await(t, func() bool { return p.places.Stats().Places == 0 && p.places.Stats().Waiting == 0 })
	if n := p.token.Stats().Waiting; n != 0 {
		t.Errorf("got %d that wait for a token, want none", n)
	}
	if u, err := url.Parse(origin.URL); err == nil {
		p.jar.Cookies(u)
	}
	p.pages.Close()
}

// TestInteropManyHosts: ten thousand hosts, one request each: nothing is kept of them for
// long, here or in Redis.
func TestInteropManyHosts(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client()
	f, _ := newFleet(t, fleet.Config{Redis: client, Timeout: 5 * time.Second})
	j := f.Jar(fleet.JarConfig{MaxSites: 100, KeepSession: time.Second})
	places := f.Concurrency(fleet.ConcurrencyConfig{PerHost: 1, Total: 50})
	rate := f.RateLimit(fleet.RateLimitConfig{PerHost: 1})
	rt := rate.Wrap(places.Wrap(middleware.Answer(200, nil, "x")))
	var group sync.WaitGroup
	for g := range 20 {
		group.Go(func() {
			for i := range 500 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://h%d-%d.example/", g, i), http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				j.SetCookieHeaders(req.URL, []string{"a=1"})
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	group.Wait()
	await(t, func() bool { return places.Stats().Places == 0 })
	if s := j.Stats(); s.Sites > 200 || s.Pending > 0 {
		t.Errorf("got %+v, want no more than 200 sites", s)
	}
	if s := rate.Stats(); s.Waiting > 0 || len(s.Keys) > 0 {
		t.Errorf("got %+v, want nobody to wait", s)
	}
	await(t, func() bool { n, err := client.DBSize(t.Context()).Result(); return err == nil && n < 10 })
}
