package fleet_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// answering is a server whose responses are under way until their bodies are closed, or
// until their request ends.
func answering() http.RoundTripper {
	return middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("text"))}, nil
	})
}

// placeTest is what the tests of places do requests with.
type placeTest struct {
	t  *testing.T
	rt http.RoundTripper
}

// get is the response, which is under way until it is closed.
func (p placeTest) get(ctx context.Context, url string) (*http.Response, error) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.rt.RoundTrip(req)
}

func (p placeTest) mustGet(url string) *http.Response {
	p.t.Helper()
	resp, err := p.get(p.t.Context(), url)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp
}

// start gets in a goroutine; the channel has the response.
func (p placeTest) start(url string) <-chan *http.Response {
	got := make(chan *http.Response, 1)
	go func() {
		resp, err := p.get(context.Background(), url)
		if err != nil {
			p.t.Error(err)
		}
		got <- resp
	}()
	return got
}

// newPlaces is a limiter of a fleet of its own on that server, or a new one.
func newPlaces(t *testing.T, server *miniredis.Miniredis, cfg fleet.Config, limit fleet.ConcurrencyConfig) (*fleet.ConcurrencyLimiter, *miniredis.Miniredis, placeTest) {
	t.Helper()
	if server != nil {
		cfg.Redis = redisOf(t, server)
	}
	f, made := newFleet(t, cfg)
	if server == nil {
		server = made
	}
	c := f.Concurrency(limit)
	return c, server, placeTest{t, c.Wrap(answering())}
}

// TestConcurrencyShared: two processes have the places of one limit, and one that comes
// free goes to who has waited longest, in whichever process.
func TestConcurrencyShared(t *testing.T) {
	limit := fleet.ConcurrencyConfig{PerHost: 2}
	a, server, one := newPlaces(t, nil, fleet.Config{Lease: 10 * time.Second}, limit)
	b, _, two := newPlaces(t, server, fleet.Config{Lease: 10 * time.Second}, limit)
	first, second := one.mustGet("http://h/"), two.mustGet("http://h/")
	third := two.start("http://h/")
	await(t, func() bool { return b.Stats().Waiting == 1 && queued(t, server) == 1 })
	fourth := one.start("http://h/")
	await(t, func() bool { return a.Stats().Waiting == 1 && queued(t, server) == 2 })
	other := one.mustGet("http://other/")
	other.Body.Close()
	first.Body.Close()
	(<-third).Body.Close()
	second.Body.Close()
	(<-fourth).Body.Close()
	awaitNoPlaces(t, server, a, b)
	if s := a.Stats(); s.Sent != 3 || s.Waited != 1 || s.Lost != 0 {
		t.Errorf("got %+v, want 3 sent and 1 that has waited", s)
	}
}

// queued is how many wait in Redis.
func queued(t *testing.T, server *miniredis.Miniredis) (n int) {
	t.Helper()
	for _, key := range server.Keys() {
		if strings.HasSuffix(key, ":queue") {
			members, err := server.ZMembers(key)
			if errors.Is(err, miniredis.ErrKeyNotFound) {
				continue // since it was listed
			}
			if err != nil {
				t.Fatal(err)
			}
			n += len(members)
		}
	}
	return n
}

// awaitNoPlaces waits until nobody has a place or waits for one, in Redis too.
func awaitNoPlaces(t *testing.T, server *miniredis.Miniredis, limiters ...*fleet.ConcurrencyLimiter) {
	t.Helper()
	await(t, func() bool {
		for _, c := range limiters {
			if s := c.Stats(); s.Places+s.Waiting > 0 || fleet.Gates(c) > 0 {
				return false
			}
		}
		return !slices.ContainsFunc(server.Keys(), func(key string) bool { return strings.Contains(key, ":places:") })
	})
}

