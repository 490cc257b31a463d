package session_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
)

// TestStubAllocs is the budget of the session alone: what it adds to a RoundTripper
// that costs nothing.
func TestStubAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	cancelable, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		opts   []session.Option
		allocs float64
		bytes  uint64
	}{
		{"background", context.Background(), nil, 1, 896},
		{"cancelable", cancelable, nil, 1, 896},
		{"default header", context.Background(), opt(session.Header("X-Api-Version", "1")), 1, 896},
	} {
		t.Run(test.name, func(t *testing.T) {
			get := overStub(t, test.opts...)
			run := func() { get(test.ctx) }
			if got := testing.AllocsPerRun(200, run); got > test.allocs {
				t.Errorf("got %v allocations, want at most %v", got, test.allocs)
			}
			if got := bytesPerRun(1000, run); got > test.bytes+test.bytes/50 {
				t.Errorf("got %d bytes, want at most %d", got, test.bytes)
			}
		})
	}
}

// bytesPerRun is testing.AllocsPerRun for bytes. What the runtime allocates for
// itself meanwhile counts too.
func bytesPerRun(runs int, f func()) uint64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / uint64(runs)
}
