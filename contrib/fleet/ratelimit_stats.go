package fleet

import (
	"slices"
	"strings"
	"time"
)

// RateLimitStats is what a [RateLimiter] of this process did since it was made, and how it
// stands.
type RateLimitStats struct {
	Sent     int64         // requests that went
	Local    int64         // of these, by the share of this process, without Redis
	Waited   int64         // of all, that had to wait for more than an answer of Redis
	WaitTime time.Duration // of these together
	Refused  int64
	// Returned are places that were taken and not needed, and could be given back; Lost
	// are those that could not, or were within a pause or missed.
	Returned, Lost int64
	Waiting        int // now
	// Keys are those where somebody waits now or that are paused, by name. What is kept of
	// keys is bounded, to about 8,000.
	Keys []RateLimitKey
}

// RateLimitKey is how a key stands in [RateLimitStats].
type RateLimitKey struct {
	// Key is the origin, as scheme://host:port, or, of one by [RateLimitConfig].Key or
	// that is very long, 16 bytes of its SHA-256 in hexadecimal, as in Redis.
	Key         string
	Waiting     int
	PausedUntil time.Time // zero: it is not paused
}

// Stats returns the counters and the state.
func (l *RateLimiter) Stats() RateLimitStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := RateLimitStats{
		Sent: l.count.sent, Local: l.count.local, Waited: l.count.waited, WaitTime: l.count.waitTime,
		Refused: l.count.refused, Returned: l.count.returned, Lost: l.count.lost,
	}
	now := time.Now()
	for _, k := range l.keys {
		one := RateLimitKey{Key: k.name, Waiting: k.waiting.Len()}
		if k.paused.After(now) {
			one.PausedUntil = k.paused
		} else if one.Waiting == 0 {
			continue
		}
		s.Waiting += one.Waiting
		s.Keys = append(s.Keys, one)
	}
	slices.SortFunc(s.Keys, func(a, b RateLimitKey) int { return strings.Compare(a.Key, b.Key) })
	return s
}
