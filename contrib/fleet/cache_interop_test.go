//go:build interop && linux

package fleet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// TestInteropCache: four processes ask for 1,000 URLs with 10,000 requests (on a Cluster
// 5,000). The server sees
// each that was asked for once, and all bytes are right.
func TestInteropCache(t *testing.T) {
	cluster := redistest.StartCluster(t)
	var addrs []string
	for _, s := range cluster {
		addrs = append(addrs, s.Addr)
	}
	for name, addr := range map[string]string{"single": redistest.Start(t).Addr, "cluster": strings.Join(addrs, "+")} {
		t.Run(name, func(t *testing.T) {
			origin := startCountingServer(t)
			all := startCaches(t, 4, addr, origin.URL)
			start := time.Now()
			rounds := 2
			if name == "cluster" {
				rounds = 1
			}
			for round := range rounds { // the same seed: all four want the same at the same time
				for _, p := range all {
					tell(t, p, "load 1000 1250 %d", start.UnixNano()+int64(round))
				}
			}
			for _, p := range all {
				for range rounds {
					if got := p.ReadLine(2 * time.Minute); got != "0 wrong <nil>" {
						t.Error(got)
					}
				}
			}
			sum := 0
			for path, n := range origin.asked {
				sum += n
				if n != 1 {
					t.Errorf("%s: the server was asked %d times", path, n)
				}
			}
			if sum != 1000 {
				t.Errorf("the server was asked %d times, want 1000", sum)
			}
			t.Logf("%d requests in %v; the server was asked %d times", rounds*5000, time.Since(start), sum)
			for i, p := range all {
				tell(t, p, "get /vary/1 %s", []string{"en", "de"}[i%2])
			}
			for i, p := range all {
				want := []string{"2 en ", "2 de "}[i%2]
				if got := p.ReadLine(20 * time.Second); !strings.HasPrefix(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if en, de := origin.countOf("/vary/1en"), origin.countOf("/vary/1de"); en != 1 || de != 1 {
				t.Errorf("the variants were asked for %d and %d times", en, de)
			}
			numbers := func(want string) {
				t.Helper()
				for _, p := range all {
					tell(t, p, "get /number x")
					if got := p.ReadLine(20 * time.Second); !strings.HasPrefix(got, want) {
						t.Errorf("got %q, want %q", got, want)
					}
				}
			}
			numbers("1 0")
			tell(t, all[2], "post /number")
			if got := all[2].ReadLine(20 * time.Second); got != "ok" {
				t.Error(got)
			}
			numbers("1 1")
			if got := origin.countOf("/numberx"); got != 2 {
				t.Errorf("the number was asked for %d times, want 2", got)
			}
		})
	}
}

// TestInteropCacheKilled: a process that is killed while it fills leaves nothing half, and
// the others get the whole after its lease; likewise if it stands still.
func TestInteropCacheKilled(t *testing.T) {
	for name, signal := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			origin := startCountingServer(t)
			origin.hold = make(chan struct{})
			defer close(origin.hold)
			all := startCaches(t, 3, server.Addr, origin.URL)
			tell(t, all[0], "get /hold x")
			client := server.Client()
			await(t, func() bool { return len(keysOf(t, client, "*:b:*")) == 1 })
			tell(t, all[1], "get /hold x")
			tell(t, all[2], "get /hold x")
			if err := all[0].Cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			for _, p := range all[1:] {
				got := strings.Fields(p.ReadLine(20 * time.Second))
				if len(got) != 3 || got[0] != strconv.Itoa(1<<20) {
					t.Fatalf("got %q", got)
				}
				if ms, _ := strconv.Atoi(got[2]); ms > 4000 {
					t.Errorf("it took %d ms, want a lease of 2 s", ms)
				}
				t.Logf("whole after %s ms", got[2])
			}
			if n := origin.countOf("/holdx"); n != 2 {
				t.Errorf("the server was asked %d times, want 2", n)
			}
			await(t, func() bool { return len(keysOf(t, client, "*:b:*")) == 1 }) // those of the first have expired
		})
	}
}

