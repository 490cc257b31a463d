//go:build interop && linux

package fleet_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// busyServer counts the requests that are under way, by the process that sends them.
type busyServer struct {
	URL string

	mu     sync.Mutex
	takes  time.Duration
	held   map[string]chan struct{} // processes whose requests wait until it is closed
	now    map[string]int
	served map[string]int
	most   int // at once
}

func startBusyServer(t *testing.T, takes time.Duration) *busyServer {
	t.Helper()
	s := &busyServer{takes: takes, held: map[string]chan struct{}{}, now: map[string]int{}, served: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		for name := range s.held {
			s.release(name)
		}
	})
	s.URL = server.URL
	return s
}

func (s *busyServer) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("X-Process")
	s.mu.Lock()
	s.now[name]++
	s.served[name]++
	s.most = max(s.most, s.count())
	held := s.held[name]
	s.mu.Unlock()
	if held != nil {
		<-held
	} else {
		time.Sleep(s.takes)
	}
	s.mu.Lock()
	s.now[name]--
	s.mu.Unlock()
}

// count is how many are under way. The lock is held.
func (s *busyServer) count() (n int) {
	for _, one := range s.now {
		n += one
	}
	return n
}

// hold keeps all requests of a process under way until they are released.
func (s *busyServer) hold(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[name] = make(chan struct{})
}

func (s *busyServer) release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held[name]; held != nil {
		close(held)
		delete(s.held, name)
	}
}

func (s *busyServer) of(name string) (now, served int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now[name], s.served[name]
}

func (s *busyServer) top() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// finish ends a process, and is what it says at its end, and how many places it has lost.
func finish(t *testing.T, p *procs.Process) (end placesEnd, lost int) {
	t.Helper()
	p.In.Close()
	for {
		switch line := p.ReadLine(20 * time.Second); line {
		case "lost":
			lost++
		default:
			if err := json.Unmarshal([]byte(line), &end); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if s := end.Stats; s.Places+s.Waiting+s.LocalKeys > 0 || len(end.Other) > 0 {
				t.Errorf("got %+v at the end, want no places and no failures", end)
			}
			return end, lost
		}
	}
}

// calls is how many commands the server has run whose names match, those in scripts too.
func calls(t *testing.T, client *redis.Client, name string) (n int64) {
	t.Helper()
	info, err := client.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`cmdstat_`+name+`:calls=(\d+)`).FindAllStringSubmatch(info, -1) {
		calls, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += calls
	}
	return n
}

// awaitNoKeys waits until no place is left in Redis.
func awaitNoKeys(t *testing.T, clients ...*redis.Client) {
	t.Helper()
	await(t, func() bool {
		for _, client := range clients {
			keys, err := client.Keys(context.Background(), "*:places:*").Result()
			if err != nil || len(keys) > 0 {
				return false
			}
		}
		return true
	})
}

// TestInteropConcurrency: four processes of 50 goroutines never have more requests under way
// than the limit, with less than two commands each, whoever waits.
func TestInteropConcurrency(t *testing.T) {
	single, cluster := redistest.Start(t), redistest.StartCluster(t)
	for name, l := range map[string]load{
		"single":    {Single: single.Addr, Limit: 8},
		"one place": {Single: single.Addr, Limit: 1},
		"cluster":   {Cluster: []string{cluster[0].Addr, cluster[1].Addr, cluster[2].Addr}, Limit: 8},
	} {
		t.Run(name, func(t *testing.T) {
			server := startBusyServer(t, 5*time.Millisecond)
			l.URL, l.Goroutines, l.Lease, l.Timeout = server.URL, 50, 3*time.Second, 3*time.Second
			before, published := calls(t, single.Client(), "eval(?:sha)?"), calls(t, single.Client(), "publish")
			var processes []*procs.Process
			for i := range 4 {
				l.Name = strconv.Itoa(i)
				processes = append(processes, l.start(t, "places"))
			}
			lasts := loadTime(t, 2*time.Second)
			time.Sleep(lasts)
			var sent, waited int64
			for _, p := range processes {
				end, lost := finish(t, p)
				if lost > 0 || end.Down > 0 {
					t.Errorf("got %d lost places, and %d times no answer: %s", lost, end.Down, end.Why)
				}
				sent, waited = sent+end.Stats.Sent, waited+end.Stats.Waited
			}
			if got := server.top(); got > l.Limit || got < l.Limit-1 {
				t.Errorf("got %d at once, want %d", got, l.Limit)
			}
			clients := []*redis.Client{single.Client()}
			for _, s := range cluster {
				clients = append(clients, s.Client())
			}
			awaitNoKeys(t, clients...)
			t.Logf("%d requests in %v (%.0f a second), %d have waited", sent, lasts, float64(sent)/lasts.Seconds(), waited)
			if name != "cluster" {
				commands := float64(calls(t, single.Client(), "eval(?:sha)?")-before) / float64(sent)
				messages := float64(calls(t, single.Client(), "publish")-published) / float64(sent)
				t.Logf("%.2f commands and %.2f messages for a request", commands, messages)
				if commands > 2.2 || messages > 1.01 {
					t.Errorf("got %.2f commands and %.2f messages for a request, want at most two and one", commands, messages)
				}
			}
		})
	}
}

