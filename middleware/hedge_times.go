package middleware

import (
	"slices"
	"time"
)

// How many times of a host are kept, and how many make a quantile.
const (
	maxHedgeTimes = 128
	minHedgeTimes = 20
)

// hedgeTimes are the times of the last successes of a host.
type hedgeTimes struct {
	last  [maxHedgeTimes]time.Duration
	count int // of all times
}

// quantile is the time within which the share q came; false if there are too few.
func (t *hedgeTimes) quantile(q float64) (time.Duration, bool) {
	n := min(t.count, maxHedgeTimes)
	if n < minHedgeTimes {
		return 0, false
	}
	sorted := t.last
	slices.Sort(sorted[:n])
	return sorted[min(int(q*float64(n)), n-1)], true
}

// delayFor returns after what time another request is sent, and whether one is.
func (h *Hedger) delayFor(host string) (delay time.Duration, hedging bool) {
	delay, hedging = max(h.policy.Delay, 0), h.policy.Delay != 0
	if h.policy.Quantile > 0 {
		h.times.withHost(host, func(t *hedgeTimes) {
			if d, ok := t.quantile(h.policy.Quantile); ok {
				delay, hedging = d, true
			}
		})
	}
	return delay, hedging
}

func (h *Hedger) recordTime(host string, took time.Duration) {
	if h.policy.Quantile > 0 {
		h.times.withHost(host, func(t *hedgeTimes) {
			t.last[t.count%maxHedgeTimes] = took
			t.count++
		})
	}
}
