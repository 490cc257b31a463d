package main

import (
	"math"
	"slices"
)

// summary is what many rounds come to.
type summary struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Rounds int     `json:"rounds"`
}

func summarize(all []float64) summary {
	all = slices.Sorted(slices.Values(all))
	return summary{
		Median: quantile(all, 0.5), Q1: quantile(all, 0.25), Q3: quantile(all, 0.75),
		Min: all[0], Max: all[len(all)-1], Rounds: len(all),
	}
}

// quantile lies between the two nearest of the sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// summarizeRounds compares round by round.
func (r result) summarizeRounds(m metric, rel relation) summary {
	all := make([]float64, len(r.rounds))
	for i, s := range r.rounds {
		switch base := r.against[i][m]; rel {
		case absolute:
			all[i] = s[m]
		case ratioTo:
			all[i] = s[m] / base
		case aboveBase:
			all[i] = s[m] - base
		}
	}
	return summarize(all)
}
