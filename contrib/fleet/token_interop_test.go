//go:build interop && linux

package fleet_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// authServer makes tokens, and takes them.
type authServer struct {
	URL     string
	made    atomic.Int64
	revoked atomic.Int64 // up to this one
	holding atomic.Value // of string: the name of a process whose fetches wait, or "any"
	fetcher atomic.Value // of string: the process that has fetched last
	hold    chan struct{}
}

func startAuthServer(t *testing.T) *authServer {
	t.Helper()
	s := &authServer{hold: make(chan struct{})}
	s.holding.Store("")
	mux := http.NewServeMux()
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		n := s.made.Add(1)
		name := r.Header.Get("X-Process")
		s.fetcher.Store(name)
		if s.holding.CompareAndSwap(name, "") || s.holding.CompareAndSwap("any", "") {
			select {
			case <-s.hold:
			case <-r.Context().Done():
			}
		}
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("/api", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), 10, 64)
		if err != nil || n <= s.revoked.Load() {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// tokenLoad are four processes of 50 goroutines.
func tokenLoad(t *testing.T, l load, s *authServer) (processes []*procs.Process) {
	t.Helper()
	l.URL, l.Auth, l.Goroutines = s.URL+"/api", s.URL+"/token", 50
	for i := range 4 {
		l.Name = strconv.Itoa(i)
		processes = append(processes, l.start(t, "tokens"))
	}
	return processes
}

// request has each process send a request from all its goroutines.
func request(t *testing.T, processes []*procs.Process) {
	t.Helper()
	for _, p := range processes {
		if _, err := io.WriteString(p.In, "go\n"); err != nil {
			t.Fatal(err)
		}
	}
}

// answered waits until all of these are answered with 200.
func answered(t *testing.T, processes []*procs.Process, within time.Duration) {
	t.Helper()
	for _, p := range processes {
		if line := p.ReadLine(within); line != "50" {
			t.Errorf("got %s requests answered, want 50", line)
		}
	}
}

// TestInteropToken: one refresh for all, at first and after a 401 everywhere.
func TestInteropToken(t *testing.T) {
	cluster := redistest.StartCluster(t)
	sentinel := redistest.StartSentinel(t)
	for name, l := range map[string]load{
		"single":   {Single: redistest.Start(t).Addr},
		"cluster":  {Cluster: []string{cluster[0].Addr, cluster[1].Addr, cluster[2].Addr}},
		"sentinel": {Sentinel: sentinel.Addr},
	} {
		t.Run(name, func(t *testing.T) {
			l.Lease, l.Timeout = 5*time.Second, 5*time.Second
			s := startAuthServer(t)
			processes := tokenLoad(t, l, s)
			for round := range 3 {
				s.revoked.Store(s.made.Load())
				request(t, processes)
				answered(t, processes, 20*time.Second)
				if got := s.made.Load(); got != int64(round+1) {
					t.Errorf("got %d tokens in round %d, want %d", got, round, round+1)
				}
			}
		})
	}
}

// TestInteropTokenKilled: a process that dies while it fetches costs the others its lease.
func TestInteropTokenKilled(t *testing.T) {
	const lease = 2 * time.Second
	s := startAuthServer(t)
	processes := tokenLoad(t, load{Single: redistest.Start(t).Addr, Lease: lease, Timeout: 5 * time.Second}, s)
	s.holding.Store("any")
	request(t, processes)
	await(t, func() bool { return s.made.Load() == 1 })
	time.Sleep(lease / 2) // the lock was renewed
	dies, err := strconv.Atoi(s.fetcher.Load().(string))
	if err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	processes[dies].Cmd.Process.Kill()
	processes = append(processes[:dies], processes[dies+1:]...)
	answered(t, processes, 20*time.Second)
	if got := time.Since(killed); got > lease+500*time.Millisecond {
		t.Errorf("got a token after %v, want it within %v", got, lease)
	} else {
		t.Logf("a token %v after the kill, of a lease of %v", got, lease)
	}
	if got := s.made.Load(); got != 2 {
		t.Errorf("got %d fetches, want 2", got)
	}
}

// TestInteropTokenStopped: a process that stands still while it fetches, and comes back when
// there is a newer token, does not replace it.
func TestInteropTokenStopped(t *testing.T) {
	const lease = time.Second
	s := startAuthServer(t)
	processes := tokenLoad(t, load{Single: redistest.Start(t).Addr, Lease: lease, Timeout: 5 * time.Second}, s)
	s.holding.Store("any")
	request(t, processes)
	await(t, func() bool { return s.made.Load() == 1 })
	index, err := strconv.Atoi(s.fetcher.Load().(string))
	if err != nil {
		t.Fatal(err)
	}
	stopped := processes[index]
	others := append(append([]*procs.Process(nil), processes[:index]...), processes[index+1:]...)
	stopped.Cmd.Process.Signal(syscall.SIGSTOP)
	answered(t, others, 20*time.Second)
	close(s.hold) // its fetch is answered, with token 1
	stopped.Cmd.Process.Signal(syscall.SIGCONT)
	answered(t, []*procs.Process{stopped}, 20*time.Second)
	s.revoked.Store(1) // whoever has token 1 needs another one
	request(t, processes)
	answered(t, processes, 20*time.Second)
	if got := s.made.Load(); got != 2 {
		t.Errorf("got %d fetches, want 2: the second is the fleet's", got)
	}
}

// TestInteropTokenFaults: whatever happens to Redis while all need a token, all get one, at
// most each process its own, and then they share again.
func TestInteropTokenFaults(t *testing.T) {
	for _, tt := range []struct {
		name       string
		harm, mend func(t *testing.T, s *redistest.Server, proxy *slowProxy)
		most       int64 // fetches meanwhile
	}{
		{
			"restart", func(_ *testing.T, s *redistest.Server, _ *slowProxy) { s.Kill() },
			func(_ *testing.T, s *redistest.Server, _ *slowProxy) { s.Restart() }, 4,
		},
		{
			"flush", func(t *testing.T, s *redistest.Server, _ *slowProxy) { s.Client().FlushAll(t.Context()) },
			func(*testing.T, *redistest.Server, *slowProxy) {}, 1,
		},
		{
			"standstill", func(_ *testing.T, s *redistest.Server, _ *slowProxy) { s.Stop() },
			func(_ *testing.T, s *redistest.Server, _ *slowProxy) { s.Continue() }, 4,
		},
		{
			"latency of 500 ms", func(_ *testing.T, _ *redistest.Server, proxy *slowProxy) {
				proxy.delay.Store(int64(500 * time.Millisecond))
			},
			func(_ *testing.T, _ *redistest.Server, proxy *slowProxy) { proxy.delay.Store(0) }, 4,
		},
		{"full", func(t *testing.T, s *redistest.Server, _ *slowProxy) {
			s.Client().ConfigSet(t.Context(), "maxmemory", "1")
		}, func(t *testing.T, s *redistest.Server, _ *slowProxy) {
			s.Client().ConfigSet(t.Context(), "maxmemory", "0")
		}, 4},
		{"read-only", func(t *testing.T, s *redistest.Server, _ *slowProxy) {
			s.Client().Do(t.Context(), "REPLICAOF", "127.0.0.1", "1")
		}, func(t *testing.T, s *redistest.Server, _ *slowProxy) {
			s.Client().Do(t.Context(), "REPLICAOF", "NO", "ONE")
		}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			redis := redistest.Start(t)
			proxy := startSlowProxy(t, redis.Addr)
			s := startAuthServer(t)
			processes := tokenLoad(t, load{Single: proxy.Addr, Lease: time.Second}, s)
			request(t, processes)
			answered(t, processes, 20*time.Second)
			before := s.made.Load()
			tt.harm(t, redis, proxy)
			s.revoked.Store(before)
			request(t, processes)
			answered(t, processes, 20*time.Second)
			meanwhile := s.made.Load() - before
			if meanwhile < 1 || meanwhile > tt.most {
				t.Errorf("got %d fetches meanwhile, want at most %d", meanwhile, tt.most)
			}
			tt.mend(t, redis, proxy)
			// Until all have noticed, one may be given what another one has fetched at the
			// same time, and has been revoked with its own.
			shared := false
			for range 20 {
				before = s.made.Load()
				s.revoked.Store(before)
				request(t, processes)
				good := true
				for _, p := range processes {
					good = p.ReadLine(20*time.Second) == "50" && good
				}
				if shared = s.made.Load() == before+1 && good; shared {
					break
				}
				time.Sleep(100 * time.Millisecond)
			}
			if !shared {
				t.Error("got no round with one fetch for all, want one")
			}
			t.Logf("%d fetches of 4 processes meanwhile", meanwhile)
		})
	}
}
