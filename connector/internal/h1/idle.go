package h1

import (
	"crypto/tls"
	stderrors "errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// An idle connection has nobody who reads, so nobody notices that the peer has closed it,
// or speaks unasked. There are two ways to know:
//
//   - the look: one recv that does not wait, whenever somebody asks ([Conn.CheckIdle]).
//     It needs a socket of the system's: see [WrapSocket].
//   - the waiter, for all else (connections of the user's making, in-memory networks,
//     tunnels, systems without such a recv): a goroutine that reads one byte. It is not
//     woken when the next exchange begins, for a read that is broken off may have missed
//     what was there already, and some connections cannot be woken. It stays, and what it
//     reads then is the first byte of the response. How exact that is, and where it is
//     woken all the same: see opaque.
//
//	            Park                beginExchange, request sent
//	active ───────────────► idle ─────────────────────────────► active: its byte is the
//	                          │  a byte, or the end: dead       response's first
//	                          └─► Close, and CheckIdle says why

// Park makes the conn ready for being idle. It must follow an End that said to keep it, or
// come instead of an exchange, and before anybody else can get at the conn.
func (c *Conn) Park() {
	if c.socket != nil {
		return
	}
	var started *waiter
	c.mu.Lock()
	if c.waiter == nil {
		started = &waiter{done: make(chan struct{}), doubt: c.doubtLocked()}
		c.waiter = started
	}
	c.mu.Unlock()
	if started == nil {
		return
	}
	c.letTLSAnswer(time.Time{})
	if err := c.opaque.checkTLS(c.nc); err != nil {
		started.err = err
		close(started.done)
		c.Close()
		return
	}
	go c.wait(started)
}

// letTLSAnswer takes away a write deadline that has passed, or any at the zero time. TLS may
// have to write while it reads (a KeyUpdate, RFC 8446 4.6.3); if it fails then, it fails
// for good.
func (c *Conn) letTLSAnswer(now time.Time) {
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
		c.letTLSAnswer(time.Now())
		return c.socket.checkAliveTLS(tc)
	}
	return c.socket.checkAlive()
}

func (c *Conn) checkWaiter() error {
	c.mu.Lock()
	w, state := c.waiter, c.state
	c.mu.Unlock()
	switch {
	case state == connClosed:
		return net.ErrClosed
	case w == nil:
		return nil // it is new
	}
	return w.check()
}

// waiter reads the first byte of what comes next.
type waiter struct {
	doubt   bool        // there may be something that it will find at once
	stop    bool        // it is to end with errStopped; under the conn's lock
	begun   atomic.Bool // it is about to read
	begunAt time.Time   // when that was, if there is a doubt

	done chan struct{} // closed when the rest is set
	n    int           // 1, or 0 with an error
	b    [1]byte
	err  error
}

// wait is the waiter's goroutine. It ends with a byte, or with the conn.
func (c *Conn) wait(w *waiter) {
	if w.doubt {
		w.begunAt = time.Now()
	}
	w.begun.Store(true)
	unasked := false
	for again := true; again; {
		w.n, w.err = c.nc.Read(w.b[:])
		unasked, again, w.err = c.judgeWait(w, w.n, w.err)
	}
	close(w.done)
	if unasked {
		c.Close() // it is of no use
	}
}

// judgeWait is afterRead for what a waiter has: the byte is counted by who takes it. unasked
// says that nobody has asked for anything yet; again, that it was a false alarm.
func (c *Conn) judgeWait(w *waiter, n int, err error) (unasked, again bool, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := c.state == connIdle
	unasked = idle || c.state == connActive && !c.sent.Load()
	switch {
	case n > 0 && unasked:
		return true, false, ErrUnsolicited
	case n > 0:
		return false, false, nil // an error behind it will come again
	case err == nil:
		return false, true, nil
	case stderrors.Is(err, os.ErrDeadlineExceeded) && !c.rang:
		if w.stop {
			return false, false, errStopped
		}
		if idle || c.struckLocked(time.Now()) == nil {
			c.setAlarmLocked(c.deadlineLocked())
			return false, true, nil
		}
		return false, false, err // a deadline of the exchange that waits for this
	}
	return idle, false, err
}

// check says what the waiter has found, without waiting.
func (w *waiter) check() error {
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

// take waits for the byte. There is room for it in p.
func (w *waiter) take(p []byte) (int, error) {
	<-w.done
	if w.err != nil {
		return 0, w.err
	}
	p[0] = w.b[0]
	return 1, nil
}
