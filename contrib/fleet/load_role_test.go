//go:build interop && linux

package fleet_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
)

func init() {
	roles["places"] = runPlaces
	roles["tokens"] = runTokens
}

// load says where a process of a test has its Redis, and what it does.
type load struct {
	Single, Sentinel string
	Cluster          []string
	URL, Auth        string
	Name             string // of the process, which the servers are told
	Goroutines       int
	Limit            int
	Lease            time.Duration
	Timeout          time.Duration
	Processes        int
	Refuse           bool
}

func (l load) client() redis.UniversalClient {
	switch {
	case len(l.Cluster) > 0:
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: l.Cluster, ContextTimeoutEnabled: true})
	case l.Sentinel != "":
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: "main", SentinelAddrs: []string{l.Sentinel}, ContextTimeoutEnabled: true})
	}
	return redis.NewClient(&redis.Options{Addr: l.Single, ContextTimeoutEnabled: true, MaxRetries: -1})
}

func (l load) fleet(client redis.UniversalClient, onEvent func(context.Context, middleware.Event)) (*fleet.Fleet, error) {
	cfg := fleet.Config{Redis: client, Lease: l.Lease, Timeout: l.Timeout, Processes: l.Processes, RetryAfter: 200 * time.Millisecond, OnEvent: onEvent}
	if l.Refuse {
		cfg.Unavailable = fleet.Refuse
	}
	return fleet.New(cfg)
}

// start runs a role with that load.
func (l load) start(t *testing.T, role string) *procs.Process {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return procs.Start(t, role, string(text))
}

// placesEnd is the last line of a process that has sent requests.
type placesEnd struct {
	Stats   fleet.ConcurrencyStats
	Refused int64 // by Refuse
	Down    int64 // times that Redis began not to answer
	Why     string
	Other   []string
}

// runPlaces sends requests from all its goroutines until its input ends. It says "lost" for
// each place that is, and at the end what it has done.
func runPlaces(args []string, in io.Reader, out io.Writer) error {
	var l load
	if err := json.Unmarshal([]byte(args[0]), &l); err != nil {
		return err
	}
	client := l.client()
	defer client.Close()
	var end placesEnd
	var why atomic.Value
	f, err := l.fleet(client, func(_ context.Context, e middleware.Event) {
		if e.Kind == fleet.EventPlaceLost {
			fmt.Fprintln(out, "lost")
		}
		if e.Kind == fleet.EventUnavailable {
			atomic.AddInt64(&end.Down, 1)
			why.Store(e.Err.Error())
		}
	})
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	limiter := f.Concurrency(fleet.ConcurrencyConfig{PerHost: l.Limit})
	rt := limiter.Wrap(&http.Transport{MaxIdleConnsPerHost: l.Goroutines})
	var mu sync.Mutex
	var group sync.WaitGroup
	for range l.Goroutines {
		group.Go(func() {
			for ctx.Err() == nil {
				err := sendNamed(context.Background(), rt, l.URL, l.Name) // one that is broken off goes on at the server
				switch _, down := errors.AsType[*fleet.UnavailableError](err); {
				case down:
					atomic.AddInt64(&end.Refused, 1)
					time.Sleep(10 * time.Millisecond)
				case err != nil:
					mu.Lock()
					end.Other = append(end.Other, err.Error())
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	await := time.Now().Add(5 * time.Second)
	for fleet.Gates(limiter) > 0 && time.Now().Before(await) {
		time.Sleep(5 * time.Millisecond)
	}
	end.Stats = limiter.Stats()
	end.Why, _ = why.Load().(string)
	return json.NewEncoder(out).Encode(end)
}

// sendNamed sends a request that says who sends it.
func sendNamed(ctx context.Context, rt http.RoundTripper, url, name string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("X-Process", name)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// runTokens sends, for each line of its input, a request from each of its goroutines, and
// says how many were answered with 200.
func runTokens(args []string, in io.Reader, out io.Writer) error {
	var l load
	if err := json.Unmarshal([]byte(args[0]), &l); err != nil {
		return err
	}
	client := l.client()
	defer client.Close()
	f, err := l.fleet(client, nil)
	if err != nil {
		return err
	}
	defer f.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: l.Goroutines}
	shared := f.Token(fleet.TokenConfig{Name: "api", Seal: []byte("0123456789abcdef"), Fetch: func(ctx context.Context) (middleware.Token, error) {
		return fetchNamed(ctx, transport, l.Auth, l.Name)
	}})
	rt := middleware.TokenSource(middleware.TokenConfig{Fetch: shared.Fetch})(transport)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var good atomic.Int64
		var why atomic.Value
		var group sync.WaitGroup
		for range l.Goroutines {
			group.Go(func() {
				if err := sendNamed(context.Background(), rt, l.URL, l.Name); err == nil {
					good.Add(1)
				} else {
					why.Store(err.Error())
				}
			})
		}
		group.Wait()
		line := strconv.FormatInt(good.Load(), 10)
		if text, ok := why.Load().(string); ok {
			line += " " + text
		}
		fmt.Fprintln(out, line)
	}
	return nil
}

func fetchNamed(ctx context.Context, rt http.RoundTripper, url, name string) (token middleware.Token, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return token, err
	}
	req.Header.Set("X-Process", name)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return token, err
	}
	defer resp.Body.Close()
	value, err := io.ReadAll(resp.Body)
	return middleware.Token{Value: string(value), Expiry: time.Now().Add(time.Hour)}, err
}

// loadTime is how long a load lasts: FLEET_SECONDS, or that long.
func loadTime(t *testing.T, usual time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv("FLEET_SECONDS")
	if text == "" {
		return usual
	}
	seconds, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds) * time.Second
}
