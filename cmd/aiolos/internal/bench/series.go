package bench

import (
	"sync"
	"time"
)

// The slots of a series: as many as a picture has room for, and at first so short that
// a run of a tenth of a second has some.
const (
	maxSlots  = 128
	firstSlot = time.Millisecond
	// fewest is how many exchanges a slot of the result should have, so that its
	// percentiles are some; fewSlots is how many slots remain at least.
	fewest, fewSlots = 20, 32
)

// Slot is what happened in a stretch of time. The zero value is nothing.
type Slot struct {
	Requests, Errors int64 // that ended
	Latency          Hist  // of those with a response
}

// add counts one exchange.
func (s *Slot) add(latency time.Duration, failed, answered bool) {
	s.Requests++
	if failed {
		s.Errors++
	}
	if answered {
		s.Latency.Add(latency)
	}
}

// merge adds another slot.
func (s *Slot) merge(other *Slot) {
	s.Requests += other.Requests
	s.Errors += other.Errors
	s.Latency.Merge(&other.Latency)
}

// Point is what happened in one slot of a run.
type Point struct {
	Start, Width     time.Duration
	Requests, Errors int64
	P50, P99, Max    time.Duration // 0 without a response
}

// series is what happened when, in slots of one width. When they do not suffice, the
// width doubles and each two become one, so that a run of any length has at least
// half of them.
type series struct {
	mu     sync.Mutex
	keep   bool // the slots, and not only what is recent
	width  time.Duration
	slots  []*Slot
	recent *Slot
}

// newSeries makes a series; without keep it only knows what is recent.
func newSeries(keep bool) *series {
	return &series{keep: keep, width: firstSlot, recent: &Slot{}}
}

// add counts an exchange that ended at an instant after the start.
func (s *series) add(at, latency time.Duration, failed, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.add(latency, failed, answered)
	if !s.keep {
		return
	}
	for at >= maxSlots*s.width {
		s.halve()
	}
	i := int(at / s.width)
	for len(s.slots) <= i {
		s.slots = append(s.slots, &Slot{})
	}
	s.slots[i].add(latency, failed, answered)
}

// halve makes one slot of each two.
func (s *series) halve() {
	s.width *= 2
	for i := 0; i < len(s.slots); i += 2 {
		if i+1 < len(s.slots) {
			s.slots[i].merge(s.slots[i+1])
		}
		s.slots[i/2] = s.slots[i]
	}
	s.slots = s.slots[:(len(s.slots)+1)/2]
}

// takeRecent is what happened since it was called last.
func (s *series) takeRecent() *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := s.recent
	s.recent = &Slot{}
	return recent
}

// points are the slots of a run that took so long. Slots that hold next to nothing are
// put together first. The series is not used after that.
func (s *series) points(elapsed time.Duration) []Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	for _, slot := range s.slots {
		n += slot.Requests
	}
	for len(s.slots) > fewSlots && n < fewest*int64(len(s.slots)) {
		s.halve()
	}
	// What is left at the end is part of the slot before, unless it is a good part.
	if last := len(s.slots) - 1; last > 0 && elapsed-time.Duration(last)*s.width < s.width/2 {
		s.slots[last-1].merge(s.slots[last])
		s.slots = s.slots[:last]
	}
	points := make([]Point, len(s.slots))
	for i, slot := range s.slots {
		start, width := time.Duration(i)*s.width, s.width
		if i == len(points)-1 {
			width = max(elapsed-start, 1)
		}
		points[i] = Point{
			Start: start, Width: width, Requests: slot.Requests, Errors: slot.Errors,
			P50: slot.Latency.Percentile(50), P99: slot.Latency.Percentile(99), Max: slot.Latency.Max(),
		}
	}
	return points
}
