// Package progress tells how far a transfer is, seldom enough for a caller that draws.
package progress

import "time"

// Interval is how long nothing is told of what is less than a hundredth of the whole.
const Interval = 100 * time.Millisecond

// Meter calls a function as a transfer goes on: when a hundredth of the whole was
// transferred since the last call, or a tenth of a second has passed, and once at the end.
// It is used by one goroutine at a time.
type Meter struct {
	report   func(done, total int64) // nil: nobody wants to know
	told     int64
	toldAt   time.Time
	hasBegun bool
}

// NewMeter is a Meter for report, which may be nil.
func NewMeter(report func(done, total int64)) Meter { return Meter{report: report} }

// Update tells that done bytes of total, or of an unknown number if that is negative, have
// been transferred, and reports whether that is known now to who wants to know it. What is
// the whole is told at once.
func (m *Meter) Update(done, total int64) (told bool) {
	if m.report == nil || m.hasBegun && done == m.told {
		return true
	}
	now := time.Now()
	moved := done - m.told
	if moved < 0 { // some of it has to be transferred again
		moved = -moved
	}
	if m.hasBegun && done != total && (total <= 0 || moved < total/100) && now.Sub(m.toldAt) < Interval {
		return false
	}
	m.tell(done, total, now)
	return true
}

// Finish tells how far the transfer has come at its end, unless that was told already. What
// nothing was transferred of has no progress.
func (m *Meter) Finish(done, total int64) {
	if m.report != nil && m.hasBegun && done != m.told {
		m.tell(done, total, time.Now())
	}
}

func (m *Meter) tell(done, total int64, now time.Time) {
	m.told, m.toldAt, m.hasBegun = done, now, true
	m.report(done, total)
}
