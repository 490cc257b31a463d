package middleware_test

import (
	"math"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// TestFullJitter: within its bounds, and over the whole of them.
func TestFullJitter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		lo, hi  time.Duration
		attempt int
		ceiling time.Duration
	}{
		{"first", time.Second, time.Minute, 0, time.Second},
		{"second", time.Second, time.Minute, 1, 2 * time.Second},
		{"sixth", time.Second, time.Minute, 5, 32 * time.Second},
		{"cut", time.Second, time.Minute, 6, time.Minute},
		{"many", time.Second, time.Minute, 1000, time.Minute},
		{"overflow", time.Hour, math.MaxInt64 - 1, 50, math.MaxInt64 - 1},
		{"longest", time.Hour, math.MaxInt64, 61, math.MaxInt64},
		{"min above max", time.Hour, time.Minute, 0, time.Minute},
		{"negative attempt", time.Second, time.Minute, -1, time.Second},
		{"nothing", 0, time.Minute, 3, 0},
		{"negative", -1, -1, 3, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			longest := time.Duration(0)
			for range 200 {
				d := middleware.FullJitter(tt.lo, tt.hi, tt.attempt, nil)
				if d < 0 || d > tt.ceiling {
					t.Fatalf("got %v, want 0 to %v", d, tt.ceiling)
				}
				longest = max(longest, d)
			}
			if longest < tt.ceiling/2 {
				t.Errorf("the longest of 200 is %v of %v", longest, tt.ceiling)
			}
		})
	}
}
