package h1

import (
	"crypto/tls"
	stderrors "errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// Nobody reads from an idle connection, so nobody notices that the peer has closed it or
// has sent unsolicited data. There are two ways to find out:
//
//   - the peek: one recv that does not wait, whenever somebody asks ([Conn.CheckIdle]).
//     It needs a socket of the system's: see [WrapBelowTLS].
//   - the waiter, for all else (connections of the user's making, in-memory networks,
//     tunnels, systems without such a recv): a goroutine that reads one byte. It is not
//     woken when the next exchange begins, for a read that is broken off may have missed
//     what was there already, and some connections cannot be woken. It stays, and what it
//     reads then is the first byte of the response. How exact that is, and where it is
//     woken all the same: see unpeekable.
//
//	            Park                beginExchange, request sent
//	active ───────────────► idle ─────────────────────────────► active: its byte is the
//	                          │  a byte, or the end: dead       response's first
//	                          └─► Close, and CheckIdle says why

// Park makes the conn ready for being idle. It must follow an End that said to keep it, or
// come instead of an exchange, and before anybody else can get at the conn.
func (c *Conn) Park() {
	u := c.unpeekable
	if u == nil {
		return
	}
	var started *waiter
	c.mu.Lock()
	if u.waiter == nil {
		started = &waiter{done: make(chan struct{}), mayMiss: u.mayMissLocked()}
		u.waiter = started
	}
	c.mu.Unlock()
	if started == nil {
		return
	}
	c.clearPassedWriteDeadline(time.Time{})
	if err := u.checkTLSBuffer(c.nc); err != nil {
		started.err = err
		close(started.done)
		c.Close()
		return
	}
	go c.runWaiter(started)
}

// clearPassedWriteDeadline removes a write deadline that has passed at now; at the zero time,
// any. TLS may have to write while it reads (a KeyUpdate, RFC 8446 4.6.3), and a failed write
// spoils it for good.
func (c *Conn) clearPassedWriteDeadline(now time.Time) {
	if c.secure && !c.writeEnds.IsZero() && (now.IsZero() || !now.Before(c.writeEnds)) {
		c.setWriteDeadline(time.Time{})
	}
}

// CheckIdle says why an idle conn cannot have another exchange, or nil. It does not wait.
// Nobody may use the conn at the same time; an error is final.
func (c *Conn) CheckIdle() error {
	if c.socket == nil {
		return c.checkWaiter()
	}
	if tc, ok := c.nc.(*tls.Conn); ok {
		c.clearPassedWriteDeadline(time.Now())
		return c.socket.checkAliveTLS(tc)
	}
	return c.socket.checkAlive()
}

func (c *Conn) checkWaiter() error {
	c.mu.Lock()
	w, state := c.unpeekable.waiter, c.state
	c.mu.Unlock()
	switch {
	case state == connClosed:
		return net.ErrClosed
	case w == nil:
		return nil // it is new
	}
	return w.checkFound()
}

// waiter reads the first byte of what comes next.
type waiter struct {
	mayMiss bool        // data may be there already, which its first Read finds
	stop    bool        // it is to end with errStopped; under the conn's lock, as the next one
	stopped bool        // it has no more to do than to end so
	begun   atomic.Bool // it is about to read
	begunAt time.Time   // when that was, if mayMiss

	done chan struct{} // closed when the fields below are set
	n    int           // 1, or 0 with an error
	b    [1]byte
	err  error
}

// runWaiter is the waiter's goroutine. It ends with a byte, or with the conn.
func (c *Conn) runWaiter(w *waiter) {
	if w.mayMiss {
		w.begunAt = time.Now()
	}
	w.begun.Store(true)
	unasked := false
	for again := true; again; {
		w.n, w.err = c.nc.Read(w.b[:])
		unasked, again, w.err = c.afterWait(w, w.n, w.err)
	}
	close(w.done)
	if unasked {
		c.Close() // it is of no use
	}
}

// afterWait is afterRead for what a waiter has read; its byte is counted by takeByte's caller.
// unasked says that no request has been sent yet; again, that it was an early alarm.
func (c *Conn) afterWait(w *waiter, n int, err error) (unasked, again bool, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := c.state == connIdle
	unasked = idle || c.state == connActive && c.writing.Load() == writeNone
	switch {
	case n > 0 && unasked:
		return true, false, ErrUnsolicited
	case n > 0:
		return false, false, nil // an error behind it will come again
	case err == nil:
		return false, true, nil
	case stderrors.Is(err, os.ErrDeadlineExceeded) && !c.hasRungLocked():
		if w.stop {
			w.stopped = true
			return false, false, errStopped
		}
		if idle || c.passedDeadlineLocked(time.Now()) == nil {
			c.setAlarmLocked(c.deadlineLocked())
			return false, true, nil
		}
		return false, false, err // a deadline of the exchange that waits for this
	}
	return idle, false, err
}

// checkFound is the error of what the waiter has read, or nil while it still reads.
func (w *waiter) checkFound() error {
	select {
	case <-w.done:
		if w.err == nil {
			return ErrUnsolicited
		}
		return w.err
	default:
		return nil
	}
}

// takeByte waits for the byte and puts it into p, which has room for it.
func (w *waiter) takeByte(p []byte) (int, error) {
	<-w.done
	if w.err != nil {
		return 0, w.err
	}
	p[0] = w.b[0]
	return 1, nil
}
