package ws

import (
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// phaseHeartbeat is what a missed heartbeat names as its phase.
const (
	phaseHeartbeat errors.Phase = "heartbeat"
	phaseReceive   errors.Phase = "receive"
	phaseClose     errors.Phase = "close"
)

// startHeartbeat sets the timer for the first ping. It runs on callbacks of one
// timer, and no goroutine waits between them.
func (c *Conn) startHeartbeat() {
	if c.opts.Heartbeat <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.beat = time.AfterFunc(c.opts.Heartbeat, c.listen)
	}
}

// silence is how long nothing has come, and since when, as an offset from born.
func (c *Conn) silence() (silent time.Duration, since int64) {
	since = c.heard.Load()
	if c.paused.Load() {
		return 0, since
	}
	return time.Since(c.born) - time.Duration(since), since
}

// listen sends a ping if the peer was silent for long enough.
func (c *Conn) listen() {
	silent, since := c.silence()
	if rest := c.opts.Heartbeat - silent; rest > 0 {
		c.later(rest, c.listen)
		return
	}
	c.later(c.opts.Heartbeat/2, func() { c.judge(since) })
	c.wire.out.inject(Ping, nil)
	c.wire.out.kick()
}

// judge ends the Conn if nothing has come since the ping.
func (c *Conn) judge(since int64) {
	if c.paused.Load() || c.heard.Load() != since {
		silent, _ := c.silence()
		c.later(max(c.opts.Heartbeat-silent, 0), c.listen)
		return
	}
	silent, _ := c.silence()
	c.lost(&errors.TimeoutError{
		Kind: errors.ErrServerTimeout, Phase: phaseHeartbeat,
		Limit: c.opts.Heartbeat + c.opts.Heartbeat/2, Elapsed: silent,
	})
}

func (c *Conn) later(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.beat = time.AfterFunc(d, f)
	}
}
