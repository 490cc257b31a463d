package progress_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/progress"
)

// TestMeter: what is told, of steps of a size and a pause each.
func TestMeter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		step, total int64
		steps       int
		pause       time.Duration
		want        []int64
	}{
		{"a hundredth at a time", 1, 100, 4, 0, []int64{1, 2, 3, 4}},
		{"less at a time", 1, 400, 9, 0, []int64{1, 5, 9}},
		{"the whole", 1, 400, 400, 0, nil}, // see below
		{"slowly", 1, 100_000, 3, 100 * time.Millisecond, []int64{1, 2, 3}},
		{"less slowly", 1, 100_000, 5, 50 * time.Millisecond, []int64{1, 3, 5}},
		{"of unknown length", 1, -1, 5, 50 * time.Millisecond, []int64{1, 3, 5}},
		{"unknown and fast", 1, -1, 500, 0, []int64{1, 500}},
		{"no length", 1, 0, 5, 0, []int64{1, 5}},
		{"nothing", 1, 100, 0, 0, nil},
		{"a single step", 7, 100, 1, 0, []int64{7}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var got []int64
				m := progress.NewMeter(func(done, total int64) {
					if got = append(got, done); total != tt.total {
						t.Errorf("total %d, want %d", total, tt.total)
					}
				})
				done := int64(0)
				for range tt.steps {
					done += tt.step
					m.Update(done, tt.total)
					time.Sleep(tt.pause)
				}
				m.Finish(done, tt.total)
				if tt.name == "the whole" {
					if len(got) != 101 || got[len(got)-1] != tt.total {
						t.Errorf("got %d calls to %d", len(got), got[len(got)-1])
					}
				} else if !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			})
		})
	}
	nobody := progress.NewMeter(nil)
	nobody.Finish(1, 2)
	if !nobody.Update(1, 2) {
		t.Error("nobody waits to be told")
	}
}

// TestMeterGoesBack: a part that has to be fetched again is told, too.
func TestMeterGoesBack(t *testing.T) {
	t.Parallel()
	var got []int64
	m := progress.NewMeter(func(done, _ int64) { got = append(got, done) })
	for _, done := range []int64{500, 500, 501, 100, 1000, 1000} {
		m.Update(done, 1000)
	}
	if want := []int64{500, 100, 1000}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
