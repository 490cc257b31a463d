package h2

import (
	"io"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/deadline"
)

// What bounds an exchange, on its connection's alarm. The total runs from Begin to End. The
// read timer runs from the request being sent to the head, and during each Read:
//
//	Begin ──► send ──► markSent ──► head ──► Read ──► … ──► End
//	                   start        stop     start, stop
//
// An upload takes a time of its own, in which the peer has no reason to say anything; and
// its end may come after the head, when nobody waits for that any more.

// startReadTimer bounds the silence from now on.
func (e *Exchange) startReadTimer(now instant) {
	if e.sockRead <= 0 {
		return
	}
	at := now.after(e.sockRead)
	e.silence.Store(int64(at))
	e.conn.alarm.ringBy(at, now)
}

// stopReadTimer takes that back: nobody waits for the peer.
func (e *Exchange) stopReadTimer() { e.silence.Store(0) }

// nextDeadline is when the exchange has to fail, or never.
func (e *Exchange) nextDeadline() instant {
	at := never
	if e.total > 0 {
		at = e.total
	}
	if s := instant(e.silence.Load()); s > 0 {
		at = min(at, s)
	}
	return at
}

// endByTimeout ends the exchange, one of whose deadlines has passed.
func (e *Exchange) endByTimeout(now instant) {
	cause := deadline.ErrRead
	if e.total > 0 && e.total <= now {
		cause = deadline.ErrTotal
	}
	e.Cancel(cause)
}

// markSent says that a slow request is on its way.
func (e *Exchange) markSent() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent = true
	if !e.headed && e.sockRead > 0 {
		e.startReadTimer(e.conn.alarm.now())
	}
}

// markAsked says that the peer is being asked for the request's body.
func (e *Exchange) markAsked() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.headed && e.sockRead > 0 {
		e.startReadTimer(e.conn.alarm.now())
	}
}

// markReading says that this is over: the body is read, whether or not the peer has asked for
// it. It is the body's Hold.
func (e *Exchange) markReading(<-chan struct{}) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.headed { // else the timer is the reader's
		e.stopReadTimer()
	}
	return nil
}

// markHead says that the response's head is there.
func (e *Exchange) markHead() {
	if !e.slow { // and nobody else sets the timer
		e.stopReadTimer()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.headed = true
	e.stopReadTimer()
}

// Read reads the response's body, which RoundTrip has returned, at now, which may be zero
// where sock_read does not count. It must not be called after End.
func (e *Exchange) Read(body io.Reader, p []byte, now time.Time) (int, error) {
	if e.sockRead <= 0 {
		return body.Read(p)
	}
	e.startReadTimer(e.conn.alarm.instantOf(now))
	n, err := body.Read(p)
	e.stopReadTimer()
	return n, err
}
