package h1

import (
	"crypto/tls"
	stderrors "errors"
	"net"
	"os"
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
//     reads then is the first byte of the response.
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
		started = &waiter{done: make(chan struct{})}
		c.waiter = started
	}
	full := c.full
	c.mu.Unlock()
	if started == nil {
		return
	}
	c.letTLSAnswer(time.Time{})
	go c.wait(started)
	if full {
		started.findRest()
	}
}

// restTime is how long a waiter is given to find what may be there already.
const restTime = time.Millisecond

// findRest waits for what lies right behind a response that has filled the reader's buffer to
// its last byte, which is rare.
func (w *waiter) findRest() {
	t := time.NewTimer(restTime)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
	}
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
	done chan struct{} // closed when the rest is set
	n    int           // 1, or 0 with an error
	b    [1]byte
	err  error
}

// wait is the waiter's goroutine. It ends with a byte, or with the conn.
func (c *Conn) wait(w *waiter) {
	unasked := false
	for again := true; again; {
		w.n, w.err = c.nc.Read(w.b[:])
		unasked, again, w.err = c.judgeWait(w.n, w.err)
	}
	close(w.done)
	if unasked {
		c.Close() // it is of no use
	}
}

// judgeWait is afterRead for what a waiter has: the byte is counted by who takes it. unasked
// says that nobody has asked for anything yet; again, that it was a false alarm.
func (c *Conn) judgeWait(n int, err error) (unasked, again bool, _ error) {
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