func keysOf(t *testing.T, client *redis.Client, pattern string) []string {
	keys, err := client.Keys(context.Background(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// interopCache is a cache of this process, whose requests may never fail, and an origin
// that counts.
type interopCache struct {
	rt    http.RoundTripper
	store *fleet.CacheStore
	down  atomic.Int64 // errors of an unavailable Redis
}

func newInteropCache(t *testing.T, client redis.UniversalClient, mode fleet.Unavailable) *interopCache {
	f, _ := newFleet(t, fleet.Config{Redis: client, Unavailable: mode, RetryAfter: 300 * time.Millisecond})
	ic := &interopCache{store: f.Cache(fleet.CacheConfig{})}
	c := cache.New(cache.Config{Store: ic.store, OnError: func(err error) {
		if errors.As(err, new(*fleet.UnavailableError)) {
			ic.down.Add(1)
		} else {
			t.Error(err)
		}
	}})
	t.Cleanup(func() { c.Close() })
	ic.rt = c.Wrap(http.DefaultTransport)
	return ic
}

// get sends a request, which takes at most so long.
func (ic *interopCache) get(t *testing.T, url string, within time.Duration) {
	t.Helper()
	start := time.Now()
	body, err := sendGet(t.Context(), ic.rt, url)
	if took := time.Since(start); err != nil || took > within || body != string(bodyOf(url[strings.LastIndex(url, "/"):])) {
		t.Errorf("%s: got %d bytes, %v, after %v", url, len(body), err, took)
	}
}

// TestInteropCacheFailures: whatever happens to Redis, requests are answered in time, and
// once it is back all is shared again.
func TestInteropCacheFailures(t *testing.T) {
	for name, c := range map[string]struct {
		options []string
		harm    func(t *testing.T, s *redistest.Server)
		mend    func(t *testing.T, s *redistest.Server)
		reads   bool // it still answers from the cache meanwhile
	}{
		"gone":     {nil, func(_ *testing.T, s *redistest.Server) { s.Kill() }, func(_ *testing.T, s *redistest.Server) { s.Restart() }, false},
		"standing": {nil, func(_ *testing.T, s *redistest.Server) { s.Stop() }, func(_ *testing.T, s *redistest.Server) { s.Continue() }, false},
		"slow": {[]string{"--enable-debug-command", "yes"}, func(_ *testing.T, s *redistest.Server) {
			go s.Client().Do(context.Background(), "DEBUG", "SLEEP", "2")
			time.Sleep(50 * time.Millisecond)
		}, func(_ *testing.T, s *redistest.Server) { time.Sleep(2 * time.Second) }, false},
		"full": {
			nil, func(t *testing.T, s *redistest.Server) { configure(t, s, "maxmemory", "1") },
			func(t *testing.T, s *redistest.Server) { configure(t, s, "maxmemory", "0") }, true,
		},
		"read-only": {nil, func(t *testing.T, s *redistest.Server) {
			s.Client().Do(t.Context(), "REPLICAOF", "127.0.0.1", "1")
		}, func(t *testing.T, s *redistest.Server) { s.Client().Do(t.Context(), "REPLICAOF", "NO", "ONE") }, true},
		"flushed": {nil, func(t *testing.T, s *redistest.Server) { s.Client().FlushAll(t.Context()) }, func(*testing.T, *redistest.Server) {}, false},
	} {
		for _, mode := range []fleet.Unavailable{fleet.Local, fleet.Refuse} {
			t.Run(name+" "+mode.String(), func(t *testing.T) {
				server := redistest.Start(t, c.options...)
				origin := startCountingServer(t)
				ic := newInteropCache(t, server.Client(), mode)
				other := newInteropCache(t, server.Client(), mode)
				ic.get(t, origin.URL+"/1", 10*time.Second)
				c.harm(t, server)
				for range 3 {
					ic.get(t, origin.URL+"/1", 4*time.Second)
					ic.get(t, origin.URL+"/2", 4*time.Second)
				}
				if got := origin.countOf("/1"); (got == 1) != c.reads {
					t.Errorf("the server was asked %d times for what was cached", got)
				}
				c.mend(t, server)
				await(t, func() bool { // it is shared again
					path := fmt.Sprint("/back", time.Now().UnixNano())
					ic.get(t, origin.URL+path, 4*time.Second)
					other.get(t, origin.URL+path, 4*time.Second)
					return origin.countOf(path) == 1
				})
				if n := fleet.FlightsOf(ic.store); n != 0 {
					t.Errorf("%d flights are left", n)
				}
			})
		}
	}
}

func configure(t *testing.T, s *redistest.Server, name, value string) {
	t.Helper()
	if err := s.Client().ConfigSet(t.Context(), name, value).Err(); err != nil {
		t.Fatal(err)
	}
}

// TestInteropCacheFailover: requests are answered in time while Sentinel makes the replica
// the master, and all is shared again after.
func TestInteropCacheFailover(t *testing.T) {
	sentinel := redistest.StartSentinel(t)
	origin := startCountingServer(t)
	ic := newInteropCache(t, sentinel.Client(), fleet.Local)
	other := newInteropCache(t, sentinel.Client(), fleet.Local)
	ic.get(t, origin.URL+"/1", 10*time.Second)
	sentinel.Master.Kill()
	start := time.Now()
	for i := 0; ; i++ {
		path := "/" + strconv.Itoa(1000+i)
		ic.get(t, origin.URL+path, 4*time.Second)
		other.get(t, origin.URL+path, 4*time.Second)
		if origin.countOf(path) == 1 {
			break
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal("nothing is shared after 30 s")
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("shared again after %v", time.Since(start))
}

// TestInteropCacheFull: where Redis evicts, bodies are whole or the server is asked.
func TestInteropCacheFull(t *testing.T) {
	server := redistest.Start(t, "--maxmemory", "6mb", "--maxmemory-policy", "volatile-lru")
	origin := startCountingServer(t)
	ic := newInteropCache(t, server.Client(), fleet.Local)
	random := rand.New(rand.NewPCG(1, 1))
	for range 600 {
		ic.get(t, origin.URL+"/"+strconv.Itoa(random.IntN(400)), 10*time.Second)
	}
	info, err := server.Client().Info(t.Context(), "stats").Result()
	if err != nil || strings.Contains(info, "evicted_keys:0\r") {
		t.Errorf("nothing was evicted: %v", err)
	}
	if ic.down.Load() > 0 {
		t.Errorf("got %d errors, want none", ic.down.Load())
	}
}