// TestInteropConcurrencyKilled: what a process has, and waits for, that is killed, comes
// back within the lease.
func TestInteropConcurrencyKilled(t *testing.T) {
	const limit, lease = 4, 2 * time.Second
	redis, server := redistest.Start(t), startBusyServer(t, 5*time.Millisecond)
	l := load{Single: redis.Addr, URL: server.URL, Goroutines: 10, Limit: limit, Lease: lease, Timeout: time.Second}
	server.hold("dies")
	l.Name = "dies"
	dies := l.start(t, "places")
	await(t, func() bool { now, _ := server.of("dies"); return now == limit })
	l.Name = "lives"
	lives := l.start(t, "places")
	await(t, func() bool {
		queue, err := redis.Client().Keys(t.Context(), "*:places:*:queue").Result()
		return err == nil && len(queue) == 1 && redis.Client().ZCard(t.Context(), queue[0]).Val() == 2*limit
	})
	if _, served := server.of("lives"); served != 0 {
		t.Errorf("got %d requests before, want none", served)
	}
	killed := time.Now()
	dies.Cmd.Process.Kill()
	server.release("dies")
	await(t, func() bool { _, served := server.of("lives"); return served > 0 })
	first := time.Since(killed)
	await(t, func() bool { now, _ := server.of("lives"); return now == limit })
	if all := time.Since(killed); all > lease+500*time.Millisecond {
		t.Errorf("got all places after %v, want them within %v", all, lease)
	} else {
		t.Logf("the first place after %v, all after %v, of a lease of %v", first, all, lease)
	}
	finish(t, lives)
	awaitNoKeys(t, redis.Client())
}

// TestInteropConcurrencyStopped: a process that stands still for longer than its lease loses
// its places, notices when it goes on, and its requests count again: nobody gets a place
// until there are less than the limit.
func TestInteropConcurrencyStopped(t *testing.T) {
	const limit, lease = 4, time.Second
	redis, server := redistest.Start(t), startBusyServer(t, 5*time.Millisecond)
	l := load{Single: redis.Addr, URL: server.URL, Goroutines: 10, Limit: limit, Lease: lease, Timeout: time.Second}
	server.hold("stops")
	l.Name = "stops"
	stops := l.start(t, "places")
	await(t, func() bool { now, _ := server.of("stops"); return now == limit })
	stops.Cmd.Process.Signal(syscall.SIGSTOP)
	l.Name = "goes"
	goes := l.start(t, "places")
	await(t, func() bool { _, served := server.of("goes"); return served > 20 })
	if got := server.top(); got > 2*limit {
		t.Errorf("got %d at once, want at most those of both, %d", got, 2*limit)
	}
	stops.Cmd.Process.Signal(syscall.SIGCONT)
	for range limit {
		if line := stops.ReadLine(5 * time.Second); line != "lost" {
			t.Errorf("got %q, want %q", line, "lost")
		}
	}
	// The requests of the stopped one are the whole limit.
	await(t, func() bool { now, _ := server.of("goes"); return now == 0 })
	_, before := server.of("goes")
	time.Sleep(lease / 2)
	if _, after := server.of("goes"); after != before {
		t.Errorf("got %d requests above the limit, want none", after-before)
	}
	server.release("stops")
	await(t, func() bool { _, served := server.of("goes"); return served > before })
	finish(t, goes)
	finish(t, stops)
	awaitNoKeys(t, redis.Client())
}

// placeFault is what happens to Redis for a while, and how many times the limit may be under
// way with Local and with Refuse.
type placeFault struct {
	name          string
	harm          func(t *testing.T, s *redistest.Server, proxy *slowProxy)
	local, refuse int
}

