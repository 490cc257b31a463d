package bench

import (
	"math"
	"time"
)

// Bin is a bar of a histogram: how many durations were longer than From and not than To.
type Bin struct {
	From, To time.Duration
	N        uint64
}

// divisions are ways to divide a power of ten into about equal steps on a logarithmic
// axis, the finest first, each with round numbers.
func divisions() [][]float64 {
	return [][]float64{
		{1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9},
		{1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8},
		{1, 1.5, 2.5, 4, 6},
		{1, 2, 5},
		{1, 3},
		{1},
	}
}

// Bins divides all durations by a logarithmic axis: into the finest of some round
// steps with which there are at most n bins, or into powers of ten.
func (h *Hist) Bins(n int) []Bin {
	if h.n == 0 {
		return nil
	}
	var edges []time.Duration
	longest := bucketEnd(buckets - 1)
	for _, steps := range divisions() {
		if edges = divideAxis(min(max(h.min, 1), longest), min(max(h.max, 2), longest), steps); len(edges)-1 <= n {
			break
		}
	}
	bins := make([]Bin, len(edges)-1)
	for i := range bins {
		from, to := edges[i], edges[i+1]
		bins[i] = Bin{From: from, To: to}
		if i == 0 {
			from = -1
		}
		if i == len(bins)-1 {
			to = math.MaxInt64
		}
		bins[i].N = h.Between(from, to)
	}
	return bins
}

// divideAxis returns the edges of the steps that hold all from lo to hi.
func divideAxis(lo, hi time.Duration, steps []float64) []time.Duration {
	var edges []time.Duration
	for power := math.Pow(10, math.Floor(math.Log10(float64(lo)))); ; power *= 10 {
		for _, step := range steps {
			edge := time.Duration(math.Round(step * power))
			switch {
			case edge <= lo:
				edges = []time.Duration{edge}
			case edge >= hi:
				return append(edges, edge)
			default:
				edges = append(edges, edge)
			}
		}
	}
}
