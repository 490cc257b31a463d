package ws

import (
	"sync"
	"time"
)

// waker interrupts a read or a write by the connection's deadline.
type waker struct {
	set func(time.Time) error // nil if that cannot be done

	mu    sync.Mutex
	armed bool // there may be something to interrupt
	dirty bool // a deadline is set
}

// arm is called before a read or write, with the deadline that it has in any
// case, or zero.
func (w *waker) arm(limit time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = true
	w.setLocked(limit)
}

// fire interrupts what is under way, or what comes next.
func (w *waker) fire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed {
		w.setLocked(time.Unix(1, 0))
	}
}

// disarm leaves no deadline.
func (w *waker) disarm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	w.setLocked(time.Time{})
}

func (w *waker) setLocked(t time.Time) {
	if !w.dirty && t.IsZero() {
		return
	}
	w.dirty = !t.IsZero()
	w.set(t) //nolint:errcheck // a connection that is gone is noticed by the read or write
}
