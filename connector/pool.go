package connector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// pool counts the connections in use against the two limits, keeps the idle
// ones, and serves those who wait in the order of their arrival.
//
// A conn is held from the moment a request gets it until the request gives it
// back or the connection is closed, whichever comes first. Only held conns and
// dials under way count.
//
// Locking: mu is taken from within net/http's own locks (when it closes a
// connection), so nothing that may take those is called while mu is held.
type pool struct {
	limit   int // no limit: maxInt
	perHost int
	keep    time.Duration // how long a conn may be idle; 0: for ever
	maxAge  time.Duration // how old a conn may become; 0: any age

	muxed func(key) bool // whether connections of a key may be of HTTP/2

	mu      sync.Mutex
	hosts   map[key]*host
	open    map[*conn]struct{}
	dials   map[*connAttempt]struct{}
	queue   queue
	inUse   int
	idle    int
	waiting int
	seq     uint64
	closed  bool
	janitor *time.Timer
	sweeps  bool // the janitor's timer is running
	counts  counts
}

type counts struct{ opened, reused, retried, closed uint64 }

// host is what the pool knows of one key. It exists while there is anything.
type host struct {
	key     key
	inUse   int
	idle    []*conn // by the time of their return, oldest first
	waiters waiters
	pos     int // in the queue, or -1
	mux     mux
}

func newPool(limit, perHost int, keep, maxAge time.Duration) *pool {
	return &pool{
		limit: limit, perHost: perHost, keep: keep, maxAge: maxAge, muxed: func(key) bool { return false },
		hosts: map[key]*host{}, open: map[*conn]struct{}{}, dials: map[*connAttempt]struct{}{},
	}
}

// tryAcquire takes a slot for k if one is free, and with it an idle connection
// if there is one. Without a conn, the host says that the caller may dial; it
// then gives the slot back with [pool.forfeit] if that fails. Neither means
// that the caller has to wait. fresh refuses idle connections.
func (p *pool) tryAcquire(k key, now time.Time, fresh bool) (*conn, *host, error) {
	p.mu.Lock()
	h, err := p.hostLocked(k)
	if err != nil {
		p.mu.Unlock()
		return nil, nil, err
	}
	c, ok, expired := p.serveLocked(h, now, fresh)
	p.mu.Unlock()
	closeAll(expired)
	if !ok {
		return nil, nil, nil
	}
	return c, h, nil
}

// serveLocked gives a request what it can have at once: a stream, an idle conn,
// or the permission to dial.
func (p *pool) serveLocked(h *host, now time.Time, fresh bool) (c *conn, ok bool, expired []*conn) {
	if c := p.shareLocked(h, now); c != nil {
		return c, true, nil
	}
	if p.inUse >= p.limit || !h.room(p.perHost) {
		return nil, false, nil
	}
	c, expired = p.takeLocked(h, now, fresh)
	return c, true, expired
}

// acquire is tryAcquire for a caller that waits.
func (p *pool) acquire(ctx context.Context, k key, now time.Time, fresh bool) (*conn, *host, error) {
	p.mu.Lock()
	h, err := p.hostLocked(k)
	if err != nil {
		p.mu.Unlock()
		return nil, nil, err
	}
	if c, ok, expired := p.serveLocked(h, now, fresh); ok {
		p.mu.Unlock()
		closeAll(expired)
		return c, h, nil
	}
	w := &waiter{host: h, fresh: fresh, grant: make(chan grant, 1)}
	p.enqueueLocked(w)
	p.mu.Unlock()
	return p.wait(ctx, w)
}

// hostLocked finds the host of a key, or makes it.
func (p *pool) hostLocked(k key) (*host, error) {
	if p.closed {
		return nil, errors.ErrConnectorClosed
	}
	h := p.hosts[k]
	if h == nil {
		h = &host{key: k, pos: -1, mux: mux{possible: p.muxed(k)}}
		p.hosts[k] = h
	}
	return h, nil
}

func (p *pool) wait(ctx context.Context, w *waiter) (*conn, *host, error) {
	select {
	case g := <-w.grant:
		return g.conn, w.host, g.err
	case <-ctx.Done():
	}
	p.mu.Lock()
	if w.queued {
		p.dequeueLocked(w)
		p.tidyLocked(w.host)
		p.mu.Unlock()
		return nil, nil, context.Cause(ctx)
	}
	p.mu.Unlock()
	// The slot came at the same moment: it must not be lost.
	switch g := <-w.grant; {
	case g.conn != nil:
		if !p.release(g.conn, true, time.Now()) {
			g.conn.shut()
		}
	case g.err == nil:
		p.forfeit(w.host, false)
	}
	return nil, nil, context.Cause(ctx)
}

