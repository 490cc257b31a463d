package fleet

import "time"

// ConcurrencyStats is what a [ConcurrencyLimiter] did since it was made, in this process,
// and how it stands.
type ConcurrencyStats struct {
	Sent     int64         // requests that went
	Waited   int64         // times that one stood in a queue
	WaitTime time.Duration // of these together
	Refused  int64
	Lost     int64 // places, of requests that were under way: see [EventPlaceLost]
	// Places are those that this process has now: one or two for each request that is
	// under way.
	Places  int
	Waiting int // now
	// LocalKeys is how many of the limits' keys are served without Redis now.
	LocalKeys int
}

// Stats returns the counters and the state.
func (c *ConcurrencyLimiter) Stats() ConcurrencyStats {
	s := ConcurrencyStats{
		Sent: c.count.sent.Load(), Waited: c.count.waited.Load(), WaitTime: time.Duration(c.count.waitTime.Load()),
		Refused: c.count.refused.Load(), Lost: c.count.lost.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.gates {
		s.Places += len(g.held)
		s.Waiting += g.waiting.Len()
		if g.down != nil {
			s.LocalKeys++
		}
	}
	return s
}
