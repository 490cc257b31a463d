package h1

import (
	stderrors "errors"
	"os"
	"time"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// startReadTimer bounds the silence from now on.
func (c *Conn) startReadTimer(sockRead time.Duration) {
	if sockRead <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connActive && c.sockRead == 0 && !c.limited {
		now := time.Now()
		c.sockRead, c.silence, c.rested = sockRead, now.Add(sockRead), true
		c.armReadLocked(now)
	}
}

// stopReadTimer takes startReadTimer back.
func (c *Conn) stopReadTimer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.limited {
		c.sockRead, c.silence = 0, time.Time{}
	}
}

// awaitLateAnswer bounds each silence from now on, once sending has failed: the server may
// have answered before it closed. A shorter sockRead, the exchange's own, stays; the read timer
// is not started any more.
func (c *Conn) awaitLateAnswer(sockRead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != connActive || c.limited {
		return
	}
	c.sockRead = lateAnswer
	if c.late = sockRead <= 0 || lateAnswer < sockRead; !c.late {
		c.sockRead = sockRead
	}
	now := time.Now()
	c.silence = now.Add(c.sockRead)
	c.armReadLocked(now)
}

// limitReading bounds what is left of the exchange to d from now. The end of an upload that is
// still under way does not change that.
func (c *Conn) limitReading(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connActive {
		now := time.Now()
		c.sockRead, c.silence, c.limited = 0, now.Add(d), true
		c.armReadLocked(now)
	}
}

// deadlineLocked is when the exchange has to fail, or zero.
func (c *Conn) deadlineLocked() time.Time {
	if c.total.IsZero() || !c.silence.IsZero() && c.silence.Before(c.total) {
		return c.silence
	}
	return c.total
}

// armReadLocked sees to it that a blocked read wakes by the deadline. The deadline of the
// socket is only an alarm clock: if it rings too early, Read looks at the clock and goes
// on. So it is left alone as long as it does not ring too late, and a busy connection sets
// it once in a long while instead of twice per request.
func (c *Conn) armReadLocked(now time.Time) {
	want := c.deadlineLocked()
	if want.IsZero() || c.alarm.After(now) && !c.alarm.After(want) {
		return
	}
	c.setAlarmLocked(want)
}

// setAlarmLocked is the only one that sets the socket's read deadline. Where there is none
// (SSH channels), a timer closes the conn instead.
func (c *Conn) setAlarmLocked(t time.Time) {
	c.alarm = t
	u := c.unpeekable
	if u == nil || u.closer == nil {
		err := c.nc.SetReadDeadline(t)
		if u != nil && err != nil && !t.IsZero() && c.state != connClosed { // without u, who reads has that error, too
			u.closer = time.AfterFunc(time.Until(t), c.closeByAlarm)
		}
		return
	}
	u.closer.Stop()
	if !t.IsZero() {
		u.closer.Reset(time.Until(t))
	}
}

// closeByAlarm is the alarm of a conn that has no deadlines: it cannot ring too early.
func (c *Conn) closeByAlarm() {
	c.mu.Lock()
	deadline, now := c.deadlineLocked(), time.Now()
	if c.state != connActive || deadline.IsZero() {
		c.mu.Unlock()
		return
	}
	if now.Before(deadline) {
		c.unpeekable.closer.Reset(deadline.Sub(now))
		c.mu.Unlock()
		return
	}
	c.unpeekable.rang = true
	c.mu.Unlock()
	c.Close() // who reads learns it from rang
}

// hasRungLocked reports whether closeByAlarm has closed the conn.
func (c *Conn) hasRungLocked() bool { return c.unpeekable != nil && c.unpeekable.rang }

// Read reads for the exchange, within its deadlines.
//
// A body that is read with a large buffer passes by the bufio.Reader, to its last byte and no
// further: what is behind it stays in the connection. A peek finds that; a waiter may not come
// to it in time. So where there is no peek the last byte is left to the bufio.Reader, which
// asks for more than that.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.socket == nil && len(p) >= bufferSize {
		p = p[:len(p)-1]
	}
	w, err := c.beforeRead()
	if err != nil {
		return 0, err
	}
	for {
		var n int
		switch {
		case c.held.bytes != nil:
			n, err = c.sendHeldAndRead(p)
		case w != nil:
			n, err = w.takeByte(p)
			w = nil
		default:
			n, err = c.readNet(p)
		}
		if n, err, again := c.afterRead(p, n, err); !again {
			return n, err
		}
	}
}

// beforeRead starts a new silence: a caller that was slow to read has not waited for the
// peer. It gives the waiter, if there is one that has read already or is about to.
//
// An error of an earlier Read is final, a timeout too: bufio and textproto take a line that an
// error has cut off for a whole one, and would read on behind it.
func (c *Conn) beforeRead() (*waiter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.readErr != nil:
		return nil, c.readErr
	case c.state != connActive || c.sockRead <= 0:
	case c.rested:
		c.rested = false // the clock was read a moment ago
	default:
		now := time.Now()
		c.silence = now.Add(c.sockRead)
		c.armReadLocked(now)
	}
	return c.unpeekable.takeWaiterLocked(), nil
}

// afterRead judges what a read of p has given, and says whether it was a false alarm.
func (c *Conn) afterRead(p []byte, n int, err error) (int, error, bool) { // the results of Read, and one more
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rx += int64(n)
	if u := c.unpeekable; u != nil {
		u.full, u.readAt = n == len(p), time.Now()
	}
	if n > 0 && c.state == connActive && (c.chunks != nil || !c.head.Done()) {
		if bad := c.scanLocked(p[:n]); bad != nil {
			c.readErr = bad
			return 0, bad, false
		}
	}
	if err == nil {
		return n, nil, false
	}
	if n == 0 && c.state != connUpgraded && (c.hasRungLocked() || stderrors.Is(err, os.ErrDeadlineExceeded)) {
		now := time.Now()
		if err = c.passedDeadlineLocked(now); err == nil {
			c.setAlarmLocked(c.deadlineLocked())
			return 0, nil, true
		}
	}
	if c.readErr == nil {
		c.readErr = err
	}
	return n, err, false
}

// passedDeadlineLocked says which deadline has passed, or nil.
func (c *Conn) passedDeadlineLocked(now time.Time) error {
	deadline := c.deadlineLocked()
	switch {
	case deadline.IsZero() || now.Before(deadline):
		return nil
	case !c.total.IsZero() && !now.Before(c.total):
		return ErrTotalTimeout
	case c.late:
		return c.writeErr // nothing more has come of it
	}
	return ErrReadTimeout
}

// scanLocked passes p to the scanners of the head and of the chunks' ends.
func (c *Conn) scanLocked(p []byte) error {
	n, err := c.head.FeedHead(p)
	switch {
	case err != nil:
		return err
	case c.head.Interim() > maxInterim:
		return errTooManyHeads
	case !c.head.Done():
		if c.rx > maxHead {
			return errHeadTooLarge
		}
	case c.chunks != nil:
		c.chunks.Feed(p[n:])
	}
	return nil
}

// rawHead is the head of the present response as it came, if its limits say to keep it.
func (c *Conn) rawHead() []rawhead.Field {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head.Fields()
}
