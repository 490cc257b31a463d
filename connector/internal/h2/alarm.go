package h2

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// instant is a moment, as the time since just before the Conn was made. Zero is none.
type instant int64

// never is later than any other instant.
const never = instant(math.MaxInt64)

// after is d later.
func (t instant) after(d time.Duration) instant {
	if instant(d) > never-t {
		return never
	}
	return t + instant(d)
}

// alarm is the one timer of a connection, for the deadlines of all its streams. As with the
// read deadline of a socket it may ring too early: then it is set anew. So a deadline that
// lies behind the alarm costs no operation of a timer, and a busy connection sets it once in
// the shortest of its timeouts.
//
// It never rings too late: a goroutine that sets a deadline stores it and then loads rings;
// ringNow clears rings and then loads the deadlines. One of the two sees the other's value.
type alarm struct {
	start time.Time
	rings atomic.Int64 // the instant at which the timer is set to ring, or never

	mu       sync.Mutex
	timer    *time.Timer // nil: not needed so far
	first    *Exchange   // a list of those with deadlines
	stopping bool        // the connection is closed
}

func (a *alarm) init() {
	a.start = time.Now().Add(-1) // so that no instant is zero
	a.rings.Store(int64(never))
}

func (a *alarm) instantOf(t time.Time) instant { return max(1, instant(t.Sub(a.start))) }
func (a *alarm) now() instant                  { return instant(time.Since(a.start)) }

// ringBy sees to it that it rings by then.
func (a *alarm) ringBy(at, now instant) {
	if instant(a.rings.Load()) <= at {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.setLocked(at, now)
}

func (a *alarm) setLocked(at, now instant) {
	if instant(a.rings.Load()) <= at {
		return
	}
	a.rings.Store(int64(at))
	if a.timer == nil {
		a.timer = time.AfterFunc(time.Duration(at-now), a.ringNow)
		return
	}
	a.timer.Reset(time.Duration(at - now))
}

// ringNow is the timer's function: it ends the exchanges whose time is over, and sets the
// alarm for the next.
func (a *alarm) ringNow() {
	var struck []*Exchange
	next := never
	a.mu.Lock()
	a.rings.Store(int64(never))
	now := a.now()
	for e := a.first; e != nil; e = e.next {
		switch at := e.nextDeadline(); {
		case e.struck:
		case at <= now:
			e.struck = true
			struck = append(struck, e)
		case at < next:
			next = at
		}
	}
	if next < never {
		a.setLocked(next, now)
	}
	a.mu.Unlock()
	for _, e := range struck {
		e.endByTimeout(now)
	}
}

// add has e watched.
func (a *alarm) add(e *Exchange) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e.next = a.first
	if e.next != nil {
		e.next.previous = e
	}
	a.first = e
}

// remove takes e out, and reports whether it was struck, or is about to be.
func (a *alarm) remove(e *Exchange) (struck bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e.previous == nil {
		a.first = e.next
	} else {
		e.previous.next = e.next
	}
	if e.next != nil {
		e.next.previous = e.previous
	}
	e.next, e.previous = nil, nil
	a.stopLocked()
	return e.struck
}

// stopWhenEmpty stops the timer once no exchange is left: no more will be added.
func (a *alarm) stopWhenEmpty() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopping = true
	a.stopLocked()
}

// stopLocked lets go of the timer, and of the Conn with it, if nobody will need it.
func (a *alarm) stopLocked() {
	if a.stopping && a.first == nil && a.timer != nil {
		a.timer.Stop()
	}
}
