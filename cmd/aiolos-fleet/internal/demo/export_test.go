package demo

import "time"

// Outcome is that of a meter which saw requests at these times, of which so many were under
// way together, and servings of these URLs.
func Outcome(arrivals []time.Time, together int, served ...int) (peak int, fastest float64, urls, repeated int) {
	m := newMeter()
	var ends []func()
	for range together {
		ends = append(ends, m.begin())
	}
	for _, end := range ends {
		end()
		end() // it counts once
	}
	m.begin()()
	m.arrivals = arrivals
	for _, n := range served {
		m.serve(n)
	}
	s := m.outcome()
	return s.peak, s.fastest, s.served, s.repeated
}

// Faults is how many URLs have which fault.
func Faults() map[string]int {
	all := map[string]int{}
	for n := range planned {
		all[string(faultOf(n))]++
	}
	return all
}

// Checks is how many checks fail of numbers that may be at most the limit, and equal.
func Checks(got, limit float64, count, want int) int {
	failed := 0
	for _, c := range []check{atMost("x", got, limit), equal("y", count, want)} {
		if !c.ok {
			failed++
		}
	}
	return failed
}
