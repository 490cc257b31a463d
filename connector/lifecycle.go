package connector

import (
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// watchLocked has the janitor come by when the first idle conn expires. There
// is one timer for all, and none while there is nothing to watch.
func (p *pool) watchLocked() {
	if p.sweeps || p.closed {
		return
	}
	wait := p.keep
	if wait <= 0 || p.maxAge > 0 && p.maxAge < wait {
		wait = p.maxAge
	}
	if wait <= 0 {
		return
	}
	p.sweeps = true
	p.scheduleLocked(wait)
}

// scheduleLocked lets the janitor come a moment after the deadline, so that
// what expires then has expired.
func (p *pool) scheduleLocked(wait time.Duration) {
	wait += time.Millisecond
	if p.janitor == nil {
		p.janitor = time.AfterFunc(wait, p.sweep)
		return
	}
	p.janitor.Reset(wait)
}

func (p *pool) sweep() {
	p.mu.Lock()
	p.sweeps = false
	if p.closed {
		p.mu.Unlock()
		return
	}
	now := time.Now()
	var expired []*conn
	var next time.Duration
	for _, h := range p.hosts {
		kept := h.idle[:0]
		for _, c := range h.idle {
			if p.expired(c, now) {
				expired = append(expired, c)
				continue
			}
			kept = append(kept, c)
			if left := p.left(c, now); next == 0 || left < next {
				next = left
			}
		}
		clear(h.idle[len(kept):])
		p.idle -= len(h.idle) - len(kept)
		h.idle = kept
		p.tidyLocked(h)
	}
	if p.idle > 0 {
		p.sweeps = true
		p.scheduleLocked(next)
	}
	p.mu.Unlock()
	closeAll(expired)
}

// left is the time until an idle conn expires.
func (p *pool) left(c *conn, now time.Time) time.Duration {
	left := p.keep - now.Sub(c.idleSince)
	if age := p.maxAge - now.Sub(c.created); p.keep <= 0 || p.maxAge > 0 && age < left {
		left = age
	}
	return max(left, 0)
}

// drop takes all idle conns out of the pool and closes them.
func (p *pool) drop() {
	p.mu.Lock()
	idle := p.takeIdleLocked()
	p.mu.Unlock()
	closeAll(idle)
}

func (p *pool) takeIdleLocked() []*conn {
	var idle []*conn
	for _, h := range p.hosts {
		idle = append(idle, h.idle...)
		h.idle = nil
		p.tidyLocked(h)
	}
	p.idle = 0
	return idle
}

// shutdown closes every conn, used or not, breaks off every dial and fails
// every waiter. Only the first call does anything.
func (p *pool) shutdown() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	if p.janitor != nil {
		p.janitor.Stop()
	}
	conns := make([]*conn, 0, len(p.open))
	for c := range p.open {
		conns = append(conns, c)
	}
	p.takeIdleLocked()
	for d := range p.dials {
		d.cancel(errors.ErrConnectorClosed)
	}
	for _, h := range p.hosts {
		for w := h.waiters.head; w != nil; w = h.waiters.head {
			p.dequeueLocked(w)
			w.grant <- grant{err: errors.ErrConnectorClosed}
		}
		p.tidyLocked(h)
	}
	p.mu.Unlock()
	closeAll(conns)
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// starts and ends note a dial, so that shutdown can break it off.
func (p *pool) starts(d *connAttempt) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.ErrConnectorClosed
	}
	p.dials[d] = struct{}{}
	return nil
}

func (p *pool) ends(d *connAttempt) {
	p.mu.Lock()
	delete(p.dials, d)
	p.mu.Unlock()
}

func (p *pool) countRetry() {
	p.mu.Lock()
	p.counts.retried++
	p.mu.Unlock()
}
