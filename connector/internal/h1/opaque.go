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

// opaque is what can be known of a connection that cannot be looked at, beside what its waiter
// finds. What came before a request has sent its first byte is not its answer. That is exact
// for:
//
//   - what the last Read for the response has given: nothing may be left of it. Where it had
//     no room for more, or was a while ago (blindTime), the waiter gets a moment before the
//     next request.
//   - what crypto/tls has taken in, up to a record of which only a part is here.
//   - all that has come, if the connection, or what it embeds, has a SyscallConn: the waiter is
//     stopped, and what it may have missed is still in the system's buffer, where a peek finds
//     it. (A peek alone would not do: who knows what the connection has read ahead.)
//
// It cannot be exact for what comes later to a connection without a SyscallConn, nor on systems
// without a look: between its arrival and the end of the waiter's Read there is the time in
// which the runtime has the waiter run, some microseconds unless the machine is overloaded. A
// request that goes out within them takes those bytes for its answer, as it does with bytes
// that cross it on the way.
type opaque struct {
	valve *valve  // below TLS, or nil
	peek  *socket // nil: the system cannot be asked
}

func newOpaque(nc net.Conn) (o opaque) {
	nc = belowTLS(nc)
	if v, ok := nc.(*valve); ok {
		o.valve, nc = v, v.Conn
	}
	if sc, ok := nc.(syscall.Conn); ok && canLook {
		if raw, err := sc.SyscallConn(); err == nil {
			o.peek = socketFrom(nc, raw)
		}
	}
	return o
}

// WrapBelowTLS is [WrapSocket], and makes of every other connection one of which crypto/tls can
// be asked what it has already.
func WrapBelowTLS(nc net.Conn) net.Conn {
	if s := newSocket(nc); s != nil {
		return s
	}
	if _, ok := nc.(*tls.Conn); ok {
		return nc // which lies on one
	}
	return &valve{Conn: nc}
}

// valve is a connection that can be told to have nothing.
type valve struct {
	net.Conn
	shut    bool        // only set while nobody else reads
	reading atomic.Bool // whoever reads waits for the connection
}

// NetConn is the connection itself.
func (v *valve) NetConn() net.Conn { return v.Conn }

// Read is the connection's, or nothing.
func (v *valve) Read(p []byte) (int, error) {
	if v.shut {
		return 0, errNothingThere
	}
	v.reading.Store(true)
	defer v.reading.Store(false)
	return v.Conn.Read(p)
}

// checkTLS says whether crypto/tls has something already, of which its last Read has not told:
// it gives one record at a time. Nobody may read meanwhile.
func (o *opaque) checkTLS(nc net.Conn) error {
	tc, ok := nc.(*tls.Conn)
	if !ok || o.valve == nil {
		return nil
	}
	o.valve.shut = true
	defer func() { o.valve.shut = false }()
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
	// stopTime is how long a waiter is given to stop: a connection may not hear of deadlines.
	stopTime = 50 * time.Millisecond
)

// doubtLocked reports whether a waiter that starts now may find something at once: the last
// Read had no room for it, or was too long ago.
func (c *Conn) doubtLocked() bool {
	return c.full || c.opaque.peek == nil && time.Since(c.readAt) > blindTime
}

// CheckReuse is CheckIdle for who is about to use the conn. Where there is a waiter, it waits
// until that has told what it has, or a moment.
func (c *Conn) CheckReuse() error {
	if c.socket != nil {
		return c.CheckIdle()
	}
	c.mu.Lock()
	w := c.waiter
	c.mu.Unlock()
	if w == nil {
		return c.CheckIdle()
	}
	for i := 0; i < maxYields && !c.atRest(w); i++ {
		runtime.Gosched()
	}
	if w.doubt && w.begun.Load() {
		w.await(settleTime - time.Since(w.begunAt))
	}
	if c.opaque.peek != nil && c.stopWaiter(w) {
		return c.opaque.peek.checkAlive()
	}
	for i := 0; i < readYields && !w.isDone(); i++ { // to the end of its Read, if there is one
		runtime.Gosched()
	}
	if !c.atRest(w) {
		w.await(settleTime)
	}
	return c.CheckIdle()
}

// stopWaiter breaks the waiter's Read off, and reports whether it had nothing. What it may have
// missed is in the system's buffer then.
func (c *Conn) stopWaiter(w *waiter) (stopped bool) {
	passed := time.Unix(1, 0)
	c.mu.Lock()
	w.stop = c.closer == nil && c.nc.SetReadDeadline(passed) == nil
	asked := w.stop
	if asked {
		c.alarm = passed
	}
	c.mu.Unlock()
	if !asked {
		return false
	}
	for i := 0; i < maxYields && !w.isDone(); i++ {
		runtime.Gosched()
	}
	w.await(stopTime)
	c.mu.Lock()
	defer c.mu.Unlock()
	w.stop = false
	if !w.isDone() || w.err != errStopped {
		return false
	}
	c.waiter = nil
	c.setAlarmLocked(time.Time{})
	return true
}

// errStopped is what a waiter has that was asked to stop.
var errStopped = stderrors.New("the waiter was stopped")

// atRest reports whether the waiter has nothing to do, as far as is known: it reads from what
// lies below TLS, or from what has no TLS, or has ended.
func (c *Conn) atRest(w *waiter) bool {
	v := c.opaque.valve
	return w.isDone() || w.begun.Load() && (v == nil || v.reading.Load())
}

func (w *waiter) isDone() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// await waits for the waiter, but not for longer than d.
func (w *waiter) await(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
	}
}
