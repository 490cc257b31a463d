package connector

import (
	"context"
	"sync"
	"time"
)

// clock holds the deadlines of a stream of HTTP/2. Those of the connection would
// strike its siblings too, so here it is a timer that cancels the stream. As with
// a conn's deadline the timer is only an alarm: if it rings too early, it is set
// anew.
type clock struct {
	cancel context.CancelCauseFunc
	total  time.Time // or zero

	mu      sync.Mutex
	silence time.Time // when the present one is too long, or zero
	alarm   time.Time // when the timer rings, or zero
	timer   *time.Timer
	headed  bool // the response's head is there
	done    bool
}

func newClock(total time.Time, cancel context.CancelCauseFunc) *clock {
	c := &clock{cancel: cancel, total: total}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(time.Now())
	return c
}

// listen starts a silence that may last for d; zero and less mean for ever.
func (c *clock) listen(d time.Duration) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listenLocked(d)
}

func (c *clock) listenLocked(d time.Duration) {
	now := time.Now()
	c.silence = now.Add(d)
	c.setLocked(now)
}

// sent is listen for a request that is on its way: nobody waits for its answer if
// that has begun already.
func (c *clock) sent(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.headed {
		c.listenLocked(d)
	}
}

// answered ends the wait for the head.
func (c *clock) answered() {
	c.mu.Lock()
	c.headed = true
	c.silence = time.Time{}
	c.mu.Unlock()
}

// rest ends the silence: nobody waits for the peer.
func (c *clock) rest() {
	c.mu.Lock()
	c.silence = time.Time{}
	c.mu.Unlock()
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	if c.timer != nil {
		c.timer.Stop()
	}
}

// setLocked sees to it that the timer rings by the deadline.
func (c *clock) setLocked(now time.Time) {
	want := c.deadlineLocked()
	if c.done || want.IsZero() || c.alarm.After(now) && !c.alarm.After(want) {
		return
	}
	c.alarm = want
	if c.timer == nil {
		c.timer = time.AfterFunc(want.Sub(now), c.ring)
		return
	}
	c.timer.Reset(want.Sub(now))
}

func (c *clock) deadlineLocked() time.Time {
	if c.total.IsZero() || !c.silence.IsZero() && c.silence.Before(c.total) {
		return c.silence
	}
	return c.total
}

func (c *clock) ring() {
	c.mu.Lock()
	now := time.Now()
	c.alarm = time.Time{}
	deadline := c.deadlineLocked()
	struck := !c.done && !deadline.IsZero() && !now.Before(deadline)
	why := errReadDeadline
	if !c.total.IsZero() && !now.Before(c.total) {
		why = errTotalDeadline
	}
	if !struck {
		c.setLocked(now)
	}
	c.mu.Unlock()
	if struck {
		c.cancel(why)
	}
}
