//go:build interop && linux

package fleet_test

import (
	"math/rand/v2"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet/internal/procs"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// TestInteropConcurrencyTroubled: processes that stand still for less than the lease, and
// such as are killed and started again, never bring more requests than the limit to the
// server, and lose nothing for good.
func TestInteropConcurrencyTroubled(t *testing.T) {
	const limit, lease = 4, 3 * time.Second
	redis, server := redistest.Start(t), startBusyServer(t, 5*time.Millisecond)
	l := load{Single: redis.Addr, URL: server.URL, Goroutines: 20, Limit: limit, Lease: lease, Timeout: 5 * time.Second, Refuse: true}
	var processes []*procs.Process
	start := func(name string) *procs.Process {
		l.Name = name
		return l.start(t, "places")
	}
	for i := range 4 {
		processes = append(processes, start(strconv.Itoa(i)))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	kills := 0
	for began := time.Now(); time.Since(began) < loadTime(t, 4*time.Second); {
		i := random.IntN(len(processes))
		if random.IntN(4) == 0 {
			processes[i].Cmd.Process.Kill()
			processes[i].Wait()
			kills++
			processes[i] = start(strconv.Itoa(4 + kills))
			continue
		}
		processes[i].Cmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(time.Duration(random.Int64N(int64(lease / 3))))
		processes[i].Cmd.Process.Signal(syscall.SIGCONT)
	}
	var sent int64
	for _, p := range processes {
		end, lost := finish(t, p)
		sent += end.Stats.Sent
		if lost > 0 || end.Down > 0 {
			t.Errorf("got %d lost places, and %d times no answer: %s", lost, end.Down, end.Why)
		}
	}
	awaitNoKeys(t, redis.Client())
	if got := server.top(); got > limit {
		t.Errorf("got %d at once, want at most %d", got, limit)
	}
	t.Logf("%d requests of those that have lived to the end, %d kills, %d at once", sent, kills, server.top())
}
