package fleet_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/alicebob/miniredis/v2"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// fleetCache is the cache of a process.
func fleetCache(t *testing.T, server *miniredis.Miniredis, cfg fleet.Config, next http.RoundTripper) (http.RoundTripper, *fleet.CacheStore) {
	t.Helper()
	client := redisOf(t, server)
	cfg.Redis = client
	if cfg.Timeout == 0 {
		cfg.Timeout = testTimeout
	}
	f, _ := newFleet(t, cfg)
	s := f.Cache(fleet.CacheConfig{LocalBytes: 1 << 20})
	c := cache.New(cache.Config{Store: s, OnError: func(err error) {
		if !errors.As(err, new(*fleet.UnavailableError)) {
			t.Error(err)
		}
	}})
	t.Cleanup(func() { c.Close() })
	return c.Wrap(next), s
}

func sendGet(ctx context.Context, rt http.RoundTripper, url string, fields ...string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		req.Header.Set(name, value)
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// gate is a server whose answers wait until it opens.
type gate struct {
	open   chan struct{}
	asked  atomic.Int64
	answer func(req *http.Request) http.RoundTripper
}

func (g *gate) RoundTrip(req *http.Request) (*http.Response, error) {
	g.asked.Add(1)
	select {
	case <-g.open:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	return g.answer(req).RoundTrip(req)
}

// TestCacheStampede: of many requests of two processes one goes to the server, and all have
// what it brought; where that may not be stored all go, at once; and where the one who went
// gives up another one goes.
func TestCacheStampede(t *testing.T) {
	fresh := http.Header{"Cache-Control": {"max-age=1000"}}
	varies := http.Header{"Cache-Control": {"max-age=1000"}, "Vary": {"Accept"}}
	for name, c := range map[string]struct {
		header http.Header
		body   string
		giveUp bool
		want   int64
	}{
		"small":         {fresh, "body", false, 1},
		"large":         {fresh, strings.Repeat("x", 300_000), false, 1},
		"empty":         {fresh, "", false, 1},
		"vary":          {varies, "body", false, 1},
		"not storable":  {http.Header{"Cache-Control": {"no-store"}}, "body", false, 20},
		"never fresh":   {http.Header{"Cache-Control": {"max-age=0"}, "Etag": {`"1"`}}, "body", false, 20},
		"first gone":    {fresh, "body", true, 2},
		"first gone by": {varies, "body", true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			server := miniredis.RunT(t)
			g := &gate{open: make(chan struct{}), answer: func(*http.Request) http.RoundTripper {
				return middleware.Answer(200, c.header, c.body)
			}}
			one, first := fleetCache(t, server, fleet.Config{}, g)
			two, second := fleetCache(t, server, fleet.Config{}, g)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var wg sync.WaitGroup
			ask := func(ctx context.Context, rt http.RoundTripper) {
				wg.Go(func() {
					body, err := sendGet(ctx, rt, "http://h/")
					if ctx.Err() == nil && (err != nil || body != c.body) {
						t.Errorf("got %d bytes, %v", len(body), err)
					}
				})
			}
			ask(ctx, one)
			await(t, func() bool { return g.asked.Load() == 1 })
			for range 9 {
				ask(t.Context(), one)
			}
			for range 10 {
				ask(t.Context(), two)
			}
			await(t, func() bool { return first.Stats().Waited == 9 && second.Stats().Waited == 10 })
			if c.giveUp {
				cancel()
				await(t, func() bool { return g.asked.Load() == 2 })
			}
			close(g.open)
			wg.Wait()
			if got := g.asked.Load(); got != c.want {
				t.Errorf("the server was asked %d times, want %d", got, c.want)
			}
			for _, s := range []*fleet.CacheStore{first, second} {
				if n := fleet.FlightsOf(s); n != 0 {
					t.Errorf("%d flights are left", n)
				}
			}
		})
	}
}

// TestCacheVariants: the variants of a URL are fetched beside each other once its index is
// known, and each once.
func TestCacheVariants(t *testing.T) {
	server := miniredis.RunT(t)
	g := &gate{open: make(chan struct{}), answer: func(req *http.Request) http.RoundTripper {
		h := http.Header{"Cache-Control": {"max-age=1000"}, "Vary": {"Accept"}}
		return middleware.Answer(200, h, req.Header.Get("Accept"))
	}}
	one, _ := fleetCache(t, server, fleet.Config{}, g)
	two, _ := fleetCache(t, server, fleet.Config{}, g)
	var wg sync.WaitGroup
	kinds := []string{"a", "b", "c", "d"}
	for range 5 {
		for _, kind := range kinds {
			for _, rt := range []http.RoundTripper{one, two} {
				wg.Go(func() {
					if body, err := sendGet(t.Context(), rt, "http://h/", "Accept:"+kind); body != kind || err != nil {
						t.Errorf("got %q, %v, want %q", body, err, kind)
					}
				})
			}
		}
	}
	await(t, func() bool { return g.asked.Load() == 1 })
	close(g.open)
	wg.Wait()
	if got := g.asked.Load(); got != int64(len(kinds)) {
		t.Errorf("the server was asked %d times, want %d", got, len(kinds))
	}
}

// TestCacheTurns: however requests come, give up and end their turns, one at most has a
// key's turn, all of them end, and nothing is left.
func TestCacheTurns(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{})
	other, _ := newCacheStore(t, server, fleet.CacheConfig{})
	var holding [3]atomic.Int64
	var turns atomic.Int64
	var wg sync.WaitGroup
	for g := range 12 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 1))
			store := []*fleet.CacheStore{s, other}[g%2]
			for i := range 30 {
				k := random.IntN(len(holding))
				patience := time.Duration(random.IntN(30)) * time.Millisecond
				if i == 0 {
					patience = testTimeout // so that there are turns, however slow it all is
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				end, _, err := store.StartFill(ctx, strconv.Itoa(k), nil)
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				if end != nil {
					turns.Add(1)
					if holding[k].Add(1) != 1 {
						t.Error("two have one turn")
					}
					runtime.Gosched()
					holding[k].Add(-1)
					end([]cache.FillResult{cache.FillStored, cache.FillAbandoned}[random.IntN(2)])
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if n := fleet.FlightsOf(s) + fleet.FlightsOf(other); n != 0 || turns.Load() == 0 {
		t.Errorf("%d flights are left after %d turns", n, turns.Load())
	}
}

// TestCacheStale: while one process fetches in the background, all use what is stale.
func TestCacheStale(t *testing.T) {
	server := miniredis.RunT(t)
	open := make(chan struct{})
	close(open)
	g := &gate{open: open, answer: func(*http.Request) http.RoundTripper {
		return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=100, stale-while-revalidate=1000"}, "Age": {"500"}}, "body")
	}}
	one, first := fleetCache(t, server, fleet.Config{}, g)
	two, second := fleetCache(t, server, fleet.Config{}, g)
	if _, err := sendGet(t.Context(), one, "http://h/"); err != nil {
		t.Fatal(err)
	}
	g.open = make(chan struct{})
	for range 5 {
		for _, rt := range []http.RoundTripper{one, two} {
			if body, err := sendGet(t.Context(), rt, "http://h/"); body != "body" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
		}
	}
	await(t, func() bool { return first.Stats().Waited+second.Stats().Waited == 1 && g.asked.Load() == 2 })
	close(g.open)
	await(t, func() bool { return fleet.FlightsOf(first)+fleet.FlightsOf(second) == 0 })
	if got := g.asked.Load(); got != 2 {
		t.Errorf("the server was asked %d times, want 2", got)
	}
}

// TestCacheLease: a turn that says nothing is over after the lease, in its own process too.
func TestCacheLease(t *testing.T) {
	s, server := newCacheStore(t, nil, fleet.CacheConfig{})
	other, _ := newCacheStore(t, server, fleet.CacheConfig{})
	end, _, err := s.StartFill(t.Context(), "k", nil)
	if err != nil || end == nil {
		t.Fatalf("got no turn: %v", err)
	}
	// The response has begun, and nobody reads it.
	if _, err := s.Create("k", &cache.Meta{ID: "1", Header: http.Header{}, Requested: time.Now()}); err != nil {
		t.Fatal(err)
	}
	waiting := func(s *fleet.CacheStore) chan bool {
		got := make(chan bool, 1)
		go func() {
			end, stored, err := s.StartFill(t.Context(), "k", nil)
			if err != nil || stored {
				t.Errorf("got %v, %v", stored, err)
			}
			if end != nil {
				end(cache.FillUnstorable)
			}
			got <- end != nil
		}()
		return got
	}
	own := waiting(s)
	await(t, func() bool { return s.Stats().Waited == 1 })
	if !<-own {
		t.Error("got no turn after the lease")
	}
	if <-waiting(other) {
		t.Error("got a turn for what cannot be stored")
	}
	end(cache.FillStored) // late
	end, _, err = other.StartFill(t.Context(), "other", nil)
	if err != nil || end == nil {
		t.Fatalf("got no turn: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := s.StartFill(ctx, "other", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
	server.FastForward(2 * time.Second) // the other process has died
	mine, _, err := s.StartFill(t.Context(), "other", nil)
	if err != nil || mine == nil {
		t.Errorf("got no turn after the lease: %v", err)
	}
	mine(cache.FillStored)
	end(cache.FillStored)
}

// TestCacheInvalidated: an unsafe request of one process forgets for all, also what is on
// its way, and also if Redis does not answer at that moment.
func TestCacheInvalidated(t *testing.T) {
	server := miniredis.RunT(t)
	var n atomic.Int64
	origin := middleware.Func(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			n.Add(1)
		}
		return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=1000"}}, string(rune('a'+n.Load()))).RoundTrip(req)
	})
	cfg := fleet.Config{RetryAfter: -1}
	one, _ := fleetCache(t, server, cfg, origin)
	two, s := fleetCache(t, server, cfg, origin)
	post := func(rt http.RoundTripper) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://h/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	check := func(want string) {
		t.Helper()
		for range 2 {
			for _, rt := range []http.RoundTripper{one, two} {
				if body, err := sendGet(t.Context(), rt, "http://h/"); body != want || err != nil {
					t.Errorf("got %q, %v, want %q", body, err, want)
				}
			}
		}
	}
	check("a")
	post(two)
	check("b")
	post(one)
	check("c")
	server.SetError("LOADING")
	post(two)
	if s.Stats().Pending != 1 {
		t.Errorf("got %+v", s.Stats())
	}
	if body, err := sendGet(t.Context(), two, "http://h/"); body != "d" || err != nil {
		t.Errorf("got %q, %v, without redis", body, err)
	}
	server.SetError("")
	if body, err := sendGet(t.Context(), two, "http://h/"); body != "d" || err != nil {
		t.Errorf("got %q, %v, once redis is back", body, err)
	}
	check("d")
	if s.Stats().Pending != 0 {
		t.Errorf("got %+v", s.Stats())
	}
}

// TestCacheWithoutRedis: a local fleet uses its memory meanwhile, and one that refuses asks
// the server; neither fails a request.
func TestCacheWithoutRedis(t *testing.T) {
	for _, c := range []struct {
		mode fleet.Unavailable
		want int64
	}{{fleet.Local, 1}, {fleet.Refuse, 5}} {
		server := miniredis.RunT(t)
		var asked atomic.Int64
		rt, _ := fleetCache(t, server, fleet.Config{Unavailable: c.mode, RetryAfter: time.Hour}, middleware.Func(func(req *http.Request) (*http.Response, error) {
			asked.Add(1)
			return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=1000"}}, "body").RoundTrip(req)
		}))
		server.Close()
		for range 5 {
			if body, err := sendGet(t.Context(), rt, "http://h/"); body != "body" || err != nil {
				t.Errorf("got %q, %v", body, err)
			}
		}
		if asked.Load() != c.want {
			t.Errorf("%v: the server was asked %d times, want %d", c.mode, asked.Load(), c.want)
		}
	}
}