func TestConcurrencyKeysAndTotal(t *testing.T) {
	byPath := func(req *http.Request) string { return req.URL.Path }
	_, _, rt := newPlaces(t, nil, fleet.Config{}, fleet.ConcurrencyConfig{PerHost: 1, Total: 2, Key: byPath, FailFast: true})
	one := rt.mustGet("http://h/a")
	for _, tt := range []struct{ url, host string }{{"http://h/a", "http://h:80"}} {
		_, err := rt.get(t.Context(), tt.url)
		limit, ok := errors.AsType[*middleware.LimitError](err)
		if !ok || !errors.Is(err, middleware.ErrConcurrency) || limit.Host != tt.host {
			t.Errorf("got %v, want a limit for %q", err, tt.host)
		}
	}
	two := rt.mustGet("http://h/b")
	_, err := rt.get(t.Context(), "http://h/c")
	if limit, ok := errors.AsType[*middleware.LimitError](err); !ok || limit.Host != "" {
		t.Errorf("got %v, want the limit of all", err)
	}
	one.Body.Close()
	await(t, func() bool {
		resp, err := rt.get(t.Context(), "http://h/c")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	two.Body.Close()
}

func TestConcurrencyWithoutLimit(t *testing.T) {
	_, _, rt := newPlaces(t, nil, fleet.Config{}, fleet.ConcurrencyConfig{})
	if _, err := rt.get(t.Context(), "http://h/"); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v, want an invalid request", err)
	}
}

// TestConcurrencyLeave: who stops waiting leaves nothing behind.
func TestConcurrencyLeave(t *testing.T) {
	c, server, rt := newPlaces(t, nil, fleet.Config{Lease: 10 * time.Second}, fleet.ConcurrencyConfig{Total: 1})
	held := rt.mustGet("http://h/")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	left := make(chan error, 1)
	go func() {
		_, err := rt.get(ctx, "http://h/")
		left <- err
	}()
	await(t, func() bool { return queued(t, server) == 1 })
	cancel(why)
	if err := <-left; !errors.Is(err, why) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, why)
	}
	await(t, func() bool { return queued(t, server) == 0 })
	held.Body.Close()
	awaitNoPlaces(t, server, c)
}

// TestConcurrencyBound: the limit holds, whoever comes and goes.
func TestConcurrencyBound(t *testing.T) {
	const limit, processes, each, rounds = 5, 3, 20, 5
	var now, most atomic.Int64
	server := miniredis.RunT(t)
	var group sync.WaitGroup
	var limiters []*fleet.ConcurrencyLimiter
	for range processes {
		c, _, _ := newPlaces(t, server, fleet.Config{Lease: 10 * time.Second, Timeout: 5 * time.Second}, fleet.ConcurrencyConfig{PerHost: limit})
		limiters = append(limiters, c)
		rt := placeTest{t, c.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			time.Sleep(time.Millisecond)
			return &http.Response{StatusCode: 204, Body: http.NoBody}, nil
		}))}
		for range each {
			group.Go(func() {
				for range rounds {
					rt.mustGet("http://h/")
				}
			})
		}
	}
	group.Wait()
	if got := most.Load(); got > limit || got < 2 {
		t.Errorf("got %d at once, want at most %d", got, limit)
	}
	awaitNoPlaces(t, server, limiters...)
}

// TestConcurrencyLost: places that Redis has forgotten are put back, above the limit.
func TestConcurrencyLost(t *testing.T) {
	lost := make(chan middleware.Event, 10)
	c, server, rt := newPlaces(t, nil, fleet.Config{Lease: time.Second, OnEvent: func(_ context.Context, e middleware.Event) {
		if e.Kind == fleet.EventPlaceLost {
			lost <- e
		}
	}}, fleet.ConcurrencyConfig{PerHost: 1, FailFast: true})
	held := rt.mustGet("http://h/")
	server.FlushAll()
	if e := <-lost; e.Host != "http://h:80" || e.Policy != "fleet concurrency" {
		t.Errorf("got %+v", e)
	}
	if _, err := rt.get(t.Context(), "http://h/"); !errors.Is(err, middleware.ErrConcurrency) {
		t.Errorf("got %v, want a limit", err)
	}
	held.Body.Close()
	if s := c.Stats(); s.Lost != 1 {
		t.Errorf("got %d lost, want 1", s.Lost)
	}
	awaitNoPlaces(t, server, c)
}

