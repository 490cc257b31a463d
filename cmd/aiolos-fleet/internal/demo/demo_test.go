package demo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/demo"
)

// TestMeter: what the servers have seen.
func TestMeter(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	var arrivals []time.Time
	for n := range 10 { // one a second, and then ten at once
		arrivals = append(arrivals, start.Add(time.Duration(n)*time.Second))
	}
	for range 10 {
		arrivals = append(arrivals, start.Add(20*time.Second))
	}
	peak, fastest, urls, repeated := demo.Outcome(arrivals, 3, 1, 2, 2, 3, 3, 3)
	if peak != 3 || fastest != 5 || urls != 3 || repeated != 3 {
		t.Errorf("got %d under way, %v/s, %d URLs, %d again, want 3, 5, 3, 3", peak, fastest, urls, repeated)
	}
}

// TestPlan: there is something of every fault.
func TestPlan(t *testing.T) {
	t.Parallel()
	want := "map[:1060 500:100 503 with Retry-After:10 cut before the head:100 cut in the body:100 redirect:100 slow:530]"
	if got := fmt.Sprint(demo.Faults()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestChecks: what is wrong is noticed.
func TestChecks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got, limit  float64
		count, want int
		failed      int
	}{{8, 8, 1, 1, 0}, {8.5, 8, 1, 1, 1}, {8, 8, 0, 1, 1}, {9, 8, 2, 1, 2}} {
		if failed := demo.Checks(tt.got, tt.limit, tt.count, tt.want); failed != tt.failed {
			t.Errorf("%+v: got %d", tt, failed)
		}
	}
}