// takeLocked counts a slot of h as used and returns the youngest idle conn, if
// there is one. Conns that are past their time come back to be closed.
func (p *pool) takeLocked(h *host, now time.Time, fresh bool) (c *conn, expired []*conn) {
	h.inUse++
	p.inUse++
	for i := len(h.idle) - 1; !fresh && i >= 0; i-- {
		c = h.idle[i]
		if c.streams.full && !c.streams.draining {
			continue
		}
		h.idle = slices.Delete(h.idle, i, i+1)
		p.idle--
		if !p.expired(c, now) && !c.streams.draining {
			c.held = true
			c.streams.active = 1
			p.counts.reused++
			return c, expired
		}
		expired = append(expired, c)
	}
	h.mux.dials++
	return nil, expired
}

func (p *pool) expired(c *conn, now time.Time) bool {
	return p.keep > 0 && now.Sub(c.idleSince) > p.keep || p.maxAge > 0 && now.Sub(c.created) > p.maxAge
}

// adopt makes a freshly dialed conn that holds its slot a member of the pool.
func (p *pool) adopt(c *conn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errors.ErrConnectorClosed
	}
	p.counts.opened++
	if c.dead {
		// It was closed before it was ours; the first use will find out. The
		// slot is given back by the caller, as for a failed dial.
		p.counts.closed++
		return errClosedWhileDialing
	}
	c.held = true
	c.streams.active = 1
	p.open[c] = struct{}{}
	p.learnLocked(c)
	return nil
}

// release gives back the slot of a conn and keeps the conn for the next
// request if it is reusable; otherwise the caller closes it.
func (p *pool) release(c *conn, reusable bool, now time.Time) (kept bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.held {
		return false // closed meanwhile, which gave the slot back
	}
	if c.mux && !p.leaveLocked(c, reusable) {
		return true // it goes on with other streams
	}
	c.held = false
	h := c.host
	if reusable = reusable && !p.closed && !c.dead && !c.streams.draining; reusable {
		c.idleSince = now
		h.idle = append(h.idle, c)
		p.idle++
		p.watchLocked()
	}
	p.freeLocked(h, now)
	return reusable
}

// forfeit gives back a slot that has no conn, because the dial has failed or
// nobody wants it any more.
func (p *pool) forfeit(h *host, failed bool) {
	p.mu.Lock()
	h.mux.dialEnded(failed)
	p.freeLocked(h, time.Now())
	p.mu.Unlock()
}

// gone notes that a conn was closed, by whomever. If it was in use its slot is
// free from now on, even if the response is still in somebody's hands.
func (p *pool) gone(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.dead {
		return
	}
	c.dead = true
	if _, ok := p.open[c]; !ok {
		return // not yet adopted
	}
	delete(p.open, c)
	p.counts.closed++
	p.unshareLocked(c)
	if c.held {
		c.held = false
		p.freeLocked(c.host, time.Now())
		return
	}
	for i, other := range c.host.idle {
		if other == c {
			c.host.idle = append(c.host.idle[:i], c.host.idle[i+1:]...)
			p.idle--
			break
		}
	}
	if p.waiting > 0 {
		p.queue.update(c.host, p.perHost) // nobody waits for its streams any more
		p.grantLocked(time.Now())
	}
	p.tidyLocked(c.host)
}

// freeLocked takes one slot of h back and passes it on.
func (p *pool) freeLocked(h *host, now time.Time) {
	h.inUse--
	p.inUse--
	if p.waiting == 0 {
		p.tidyLocked(h)
		return
	}
	p.queue.update(h, p.perHost)
	p.grantLocked(now)
	p.tidyLocked(h)
}

// grantLocked passes the free slots on to those who wait.
func (p *pool) grantLocked(now time.Time) {
	for p.inUse < p.limit && p.queue.len() > 0 {
		w := p.queue.first().waiters.head
		p.dequeueLocked(w)
		c, expired := p.takeLocked(w.host, now, w.fresh)
		p.queue.update(w.host, p.perHost)
		w.grant <- grant{conn: c}
		if len(expired) > 0 {
			go closeAll(expired) // not under the lock; ends at once
		}
	}
}

func (p *pool) enqueueLocked(w *waiter) {
	p.seq++
	w.seq = p.seq
	w.queued = true
	w.host.waiters.push(w)
	p.waiting++
	p.queue.update(w.host, p.perHost)
}

func (p *pool) dequeueLocked(w *waiter) {
	w.queued = false
	w.host.waiters.remove(w)
	p.waiting--
	p.queue.update(w.host, p.perHost)
}

// tidyLocked forgets a host of which nothing is left.
func (p *pool) tidyLocked(h *host) {
	if h.inUse == 0 && len(h.idle) == 0 && h.waiters.head == nil && p.hosts[h.key] == h {
		delete(p.hosts, h.key)
	}
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		c.shut()
	}
}
