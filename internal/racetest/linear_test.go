package racetest_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
)

// failing notes an error instead of failing.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()               {}
func (f *failing) Errorf(string, ...any) { f.failed = true }

func TestCheckLinear(t *testing.T) {
	t.Parallel()
	steps := 600 // enough for more than what counts as quick
	if racetest.Enabled {
		steps = 60
	}
	var sum int
	count := func(n int) {
		for i := range n {
			sum += i
		}
	}
	for name, tt := range map[string]struct {
		work func(n int)
		want bool
	}{
		"linear": {func(n int) { count(1000 * n) }, true},
		"quadratic": {func(n int) {
			for range n {
				count(steps * n)
			}
		}, false},
	} {
		f := &failing{TB: t}
		racetest.CheckLinear(f, 1<<9, tt.work)
		if f.failed == tt.want {
			t.Errorf("%s: got failed %v", name, f.failed)
		}
	}
}
