package bench_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
)

// TestHist compares with a sorted list.
func TestHist(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	var halves [2]bench.Hist
	for i := range 20_000 {
		d := time.Duration(math.Exp(random.Float64()*20) * 100)
		all = append(all, d)
		halves[i%2].Add(d)
	}
	slices.Sort(all)
	var h bench.Hist
	h.Merge(&bench.Hist{})
	h.Merge(&halves[0])
	h.Merge(&halves[1])
	if h.Len() != 20_000 || h.Min() != all[0] || h.Max() != all[len(all)-1] {
		t.Errorf("%d from %v to %v", h.Len(), h.Min(), h.Max())
	}
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	if got, want := h.Mean(), sum/time.Duration(len(all)); got != want {
		t.Errorf("mean %v, want %v", got, want)
	}
	for _, p := range []float64{0.001, 1, 25, 50, 90, 99, 99.9, 99.99, 100} {
		rank := max(int(math.Ceil(p/100*float64(len(all)))), 1)
		want := all[rank-1]
		if got := h.Percentile(p); got < want || float64(got) > float64(want)*(1+1.0/64)+1 {
			t.Errorf("p%v is %v, want %v", p, got, want)
		}
	}
	var n uint64
	for from := time.Duration(0); from < time.Hour; from = from*2 + 1 {
		n += h.Between(from, from*2+1)
	}
	if n != h.Len() {
		t.Errorf("%d are between the bounds, of %d", n, h.Len())
	}
}

func TestHistEdges(t *testing.T) {
	t.Parallel()
	var h bench.Hist
	if h.Percentile(50) != 0 || h.Mean() != 0 || h.Max() != 0 {
		t.Error("an empty histogram has values")
	}
	for _, d := range []time.Duration{-1, 0, 1, 127, 128, 129, math.MaxInt64} {
		h.Add(d)
	}
	if h.Len() != 7 || h.Min() != 0 || h.Max() != math.MaxInt64 || h.Percentile(1) != 0 || h.Percentile(50) != 127 {
		t.Errorf("%d, %v, %v, %v, %v", h.Len(), h.Min(), h.Max(), h.Percentile(1), h.Percentile(50))
	}
}

func TestHistAllocs(t *testing.T) {
	var h bench.Hist
	if n := testing.AllocsPerRun(100, func() { h.Add(time.Millisecond) }); n > 0 {
		t.Errorf("%v allocations to count a duration", n)
	}
}
