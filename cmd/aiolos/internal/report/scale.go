package report

import (
	"math"
	"time"
)

// scale maps values to places on an axis, from 0 to 1. What is outside of the axis is
// at its end.
type scale struct {
	from, to float64
	log      bool
}

// at is the place of a value.
func (s scale) at(v float64) float64 {
	from, to := s.from, s.to
	if s.log {
		v, from, to = math.Log(max(v, s.from)), math.Log(from), math.Log(to)
	}
	if !(to > from) {
		return 0
	}
	return min(max((v-from)/(to-from), 0), 1)
}

// ticks are the values to write at the axis: round ones, about as many as are wanted.
func (s scale) ticks(about int) []float64 {
	if s.log {
		return s.logTicks(about)
	}
	if !(s.to > s.from) {
		return []float64{s.from}
	}
	step := niceStep((s.to - s.from) / float64(about))
	var all []float64
	for n := math.Ceil(s.from / step); n*step <= s.to*(1+1e-9); n++ {
		all = append(all, n*step)
	}
	return all
}

// logTicks are 1, 2 and 5 of each power of ten, or only the powers, or some of them.
func (s scale) logTicks(about int) []float64 {
	decades := math.Log10(s.to / s.from)
	digits, every := []float64{1, 2, 5}, 1.0
	if decades*3 > float64(about)*1.5 {
		digits, every = digits[:1], max(1, math.Ceil(decades/float64(about)))
	}
	var all []float64
	for e := math.Floor(math.Log10(s.from)); e <= math.Ceil(math.Log10(s.to)); e += every {
		for _, d := range digits {
			if v := d * math.Pow(10, e); v >= s.from*(1-1e-9) && v <= s.to*(1+1e-9) {
				all = append(all, v)
			}
		}
	}
	return all
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, d := range []float64{1, 2, 5} {
		if d*power >= v*(1-1e-9) {
			return d * power
		}
	}
	return 10 * power
}

// latencyScale is a logarithmic axis of durations, with some air at its ends.
func latencyScale(shortest, longest time.Duration) scale {
	from, to := float64(max(shortest, time.Microsecond)), float64(max(longest, time.Microsecond))
	return scale{from: from / 1.1, to: to * 1.1, log: true}
}
