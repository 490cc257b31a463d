//go:build interop && linux

package fleet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
)

// rateLoad is what a process of a test does until its input ends.
type rateLoad struct {
	Redis, Sentinel string
	Cluster         []string
	URLs            []string
	Goroutines      int
	Processes       int // that it waits for
	Limit           rateSettings
	Timeout         time.Duration
	RetryAfter      time.Duration
	Refuse          bool
}

// rateSettings are those of a limit that a process can be told.
type rateSettings struct {
	Rate, PerHost       float64
	Burst, BurstPerHost int
	MaxWait             time.Duration
}

func (s rateSettings) config() fleet.RateLimitConfig {
	return fleet.RateLimitConfig{Rate: s.Rate, PerHost: s.PerHost, Burst: s.Burst, BurstPerHost: s.BurstPerHost, MaxWait: s.MaxWait}
}

// rateEnd is what it says at the end.
type rateEnd struct {
	Stats  fleet.RateLimitStats
	Fleet  fleet.Stats
	Errors map[string]int
}

func init() { roles["rate"] = runRateLoad }

func (c rateLoad) client() redis.UniversalClient {
	switch {
	case len(c.Cluster) > 0:
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Cluster, ContextTimeoutEnabled: true})
	case c.Sentinel != "":
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{c.Sentinel}, ContextTimeoutEnabled: true})
	}
	return redis.NewClient(&redis.Options{Addr: c.Redis, ContextTimeoutEnabled: true})
}

// runRateLoad sends requests from many goroutines. It writes a line for the places that it
// is given, "shared|local key at...", and at the end a rateEnd.
func runRateLoad(args []string, in io.Reader, out io.Writer) error {
	var c rateLoad
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return err
	}
	client := c.client()
	defer client.Close()
	cfg := fleet.Config{Redis: client, Lease: time.Second, Timeout: c.Timeout, RetryAfter: c.RetryAfter}
	if c.Refuse {
		cfg.Unavailable = fleet.Refuse
	}
	f, err := fleet.New(cfg)
	if err != nil {
		return err
	}
	defer f.Close()
	for f.Stats().Processes < c.Processes {
		time.Sleep(5 * time.Millisecond)
	}
	l := f.RateLimit(c.Limit.config())
	var mu sync.Mutex
	l.Grants(func(key string, local bool, at []int64) {
		if len(at) == 0 {
			return
		}
		kind := "shared"
		if local {
			kind = "local"
		}
		line := kind + " " + key
		for _, t := range at {
			line += " " + strconv.FormatInt(t, 10)
		}
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, line)
	})
	fmt.Fprintln(out, "ready")
	end := rateEnd{Errors: map[string]int{}}
	c.load(in, l, &end)
	end.Stats, end.Fleet = l.Stats(), f.Stats()
	text, err := json.Marshal(end)
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	fmt.Fprintln(out, string(text))
	return nil
}

// load starts with a line of the input, and ends with it.
func (c rateLoad) load(in io.Reader, l *fleet.RateLimiter, end *rateEnd) {
	ctx, cancel := context.WithCancel(context.Background())
	lines := bufio.NewReader(in)
	lines.ReadString('\n') // the end is a start, too
	go func() {
		lines.ReadString('\n') // it waits for the end
		cancel()
	}()
	client := &http.Client{Transport: l.Wrap(&http.Transport{MaxIdleConnsPerHost: c.Goroutines})}
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range c.Goroutines {
		wg.Go(func() {
			for ctx.Err() == nil {
				err := getOnce(ctx, client, c.URLs[i%len(c.URLs)])
				if err == nil || ctx.Err() != nil {
					continue
				}
				mu.Lock()
				text, _, _ := strings.Cut(err.Error(), "127.0.0.1")
				end.Errors[text]++
				mu.Unlock()
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	wg.Wait()
}

func getOnce(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	io.Copy(io.Discard, resp.Body) // it is empty
	return resp.Body.Close()
}

// rateServer notes when requests arrive.
type rateServer struct {
	*httptest.Server
	mu      sync.Mutex
	arrived []time.Time
	pause   atomic.Int64 // seconds of Retry-After for the next answer
}

func startRateServer(t testing.TB) *rateServer {
	s := &rateServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		s.arrived = append(s.arrived, time.Now())
		s.mu.Unlock()
		if n := s.pause.Swap(0); n > 0 {
			w.Header().Set("Retry-After", strconv.FormatInt(n, 10))
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// between is how many came between the two times.
func (s *rateServer) between(from, to time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.arrived {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// rateRun is a number of processes under load.
type rateRun struct {
	t       testing.TB
	procs   []*procs.Process
	mu      sync.Mutex
	shared  []int64
	local   []int64
	byKey   map[string][]int64
	ends    []rateEnd
	readers sync.WaitGroup
}

// startRateRun starts the processes, and their loads together.
func startRateRun(t testing.TB, load rateLoad) *rateRun {
	t.Helper()
	r := &rateRun{t: t, byKey: map[string][]int64{}}
	args, err := json.Marshal(load)
	if err != nil {
		t.Fatal(err)
	}
	for range load.Processes {
		r.procs = append(r.procs, procs.Start(t, "rate", string(args)))
	}
	for _, p := range r.procs {
		if line := p.ReadLine(20 * time.Second); line != "ready" {
			t.Fatalf("got %q, want ready", line)
		}
	}
	for _, p := range r.procs {
		r.readers.Go(func() { r.read(p) })
		fmt.Fprintln(p.In, "go")
	}
	return r
}

func (r *rateRun) read(p *procs.Process) {
	for line := range p.Lines {
		r.mu.Lock()
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "{"):
			var end rateEnd
			if err := json.Unmarshal([]byte(line), &end); err != nil {
				r.t.Error(err)
			}
			r.ends = append(r.ends, end)
		case len(words) > 2:
			for _, word := range words[2:] {
				at, err := strconv.ParseInt(word, 10, 64)
				if err != nil {
					r.t.Error(err)
				}
				if words[0] == "local" {
					r.local = append(r.local, at)
				} else {
					r.shared = append(r.shared, at)
				}
				r.byKey[words[1]] = append(r.byKey[words[1]], at)
			}
		}
		r.mu.Unlock()
	}
}

// end ends the loads, and waits for the processes but those that were killed. Grants that
// are due later do not count: they are given back, and others take them.
func (r *rateRun) end(killed ...*procs.Process) {
	r.t.Helper()
	over := time.Now().UnixMicro()
	for _, p := range r.procs {
		p.In.Close()
	}
	r.readers.Wait()
	for _, p := range r.procs {
		if err := p.Wait(); err != nil && !slices.Contains(killed, p) {
			r.t.Errorf("a process has ended with %v", err)
		}
	}
	later := func(at int64) bool { return at > over }
	r.shared, r.local = slices.DeleteFunc(r.shared, later), slices.DeleteFunc(r.local, later)
	for key, at := range r.byKey {
		r.byKey[key] = slices.DeleteFunc(at, later)
	}
}

func (r *rateRun) all() []int64 { return slices.Concat(r.shared, r.local) }

// count is how many there are of each, so far.
func (r *rateRun) count() (shared, local int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.shared), len(r.local)
}

// rateTime is how long a load lasts: seconds, or FLEET_SECONDS.
func rateTime(t testing.TB, seconds int) time.Duration {
	if text := os.Getenv("FLEET_SECONDS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		seconds = n
	}
	return time.Duration(seconds) * time.Second
}

// pass lets time pass.
func pass(t testing.TB, d time.Duration) {
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}
