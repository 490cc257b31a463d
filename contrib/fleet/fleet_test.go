package fleet_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// newFleet is one on a Redis of its own, or on that of the configuration.
func newFleet(t *testing.T, cfg fleet.Config) (*fleet.Fleet, *miniredis.Miniredis) {
	t.Helper()
	var server *miniredis.Miniredis
	if cfg.Redis == nil {
		server = miniredis.RunT(t)
		client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
		t.Cleanup(func() { client.Close() })
		cfg.Redis = client
	}
	if cfg.Lease == 0 {
		cfg.Lease = time.Second
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	f, err := fleet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, server
}

func TestConfig(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	for _, c := range []struct {
		cfg  fleet.Config
		want string
	}{
		{fleet.Config{}, "Redis is nil"},
		{fleet.Config{Redis: client, Prefix: "a{b"}, "brace"},
		{fleet.Config{Redis: client, Unavailable: 7}, "neither Local nor Refuse"},
	} {
		_, err := fleet.New(c.cfg)
		if !errors.Is(err, errors.ErrInvalidRequest) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}

func TestProcesses(t *testing.T) {
	one, server := newFleet(t, fleet.Config{})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	await(t, func() bool { return two.Stats().Processes == 2 })
	two.Close()
	three, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	await(t, func() bool { return three.Stats().Processes == 2 })
	if one.Stats().Calls == 0 {
		t.Error("got no calls, want some")
	}
}

// TestProcessesAfterFlush: a Redis that has lost its data does not make a process think that
// it is alone.
func TestProcessesAfterFlush(t *testing.T) {
	one, server := newFleet(t, fleet.Config{})
	two, _ := newFleet(t, fleet.Config{Redis: redisOf(t, server)})
	await(t, func() bool { return one.Stats().Processes == 2 && two.Stats().Processes == 2 })
	for range 3 {
		server.FlushAll()
		ones, twos := one.Stats().Calls, two.Stats().Calls
		await(t, func() bool { // that each has heard of the other again
			if n := min(one.Stats().Processes, two.Stats().Processes); n != 2 {
				t.Fatalf("got %d processes, want 2", n)
			}
			return one.Stats().Calls >= ones+3 && two.Stats().Calls >= twos+3
		})
	}
}

// redisOf is another client of the server.
func redisOf(t *testing.T, server *miniredis.Miniredis) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	return client
}

// await waits until it holds.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatal("does not hold after 10 s")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
