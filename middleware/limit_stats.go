package middleware

import (
	"slices"
	"strings"
	"time"
)

// RateLimitStats is what a [RateLimiter] did since it was made, and how it stands.
type RateLimitStats struct {
	Sent     int64         // requests that went
	Waited   int64         // of all, that stood in the queue
	WaitTime time.Duration // of these together
	Refused  int64
	Waiting  int   // now
	Paused   int64 // times that a server has asked for a pause, or for a longer one
	// Hosts are those where somebody waits now or that are paused, by name. What is
	// kept of hosts is bounded: see [RateLimit].
	Hosts []RateLimitHost
}

// RateLimitHost is how a host stands in [RateLimitStats].
type RateLimitHost struct {
	Host        string // the origin, as scheme://host:port
	Waiting     int
	PausedUntil time.Time // zero: it is not paused
}

// Stats returns the counters and the state.
func (l *RateLimiter) Stats() RateLimitStats {
	var s RateLimitStats
	now := time.Now()
	l.hosts.each(func(host string, h *rateHost) {
		if h.waiting.Len() == 0 && !h.paused.After(now) {
			return
		}
		one := RateLimitHost{Host: host, Waiting: h.waiting.Len()}
		if h.paused.After(now) {
			one.PausedUntil = h.paused
		}
		s.Waiting += one.Waiting
		s.Hosts = append(s.Hosts, one)
	})
	l.hosts.withLock(func() {
		s.Sent, s.Waited, s.WaitTime, s.Refused = l.count.sent, l.count.waited, l.count.waitTime, l.count.refused
		s.Paused = l.count.paused
	})
	slices.SortFunc(s.Hosts, func(a, b RateLimitHost) int { return strings.Compare(a.Host, b.Host) })
	return s
}

// ConcurrencyStats is what a [ConcurrencyLimiter] did since it was made, and how it
// stands.
type ConcurrencyStats struct {
	Sent     int64         // requests that went
	Waited   int64         // times that one stood in a queue
	WaitTime time.Duration // of these together
	Refused  int64
	UnderWay int // now
	Waiting  int // now
	// Hosts are those with requests that are under way or wait, by name, if there is a
	// limit per host.
	Hosts []ConcurrencyHost
}

// ConcurrencyHost is how a host stands in [ConcurrencyStats].
type ConcurrencyHost struct {
	Host     string // the origin, as scheme://host:port
	Requests int    // that are under way or wait
}

// Stats returns the counters and the state.
func (c *ConcurrencyLimiter) Stats() ConcurrencyStats {
	s := ConcurrencyStats{
		Sent: c.count.sent.Load(), Waited: c.count.waited.Load(), WaitTime: time.Duration(c.count.waitTime.Load()),
		Refused: c.count.refused.Load(), UnderWay: int(c.count.underWay.Load()), Waiting: int(c.count.waiting.Load()),
	}
	if c.hosts == nil {
		return s
	}
	c.hosts.each(func(host string, h *hostSlots) {
		if h.users > 0 {
			s.Hosts = append(s.Hosts, ConcurrencyHost{host, h.users})
		}
	})
	slices.SortFunc(s.Hosts, func(a, b ConcurrencyHost) int { return strings.Compare(a.Host, b.Host) })
	return s
}

// BreakerStats is what a [Breaker] did since it was made, and how it stands.
type BreakerStats struct {
	Refused int64 // requests
	Opened  int64 // times that a host's was closed before
	Closed  int64 // times that a host's was open before
	Probed  int64 // requests that were let through to see whether it can close
	Open    int   // now, those included that wait for a probe
	// Hosts are those that are open or have failed since their last success, by name.
	// What is kept of hosts is bounded: see [CircuitBreaker].
	Hosts []BreakerHost
}

// BreakerHost is how a host stands in [BreakerStats].
type BreakerHost struct {
	Host     string // the origin, as scheme://host:port
	State    BreakerState
	Failures int       // in a row
	Until    time.Time // open until then; zero: it is closed
	Probing  int       // probes under way
}

// BreakerState is the state of a breaker.
type BreakerState string

// The states of a breaker: requests go; none goes; a few go, to see whether it can close.
const (
	BreakerClosed   BreakerState = "closed"
	BreakerOpen     BreakerState = "open"
	BreakerHalfOpen BreakerState = "half-open"
)

// Stats returns the counters and the state.
func (b *Breaker) Stats() BreakerStats {
	var s BreakerStats
	now := time.Now()
	b.hosts.each(func(host string, state *breaker) {
		one := BreakerHost{Host: host, State: state.stateAt(now), Failures: state.failures, Until: state.until, Probing: state.probing}
		if one.State != BreakerClosed {
			s.Open++
		} else if one.Failures == 0 {
			return
		}
		s.Hosts = append(s.Hosts, one)
	})
	b.hosts.withLock(func() {
		s.Refused, s.Opened, s.Closed, s.Probed = b.count.refused, b.count.opened, b.count.closed, b.count.probed
	})
	slices.SortFunc(s.Hosts, func(a, b BreakerHost) int { return strings.Compare(a.Host, b.Host) })
	return s
}

func (s *breaker) stateAt(now time.Time) BreakerState {
	switch {
	case s.until.IsZero():
		return BreakerClosed
	case s.until.After(now):
		return BreakerOpen
	}
	return BreakerHalfOpen
}
