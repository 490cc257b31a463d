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

// conclude is called by the reader, which has met the end; nobody reads after
// it. What is to be sent yet is left to a goroutine.
func (c *Conn) conclude(err error) {
	finally := func() {}
	if bye := (*peerCloseError)(nil); errors.As(err, &bye) {
		half := c.peerClosed(bye)
		finally = func() { c.answer(bye, half) }
	} else if v := (*violation)(nil); errors.As(err, &v) {
		c.finish(&CloseError{Code: v.code, Err: v})
		finally = func() { c.refuse(v) }
	} else {
		c.finish(&CloseError{Code: CloseAbnormal, Err: err})
	}
	go c.dismantle(finally)
}

// dismantle gives everything back.
func (c *Conn) dismantle(finally func()) {
	defer close(c.done)
	finally()
	c.wire.rwc.Close()
	c.wire.out.shut()
	c.workers.Wait()
	c.codec.CloseNow() //nolint:errcheck // it returns its buffers; the connection is closed
	c.sending.Lock()
	c.deflater.release()
	c.sending.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	stop(c.beat)
	stop(c.grace)
	stop(c.idle)
}

func stop(t *time.Timer) {
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
		stop(c.beat)
	}
	c.finishLocked(&CloseError{Code: bye.code, Reason: bye.reason})
	return half
}

// answer ends the handshake that the peer has begun, or answered.
func (c *Conn) answer(bye *peerCloseError, half bool) {
	if half {
		<-c.closed // Close sends the answer
	} else {
		c.wire.out.inject(Close, closePayload(bye.code, "")) // not a second time
	}
	c.drain(c.opts.CloseTimeout)
}

// refuse tells the peer what was wrong, and waits for it to go.
func (c *Conn) refuse(v *violation) {
	c.wire.out.inject(Close, closePayload(v.code, v.text[:min(len(v.text), maxReason)]))
	timer := time.AfterFunc(linger, func() { c.wire.rwc.Close() })
	defer timer.Stop()
	c.drain(linger)
	io.Copy(io.Discard, c.wire.in.br) //nolint:errcheck // until the peer is gone, or the time is up
}

// drain waits until everything is written, but not for longer than limit, which
// is unbounded if it is negative.
func (c *Conn) drain(limit time.Duration) {
	ctx := context.Background()
	if limit >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.wire.out.kick()
	c.wire.out.flush(ctx, atBoundary) // the end is known already
}