// reconfigure runs a command for a while, and then the one that takes it back.
func reconfigure(do, undo []any) func(*testing.T, *redistest.Server, *slowProxy) {
	return func(t *testing.T, s *redistest.Server, _ *slowProxy) {
		client := s.Client()
		for _, command := range [][]any{do, undo} {
			if err := client.Do(t.Context(), command...).Err(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(600 * time.Millisecond)
		}
	}
}

var placeFaults = []placeFault{
	{"restart", func(_ *testing.T, s *redistest.Server, _ *slowProxy) {
		s.Kill()
		time.Sleep(300 * time.Millisecond)
		s.Restart()
	}, 2, 2},
	{"flush", reconfigure([]any{"FLUSHALL"}, []any{"PING"}), 2, 2},
	{"standstill", func(_ *testing.T, s *redistest.Server, _ *slowProxy) {
		s.Stop()
		time.Sleep(600 * time.Millisecond)
		s.Continue()
	}, 2, 1},
	{"latency of 500 ms", func(_ *testing.T, _ *redistest.Server, proxy *slowProxy) {
		proxy.delay.Store(int64(500 * time.Millisecond))
		time.Sleep(1500 * time.Millisecond)
		proxy.delay.Store(0)
	}, 2, 1},
	{"full", reconfigure([]any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"}), 2, 1},
	{"read-only", reconfigure([]any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}), 2, 1},
}

// TestInteropConcurrencyLocal and TestInteropConcurrencyRefuse: whatever happens to Redis,
// requests go on, or are refused meanwhile; no more than twice the limit are under way, and
// with Refuse no more than the limit if Redis has kept its data; and all places come back.
func TestInteropConcurrencyLocal(t *testing.T) {
	for _, fault := range placeFaults {
		t.Run(fault.name, func(t *testing.T) { runPlaceFault(t, fault, false, fault.local) })
	}
}

func TestInteropConcurrencyRefuse(t *testing.T) {
	for _, fault := range placeFaults {
		t.Run(fault.name, func(t *testing.T) { runPlaceFault(t, fault, true, fault.refuse) })
	}
}

func runPlaceFault(t *testing.T, fault placeFault, refuse bool, times int) {
	t.Helper()
	const limit = 4
	redis, server := redistest.Start(t), startBusyServer(t, 5*time.Millisecond)
	proxy := startSlowProxy(t, redis.Addr)
	l := load{Single: proxy.Addr, URL: server.URL, Goroutines: 20, Limit: limit, Lease: 1500 * time.Millisecond, Processes: 2, Refuse: refuse}
	var processes []*procs.Process
	for _, l.Name = range []string{"a", "b"} {
		processes = append(processes, l.start(t, "places"))
	}
	served := func(more int, than ...int) {
		await(t, func() bool {
			_, a := server.of("a")
			_, b := server.of("b")
			return a > than[0]+more && b > than[1]+more
		})
	}
	served(500, 0, 0) // which takes longer than a third of the lease: each has heard of the other
	fault.harm(t, redis, proxy)
	_, a := server.of("a")
	_, b := server.of("b")
	served(50, a, b)
	var lost []int
	var refused int64
	for _, p := range processes {
		end, n := finish(t, p)
		lost, refused = append(lost, n), refused+end.Refused
	}
	if got := server.top(); got > times*limit {
		t.Errorf("got %d at once, want at most %d", got, times*limit)
	}
	awaitNoKeys(t, redis.Client())
	t.Logf("%d at once; %d places lost; %d requests refused", server.top(), lost, refused)
}

// TestInteropConcurrencyFailover: what a new master does not know is told to it.
func TestInteropConcurrencyFailover(t *testing.T) {
	const limit = 4
	sentinel, server := redistest.StartSentinel(t), startBusyServer(t, 5*time.Millisecond)
	l := load{Sentinel: sentinel.Addr, URL: server.URL, Goroutines: 20, Limit: limit, Lease: 2 * time.Second, Processes: 2}
	var processes []*procs.Process
	for _, l.Name = range []string{"a", "b"} {
		processes = append(processes, l.start(t, "places"))
	}
	await(t, func() bool { _, a := server.of("a"); _, b := server.of("b"); return a > 20 && b > 20 })
	sentinel.Master.Kill()
	replica := sentinel.Replica.Client()
	await(t, func() bool {
		info, err := replica.Info(t.Context(), "replication").Result()
		return err == nil && strings.Contains(info, "role:master")
	})
	await(t, func() bool {
		keys, err := replica.Keys(t.Context(), "*:places:*").Result()
		return err == nil && len(keys) > 0
	})
	time.Sleep(time.Second)
	for _, p := range processes {
		finish(t, p)
	}
	if got := server.top(); got > 2*limit {
		t.Errorf("got %d at once, want at most %d", got, 2*limit)
	}
	awaitNoKeys(t, replica)
}
