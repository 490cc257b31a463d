package ws

import (
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// What timeouts of a WebSocket name as their phase.
const (
	phaseHeartbeat errors.Phase = "heartbeat"
	phaseReceive   errors.Phase = "receive"
	phaseClose     errors.Phase = "close"
)

// startHeartbeat sets the timer for the first ping. All of the heartbeat happens in
// callbacks of timers, and no goroutine waits between them.
func (c *Conn) startHeartbeat() {
	if c.opts.Heartbeat <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.pingTimer = time.AfterFunc(c.opts.Heartbeat, c.pingIfSilent)
	}
}

// measureSilence is how long nothing has come, and since when, as an offset from opened.
func (c *Conn) measureSilence() (silent time.Duration, since int64) {
	since = c.lastRead.Load()
	if c.pumpWaits.Load() {
		return 0, since
	}
	return time.Since(c.opened) - time.Duration(since), since
}

// pingIfSilent sends a ping if the peer was silent for long enough.
func (c *Conn) pingIfSilent() {
	silent, since := c.measureSilence()
	if rest := c.opts.Heartbeat - silent; rest > 0 {
		c.resetPingTimer(rest, c.pingIfSilent)
		return
	}
	c.resetPingTimer(c.opts.Heartbeat/2, func() { c.checkPong(since) })
	c.wire.out.injectControl(Ping, nil)
	c.wire.out.startFlush()
}

// checkPong ends the Conn if nothing has come since the ping.
func (c *Conn) checkPong(since int64) {
	if c.pumpWaits.Load() || c.lastRead.Load() != since {
		silent, _ := c.measureSilence()
		c.resetPingTimer(max(c.opts.Heartbeat-silent, 0), c.pingIfSilent)
		return
	}
	silent, _ := c.measureSilence()
	c.abort(&errors.TimeoutError{
		Kind: errors.ErrServerTimeout, Phase: phaseHeartbeat,
		Limit: c.opts.Heartbeat + c.opts.Heartbeat/2, Elapsed: silent,
	})
}

func (c *Conn) resetPingTimer(d time.Duration, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.pingTimer = time.AfterFunc(d, f)
	}
}
