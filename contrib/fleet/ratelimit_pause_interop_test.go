//go:build interop && linux

package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// TestInteropRateLimitPause: what one answer says all processes keep, those included that
// have places or wait for them, but for lookAhead and the requests that are on their way.
func TestInteropRateLimitPause(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit rateSettings
		rate  float64
	}{
		{"fast", rateSettings{Rate: 100}, 100},
		{"per host", rateSettings{PerHost: 50}, 50},
		{"slow", rateSettings{Rate: 4}, 4}, // a place is waited for longer than lookAhead
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := startRateServer(t)
			load := rateLoad{Redis: redistest.Start(t).Addr, URLs: []string{server.URL}, Goroutines: 10, Processes: 4, Limit: tt.limit}
			run := startRateRun(t, load)
			pass(t, time.Second)
			server.pause.Store(3)
			await(t, func() bool { return server.pause.Load() == 0 })
			told := time.Now()
			pass(t, 5*time.Second)
			run.end()
			const bound = 500 * time.Millisecond // lookAhead and round trips of a busy machine
			if n := server.between(told.Add(bound), told.Add(2900*time.Millisecond)); n != 0 {
				t.Errorf("got %d requests within the pause, want none", n)
			}
			early := server.between(told.Add(50*time.Millisecond), told.Add(bound))
			after := server.between(told.Add(3200*time.Millisecond), told.Add(4700*time.Millisecond))
			if least := int(tt.rate * 1.5 * 0.6); after < least {
				t.Errorf("got %d requests after the pause, want %d at least", after, least)
			}
			t.Logf("%d requests came more than 50 ms after the pause was told, %d after it", early, after)
		})
	}
}

// TestInteropRateLimitRefuse: with Refuse requests fail in time, with a typed error, and go
// again when Redis is back.
func TestInteropRateLimitRefuse(t *testing.T) {
	do := func(args ...any) func(*testing.T, *redistest.Server) {
		return func(t *testing.T, s *redistest.Server) {
			t.Helper()
			if err := s.Client().Do(t.Context(), args...).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	kill := func(_ *testing.T, s *redistest.Server) { s.Kill() }
	restart := func(_ *testing.T, s *redistest.Server) { s.Restart() }
	stop := func(_ *testing.T, s *redistest.Server) { s.Stop() }
	goOn := func(_ *testing.T, s *redistest.Server) { s.Continue() }
	for _, tt := range []struct {
		name       string
		begin, end func(*testing.T, *redistest.Server)
	}{
		{"gone", kill, restart},
		{"stands still", stop, goOn},
		{"full", do("CONFIG", "SET", "maxmemory", "1"), do("CONFIG", "SET", "maxmemory", "0")},
		{"read-only", do("REPLICAOF", "127.0.0.1", "1"), do("REPLICAOF", "NO", "ONE")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := redistest.Start(t)
			client := redis.NewClient(&redis.Options{Addr: server.Addr, ContextTimeoutEnabled: true})
			defer client.Close()
			const retry = 200 * time.Millisecond
			f, _ := newFleet(t, fleet.Config{Redis: client, Unavailable: fleet.Refuse, RetryAfter: retry})
			l := f.RateLimit(fleet.RateLimitConfig{Rate: 10_000})
			if err := send(t.Context(), t, l, "http://h/"); err != nil {
				t.Fatal(err)
			}
			tt.begin(t, server)
			for until := time.Now().Add(2 * retry); time.Now().Before(until); {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				began := time.Now()
				err := send(ctx, t, l, "http://h/")
				cancel()
				if unavailable, ok := errors.AsType[*fleet.UnavailableError](err); !ok || !errors.Is(err, errors.ErrClient) {
					t.Fatalf("got %v (%v), want an UnavailableError", err, unavailable)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("got an answer after %v, want 250 ms at most", took)
				}
				pass(t, 5*time.Millisecond)
			}
			tt.end(t, server)
			await(t, func() bool { return send(t.Context(), t, l, "http://h/") == nil })
			if s := l.Stats(); s.Local != 0 || s.Waiting != 0 {
				t.Errorf("got %+v, want none without Redis", s)
			}
		})
	}
}