// TestConcurrencyUnavailable: without Redis a process has its share, or nothing; what is
// under way counts when Redis is back.
func TestConcurrencyUnavailable(t *testing.T) {
	for _, unavailable := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
		t.Run(unavailable.String(), func(t *testing.T) {
			cfg := fleet.Config{Processes: 2, Unavailable: unavailable, RetryAfter: 50 * time.Millisecond, Lease: 10 * time.Second}
			c, server, rt := newPlaces(t, nil, cfg, fleet.ConcurrencyConfig{Total: 4})
			await(t, func() bool { return len(server.Keys()) == 1 })
			server.SetError("OOM command not allowed")
			if unavailable == fleet.Refuse {
				_, err := rt.get(t.Context(), "http://h/")
				down, ok := errors.AsType[*fleet.UnavailableError](err)
				if !ok || down.Part != "fleet concurrency" {
					t.Fatalf("got %v, want *UnavailableError", err)
				}
				server.SetError("")
				await(t, func() bool {
					resp, err := rt.get(t.Context(), "http://h/")
					if err == nil {
						resp.Body.Close()
					}
					return err == nil
				})
				awaitNoPlaces(t, server, c)
				return
			}
			// One process is known, so that the share is all.
			var held []*http.Response
			for range 4 {
				held = append(held, rt.mustGet("http://h/"))
			}
			waits := rt.start("http://h/")
			await(t, func() bool { return c.Stats().Waiting == 1 })
			held[0].Body.Close()
			held[0] = <-waits
			server.SetError("")
			await(t, func() bool { return c.Stats().LocalKeys == 0 && placesIn(t, server) == 4 })
			for _, resp := range held {
				resp.Body.Close()
			}
			awaitNoPlaces(t, server, c)
			if s := c.Stats(); s.Lost != 0 {
				t.Errorf("got %d lost, want none", s.Lost)
			}
		})
	}
}

// TestConcurrencyOutage: a long outage leaves no more in memory than a short one.
func TestConcurrencyOutage(t *testing.T) {
	cfg := fleet.Config{Unavailable: fleet.Refuse, RetryAfter: -1, Lease: time.Minute, Timeout: 10 * time.Second}
	c, server, rt := newPlaces(t, nil, cfg, fleet.ConcurrencyConfig{Total: 2})
	held := rt.mustGet("http://h/")
	server.SetError("LOADING")
	for range fleet.MaxGone + 100 {
		if _, err := rt.get(t.Context(), "http://h/"); err == nil {
			t.Fatal("got no error, want one")
		}
	}
	if got := fleet.Gone(c); got > fleet.MaxGone+1 {
		t.Errorf("got %d places in mind, want at most %d", got, fleet.MaxGone)
	}
	server.SetError("")
	rt.mustGet("http://h/").Body.Close()
	held.Body.Close()
	awaitNoPlaces(t, server, c)
}

// placesIn is how many places are taken, by Redis.
func placesIn(t *testing.T, server *miniredis.Miniredis) (n int) {
	t.Helper()
	for _, key := range server.Keys() {
		if strings.Contains(key, ":places:") && strings.HasSuffix(key, "}") {
			members, err := server.ZMembers(key)
			if errors.Is(err, miniredis.ErrKeyNotFound) {
				continue // since it was listed
			}
			if err != nil {
				t.Fatal(err)
			}
			n += len(members)
		}
	}
	return n
}

// TestConcurrencyWithoutMessages: who gets no messages asks.
func TestConcurrencyWithoutMessages(t *testing.T) {
	server := miniredis.RunT(t)
	client := redisOf(t, server)
	f, _ := newFleet(t, fleet.Config{Redis: client, Lease: time.Second})
	f.Close()
	c := f.Concurrency(fleet.ConcurrencyConfig{Total: 1})
	one := placeTest{t, c.Wrap(answering())}
	_, _, two := newPlaces(t, server, fleet.Config{Lease: time.Second}, fleet.ConcurrencyConfig{Total: 1})
	held := two.mustGet("http://h/")
	waits := one.start("http://h/")
	await(t, func() bool { return queued(t, server) == 1 })
	held.Body.Close()
	(<-waits).Body.Close()
}

// countCalls is a hook that counts the commands of a client.
type countCalls struct {
	redis.Hook
	calls atomic.Int64
}

func (h *countCalls) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *countCalls) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			h.calls.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (h *countCalls) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestConcurrencyCost: two commands for a request that is alone, and fewer for many.
func TestConcurrencyCost(t *testing.T) {
	server := miniredis.RunT(t)
	client, count := redisOf(t, server), &countCalls{}
	f, _ := newFleet(t, fleet.Config{Redis: client, Lease: time.Minute})
	rt := placeTest{t, f.Concurrency(fleet.ConcurrencyConfig{PerHost: 3}).Wrap(answering())}
	rt.mustGet("http://h/").Body.Close()
	await(t, func() bool { return placesIn(t, server) == 0 && len(server.Keys()) == 1 }) // the members
	client.AddHook(count)
	const requests = 20
	for range requests {
		rt.mustGet("http://h/").Body.Close()
		await(t, func() bool { return placesIn(t, server) == 0 })
	}
	if got := count.calls.Load(); got != 2*requests {
		t.Errorf("got %d commands for %d requests, want two each", got, requests)
	}
}
