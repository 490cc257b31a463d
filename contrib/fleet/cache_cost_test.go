package fleet_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// commandCounter counts what a client asks, without what makes the connection.
type commandCounter struct{ trips, commands atomic.Int64 }

func (c *commandCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *commandCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.trips.Add(1)
		c.commands.Add(1)
		return next(ctx, cmd)
	}
}

func (c *commandCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() != "hello" && cmds[0].Name() != "client" {
			c.trips.Add(1)
			c.commands.Add(int64(len(cmds)))
		}
		return next(ctx, cmds)
	}
}

// TestCacheCost: how many round trips a request takes.
func TestCacheCost(t *testing.T) {
	server := miniredis.RunT(t)
	client := redisOf(t, server)
	f, _ := newFleet(t, fleet.Config{Redis: client, Timeout: testTimeout, Lease: testTimeout})
	await(t, func() bool { return f.Stats().Calls == 1 })
	c := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{}), OnError: func(err error) { t.Error(err) }})
	defer c.Close()
	size := 1000
	rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		h := http.Header{"Cache-Control": {"max-age=1000"}}
		status := http.StatusOK
		switch {
		case req.Header.Get("If-None-Match") != "":
			status = http.StatusNotModified
		case req.URL.Path == "/old":
			h.Set("Etag", `"1"`)
			h.Set("Age", "2000")
		case req.URL.Path == "/vary":
			h.Set("Vary", "Accept")
		}
		return middleware.Answer(status, h, strings.Repeat("x", size)).RoundTrip(req)
	}))
	ask := func(path string) {
		t.Helper()
		if body, err := sendGet(t.Context(), rt, "http://h"+path); err != nil || len(body) != size {
			t.Errorf("got %d bytes, %v", len(body), err)
		}
	}
	ask("/warm") // the scripts are in Redis then
	ask("/old")
	ask("/old")
	server.FlushDB()
	size = 200_000
	ask("/warm-large")
	size = 1000
	count := &commandCounter{}
	client.AddHook(count)
	for _, c := range []struct {
		path string
		size int
		want int64
	}{
		{"/1", 1000, 3}, // look-up, turn, commit
		{"/1", 1000, 1}, // hit
		{"/empty", 0, 3},
		{"/empty", 0, 1},
		{"/large", 300_000, 3 + 4},     // and a piece each
		{"/large", 300_000, 1 + 1},     // and four pieces at once
		{"/huge", 1_000_000, 3 + 15},   // 16 pieces
		{"/huge", 1_000_000, 1 + 4},    // and the others by fours
		{"/vary", 1000, 2 + 1 + 1 + 1}, // the index is looked up twice, and committed
		{"/vary", 1000, 2},
		{"/old", 1000, 3},
		{"/old", 1000, 3}, // look-up, turn, update
		{"/old", 1000, 1},
	} {
		size = c.size
		before := count.trips.Load()
		ask(c.path)
		if got := count.trips.Load() - before; got != c.want {
			t.Errorf("%s of %d bytes: got %d round trips, want %d", c.path, c.size, got, c.want)
		}
	}
	if count.trips.Load() != count.commands.Load() {
		t.Errorf("got %d commands in %d round trips", count.commands.Load(), count.trips.Load())
	}
}
