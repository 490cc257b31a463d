//go:build interop && linux

package fleet_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// TestInteropServers joins a fleet on every kind of server, and again after a failover.
func TestInteropServers(t *testing.T) {
	sentinel := redistest.StartSentinel(t)
	for name, client := range map[string]redis.UniversalClient{
		"single":   redistest.Start(t).Client(),
		"cluster":  redistest.ClusterClient(t, redistest.StartCluster(t)),
		"sentinel": sentinel.Client(),
	} {
		f, _ := newFleet(t, fleet.Config{Redis: client, Prefix: name})
		await(t, func() bool { return f.Stats().Calls > 0 })
		other, _ := newFleet(t, fleet.Config{Redis: client, Prefix: name})
		await(t, func() bool { return other.Stats().Processes == 2 })
		if s := other.Stats(); s.Failed != 0 {
			t.Errorf("%s: got %d failed calls, want none", name, s.Failed)
		}
	}
	sentinel.Master.Kill()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client := sentinel.Client()
	await(t, func() bool { return client.Set(ctx, "written", "after", 0).Err() == nil })
}

// TestInteropStandstill: a server that stands still makes a call fail in time, and is asked
// again once it goes on.
func TestInteropStandstill(t *testing.T) {
	server := redistest.Start(t)
	f, _ := newFleet(t, fleet.Config{Redis: server.Client()})
	await(t, func() bool { return f.Stats().Calls > 0 })
	server.Stop()
	await(t, func() bool { return slices.Contains(f.Stats().Unavailable, "fleet members") })
	server.Continue()
	await(t, func() bool { return len(f.Stats().Unavailable) == 0 })
}
