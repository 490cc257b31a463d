package simulate_test

import (
	"flag"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/simulate"
)

var (
	seeds  = flag.Int("seeds", defaultSeeds(), "how many seeds")
	seed   = flag.Uint64("seed", 1, "the first of them")
	reduce = flag.Bool("reduce", false, "leave operations out of a plan that fails, while it fails")
	replay = flag.Int("replay", 100, "how often a plan that fails is run again")
)

// defaultSeeds is 200, and half with the race detector, which takes five times as long.
func defaultSeeds() int {
	if racetest.Enabled {
		return 100
	}
	return 200
}

// TestSimulate runs the plans of many seeds. One that fails is run again, with one P
// too, printed, and reduced if -reduce says so.
func TestSimulate(t *testing.T) {
	t.Parallel()
	workers := min(runtime.GOMAXPROCS(0), *seeds)
	for worker := range workers {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for n := worker; n < *seeds && !t.Failed(); n += workers {
				plan := simulate.Generate(*seed + uint64(n))
				if broken := simulate.Run(t, plan, dir); len(broken) > 0 {
					explainFailure(t, plan, broken, dir)
				}
			}
		})
	}
}

// explainFailure says all there is to say about a plan that fails.
func explainFailure(t *testing.T, plan *simulate.Plan, broken []string, dir string) {
	t.Helper()
	t.Errorf("seed %d:\n  %s\nagain with: go test ./internal/simulate -run TestSimulate -seeds 1 -seed %d -reduce",
		plan.Seed, strings.Join(broken, "\n  "), plan.Seed)
	failed := simulate.Replay(t, plan, dir, *replay)
	t.Logf("it fails in %d of %d runs", failed, *replay)
	if *reduce {
		plan = simulate.Reduce(t, plan, dir)
		t.Logf("reduced; now: %s", strings.Join(simulate.Run(t, plan, dir), "\n  "))
	}
	t.Logf("%s", plan)
}
