package ws

import (
	"context"
	"io"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// linger is how long a connection stays open after this side has refused what
// the peer sent, so that the peer can read why: a connection that is closed with
// unread data is reset, and the Close frame may be lost.
const linger = time.Second

// endReading is called by the reader, which has met the end; nobody reads after
// it. What is to be sent yet is left to a goroutine.
func (c *Conn) endReading(err error) {
	finally := func() {}
	if bye := (*peerCloseError)(nil); errors.As(err, &bye) {
		half := c.peerClosed(bye)
		finally = func() { c.answerClose(bye, half) }
	} else if v := (*violation)(nil); errors.As(err, &v) {
		c.recordEnd(&CloseError{Code: v.code, Err: v})
		finally = func() { c.sendViolation(v) }
	} else {
		c.recordEnd(&CloseError{Code: CloseAbnormal, Err: err})
	}
	go c.teardown(finally)
}

// teardown sends what finally has to, then closes the connection and gives back what
// the Conn holds.
func (c *Conn) teardown(finally func()) {
	defer close(c.done)
	finally()
	c.wire.rwc.Close()
	c.wire.out.stopWrites()
	c.workers.Wait()
	c.codec.CloseNow() //nolint:errcheck // it returns its buffers; the connection is closed
	c.sending.Lock()
	c.deflater.putWriter()
	c.sending.Unlock()
	for _, f := range c.takeEndHooks() {
		f()
	}
}

// takeEndHooks stops the timers and returns what OnEnd has been given.
func (c *Conn) takeEndHooks() []func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	stopTimer(c.pingTimer)
	stopTimer(c.writeGrace)
	stopTimer(c.idleTimer)
	hooks := c.onEnd
	c.onEnd, c.torn = nil, true
	return hooks
}

func stopTimer(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}

// peerClosed queues the peer's Close frame, and reports whether the answer to it
// is left to the caller.
func (c *Conn) peerClosed(bye *peerCloseError) (half bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateOpen {
		c.queue.push(Message{Type: Close, Data: []byte(bye.reason), Extra: bye.code})
		if c.opts.NoAutoClose {
			half = true
			c.state = stateHalf
		}
		stopTimer(c.pingTimer)
	}
	c.recordEndLocked(&CloseError{Code: bye.code, Reason: bye.reason, FromPeer: true})
	return half
}

// answerClose answers the peer's Close frame, unless it is itself an answer.
func (c *Conn) answerClose(bye *peerCloseError, half bool) {
	if half {
		<-c.closed // Close sends the answer
	} else {
		c.wire.out.injectControl(Close, closePayload(bye.code, "")) // not a second time
	}
	c.flushAll(c.opts.CloseTimeout)
}

// sendViolation tells the peer what was wrong, and waits until it has closed, or for
// linger.
func (c *Conn) sendViolation(v *violation) {
	c.wire.out.injectControl(Close, closePayload(v.code, v.text[:min(len(v.text), maxReason)]))
	timer := time.AfterFunc(linger, func() { c.wire.rwc.Close() })
	defer timer.Stop()
	c.flushAll(linger)
	io.Copy(io.Discard, c.wire.in.br) //nolint:errcheck // until the peer is gone, or the time is up
}

// flushAll waits until everything is written, but not for longer than limit, which
// is unbounded if it is negative.
func (c *Conn) flushAll(limit time.Duration) {
	ctx := context.Background()
	if limit >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.wire.out.startFlush()
	c.wire.out.flushTo(ctx, atBoundary) //nolint:errcheck // the end is known already
}
