package h1

import (
	"crypto/tls"
	stderrors "errors"
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// unpeekable finds out what a connection without a plain socket has received, beside what its
// waiter reads. Bytes that came before a request has sent its first byte are not its answer.
// That is exact for:
//
//   - what the last Read for the response has given: nothing may be left of it. Where it had
//     no room for more, or was a while ago (blindTime), the waiter gets a moment before the
//     next request.
//   - what crypto/tls has taken in, up to a record of which only a part is here.
//   - all that has come, if the connection, or what it embeds, has a SyscallConn: the waiter is
//     stopped, and what it may have missed is still in the system's buffer, where a peek finds
//     it. (A peek alone would not do: who knows what the connection has read ahead.) One whose
//     Read does not end with its deadline is not used again: who knows what it has read.
//
// It cannot be exact for what comes later to a connection without a SyscallConn, nor on systems
// without a peek: between its arrival and the end of the waiter's Read there is the time in
// which the runtime has the waiter run, some microseconds unless the machine is overloaded. A
// request that goes out within them takes those bytes for its answer, as it does with bytes
// that cross it on the way.
type unpeekable struct {
	below *pausable // below TLS, or nil
	peek  *socket   // nil: the system cannot be asked

	// Under the conn's lock.
	waiter *waiter     // reads the first byte of what comes next, or nil
	readAt time.Time   // when the last Read ended
	full   bool        // that had no room for more than it has read
	rang   bool        // closer has closed the conn
	closer *time.Timer // stands in for the alarm where the connection has no deadlines
}

func newUnpeekable(nc net.Conn) *unpeekable {
	o := new(unpeekable)
	nc = belowTLS(nc)
	if v, ok := nc.(*pausable); ok {
		o.below, nc = v, v.Conn
	}
	if sc, ok := nc.(syscall.Conn); ok && canPeek {
		if raw, err := sc.SyscallConn(); err == nil {
			o.peek = &socket{Conn: nc, raw: raw}
		}
	}
	return o
}

// WrapBelowTLS makes of nc, on which TLS is to lie, a connection with which a Conn can ask
// crypto/tls what it has: one that can peek if nc is a plain socket, and one whose Read can be
// paused otherwise. Above a plain socket without TLS, [Conn.Init] does the same.
func WrapBelowTLS(nc net.Conn) net.Conn {
	if s := newSocket(nc); s != nil {
		return s
	}
	if _, ok := nc.(*tls.Conn); ok {
		return nc // which lies on one
	}
	return &pausable{Conn: nc}
}

// pausable is a connection whose Read can be made to return errNothingThere.
type pausable struct {
	net.Conn
	paused  bool        // only set while nobody else reads
	reading atomic.Bool // whoever reads waits for the connection
}

// NetConn is the connection itself.
func (v *pausable) NetConn() net.Conn { return v.Conn }

// Read is the connection's, or nothing.
func (v *pausable) Read(p []byte) (int, error) {
	if v.paused {
		return 0, errNothingThere
	}
	v.reading.Store(true)
	defer v.reading.Store(false)
	return v.Conn.Read(p)
}

// checkTLSBuffer returns an error if crypto/tls holds data or an end that its last Read has
// not returned: it returns one record at a time. Nobody may read meanwhile.
func (o *unpeekable) checkTLSBuffer(nc net.Conn) error {
	tc, ok := nc.(*tls.Conn)
	if !ok || o.below == nil {
		return nil
	}
	o.below.paused = true
	defer func() { o.below.paused = false }()
	return checkInstant(tc)
}

const (
	// blindTime is how long nobody may have read before there may be something to find.
	blindTime = 100 * time.Microsecond
	// settleTime is how long a waiter is given to find it.
	settleTime = time.Millisecond
	// maxYields bounds how often others may run before a waiter that was started does.
	maxYields = 100
	// readYields is how often they may before it has read what is there: some microseconds.
	// A timer takes a thousand.
	readYields = 16
	// stopSteps is for how many steps of stopStep a waiter is given time to stop: a connection
	// may not hear of deadlines. On a machine that stands still the steps do so, too.
	stopSteps = 50
	stopStep  = time.Millisecond
)

// mayMissLocked reports whether data may be there before a waiter that starts now has read:
// the last Read had no room for it, or was too long ago.
func (o *unpeekable) mayMissLocked() bool {
	return o.full || o.peek == nil && time.Since(o.readAt) > blindTime
}

// takeWaiterLocked gives the waiter to who reads for an exchange. A nil o has none.
func (o *unpeekable) takeWaiterLocked() *waiter {
	if o == nil {
		return nil
	}
	w := o.waiter
	o.waiter = nil
	return w
}

// CheckReuse is CheckIdle for the caller that is about to use the conn. It gives a waiter the
// time to read what is there.
func (c *Conn) CheckReuse() error {
	if c.socket != nil {
		return c.CheckIdle()
	}
	c.mu.Lock()
	w := c.unpeekable.waiter
	c.mu.Unlock()
	if w == nil {
		return c.CheckIdle()
	}
	for i := 0; i < maxYields && !c.waiterIsReading(w); i++ {
		runtime.Gosched()
	}
	if w.mayMiss && w.begun.Load() {
		w.awaitDone(settleTime - time.Since(w.begunAt))
	}
	if c.unpeekable.peek != nil {
		if stopped, err := c.stopWaiter(w); err != nil {
			return err
		} else if stopped {
			return c.unpeekable.peek.checkAlive()
		}
	}
	for i := 0; i < readYields && !w.isDone(); i++ { // to the end of its Read, if there is one
		runtime.Gosched()
	}
	if !c.waiterIsReading(w) {
		w.awaitDone(settleTime)
	}
	return c.CheckIdle()
}

// stopWaiter breaks the waiter's Read off, and reports whether it had nothing. What it may have
// missed is in the system's buffer then. If the Read does not end it may have anything, which is
// an error.
func (c *Conn) stopWaiter(w *waiter) (stopped bool, err error) {
	passed := time.Unix(1, 0)
	c.mu.Lock()
	w.stop = c.unpeekable.closer == nil && c.nc.SetReadDeadline(passed) == nil
	asked := w.stop
	if asked {
		c.alarm = passed
	}
	c.mu.Unlock()
	if !asked {
		return false, nil
	}
	for i := 0; i < maxYields && !w.isDone(); i++ {
		runtime.Gosched()
	}
	for i := 0; i < stopSteps && !w.isDone(); i++ {
		w.awaitDone(stopStep)
	}
	if !w.isDone() {
		return false, errNotStopped
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w.stop = false
	if !w.stopped {
		return false, nil // it has read something
	}
	c.unpeekable.waiter = nil
	c.setAlarmLocked(time.Time{})
	return true, nil
}

var (
	// errStopped is what a waiter has that was asked to stop.
	errStopped    = stderrors.New("the waiter was stopped")
	errNotStopped = stderrors.New("the reader of the idle connection does not stop")
)

// waiterIsReading reports whether the waiter blocks in a Read of the connection below TLS, or
// has ended. Without TLS, that it is about to read is all that is known.
func (c *Conn) waiterIsReading(w *waiter) bool {
	v := c.unpeekable.below
	return w.isDone() || w.begun.Load() && (v == nil || v.reading.Load())
}

func (w *waiter) isDone() bool { return isClosed(w.done) }

// awaitDone waits for the waiter, but not for longer than d.
func (w *waiter) awaitDone(d time.Duration) { awaitClosed(w.done, d) }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// awaitClosed waits until c is closed, and reports false if that takes longer than d.
func awaitClosed(c <-chan struct{}, d time.Duration) bool {
	if d <= 0 || isClosed(c) {
		return isClosed(c)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-c:
		return true
	case <-t.C:
		return false
	}
}
