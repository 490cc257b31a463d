package ws

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Who reads a WebSocket, and when. There is one reader at a time:
//
//	              Receive finds the queue empty
//	              (acquireReaderLocked)
//	 +--------+ ------------------------------------> +----------+
//	 | nobody |                                       | receiver |
//	 +--------+ <------------------------------------ +----------+
//	   |    ^     it has its message, or gives up       |     |
//	   |    |     (releaseReader sets the idle timer)   |     |
//	   |    |                                           |     |
//	   |    | a message for a receiver                  |     | the end
//	   |    | that waits (deliverMessage)               |     | (endReading)
//	   |    |                    +------+               |     |
//	   |    +--------------------| pump | <-------------+     |
//	   +-----------------------> +------+   a frame that is   |
//	    the idle timer runs out     |       large, or a       |
//	    (promoteReader); Close,     |       fragment          v
//	    a lost connection           |                     +-------+
//	    (ensureReader)              +-------------------> | ended |
//	                                  the end             +-------+
//	                                  (endReading)
//
// While a receive is under way it reads by itself: to have a goroutine read and wake
// the receiver costs as much as the rest of a small message. It waits for whole
// small frames only, where it can be interrupted by a deadline of the connection and
// leave everything as it was. For all else there is the pump: for large and
// fragmented messages, which no context may interrupt; while nobody receives, for
// pings, the heartbeat and the end; and always, if the connection has no deadlines.
// A receive that finds the pump at work waits for it.
//
// c.reading is set for receiver, pump and ended: nobody follows the last reader.

// idleAfter is how long nobody reads before the pump does. It spares a program
// that receives again and again the starting of a goroutine each time.
const idleAfter = 100 * time.Millisecond

// startReading begins with nobody reading.
func (c *Conn) startReading() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wake.set == nil {
		c.startPumpLocked()
	} else {
		c.releaseReaderLocked()
	}
}

// acquireReaderLocked makes the caller the reader, if there is none and it can be
// interrupted.
func (c *Conn) acquireReaderLocked() bool {
	if c.reading || c.wake.set == nil {
		return false
	}
	c.reading = true
	c.reads++
	return true
}

// ensureReader starts the pump unless somebody reads.
func (c *Conn) ensureReader() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reading {
		c.startPumpLocked()
	}
}

func (c *Conn) startPumpLocked() {
	c.reading = true
	c.reads++
	c.workers.Go(c.pumpMessages)
}

// releaseReader ends the caller's reading: nobody reads then.
func (c *Conn) releaseReader() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.releaseReaderLocked()
}

func (c *Conn) releaseReaderLocked() {
	c.reading = false
	switch {
	case c.state != stateOpen: // the end is near, and somebody has to meet it
		c.startPumpLocked()
	case c.idleTimerSet:
	default:
		c.setIdleTimerLocked()
	}
}

func (c *Conn) setIdleTimerLocked() {
	c.idleTimerSet, c.readsAtTimer = true, c.reads
	if c.idleTimer == nil {
		c.idleTimer = time.AfterFunc(idleAfter, c.promoteReader)
	} else {
		c.idleTimer.Reset(idleAfter)
	}
}

// promoteReader is called by the idle timer. It starts the pump if nobody has read since
// the timer was set.
func (c *Conn) promoteReader() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idleTimerSet = false
	switch {
	case c.reading:
	case c.reads != c.readsAtTimer:
		c.setIdleTimerLocked()
	default:
		c.startPumpLocked()
	}
}

// receiveDirect is a receive that reads. The caller has acquired the reading.
func (c *Conn) receiveDirect(ctx context.Context, limit time.Time) (Message, error) {
	c.wake.arm(limit)
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, c.wake.fire)()
	}
	kind, err := c.awaitFrame(ctx, limit)
	c.wake.disarm()
	switch {
	case err != nil:
		c.releaseReader()
		return Message{}, err
	case kind == smallMessage:
		m, err := c.readSmallMessage()
		if err == nil {
			c.releaseReader()
			return m, nil
		}
		c.endReading(err) //nolint:contextcheck // no caller's context bounds the end
	case kind == smallControl: // it is in the queue, or was the end
		if in := &c.wire.in; in.err != nil {
			c.endReading(in.err) //nolint:contextcheck // as above
		} else {
			c.releaseReader()
		}
	default:
		c.mu.Lock()
		c.startPumpLocked()
		c.mu.Unlock()
	}
	return c.awaitMessage(ctx, limit)
}

// awaitFrame waits for a frame that concerns the receiver: a small message; a
// control frame that is queued or ends the WebSocket; or one for the pump.
func (c *Conn) awaitFrame(ctx context.Context, limit time.Time) (frameKind, error) {
	in := &c.wire.in
	for {
		if err := c.receiveDone(ctx, limit); err != nil {
			return notSmall, err
		}
		switch kind := in.peekFrame(); kind {
		case interrupted:
			c.wake.arm(limit)
		case smallControl:
			if _, in.err = in.readFrame(); in.err != nil || c.opts.NoAutoPing {
				return kind, nil //nolint:nilerr // the caller finds it in in.err
			}
		case smallMessage, notSmall:
			return kind, nil
		}
	}
}

// receiveDone is why the receiver has to give up: its context, the end that this side has
// asked for, or Options.ReceiveTimeout; nil if it goes on.
func (c *Conn) receiveDone(ctx context.Context, limit time.Time) error {
	if ctx.Err() != nil {
		return &opError{"receive", nil, httprule.ContextError(ctx)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == stateClosing {
		return c.localEndLocked()
	}
	if !limit.IsZero() && !time.Now().Before(limit) {
		return c.timeoutError()
	}
	return nil
}
