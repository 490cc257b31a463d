package connector

import (
	"net/http"
	"slices"
	"time"
)

// Of HTTP/2, one connection serves many requests. It holds one slot while it has
// a stream, and further streams cost none. So that a burst to a new host does
// not make a connection for each of its requests, there is one dial at a time to
// a host that may speak HTTP/2, and none before the last connection has said how
// many streams it takes. Until then it gets one.

// settleTime is how long the next connection waits for the settings of the last,
// or for a stream that has ended here and not yet in net/http.
const settleTime = time.Second

// mux is what the pool knows of a host's HTTP/2. It is the pool's, under its
// lock.
type mux struct {
	possible  bool // it may speak HTTP/2, as far as is known
	spread    bool // a first dial has failed: no more waiting for others
	dials     int  // under way
	unsettled int  // connections that have not said how many streams they take
	lagging   int  // connections that will have a stream at once
	conns     []*conn
}

// streams are those of a conn. They are the pool's, under its lock.
type streams struct {
	active, max int
	settled     bool
	full        bool // for now net/http takes none, whatever max says
	lagging     bool // but it will at once
	draining    bool // it takes none any more
}

// room reports whether one more connection of h may come into use.
func (h *host) room(perHost int) bool {
	return h.inUse < perHost && (h.hasIdle() || !h.mux.waits())
}

func (h *host) hasIdle() bool {
	return slices.ContainsFunc(h.idle, func(c *conn) bool { return !c.streams.full })
}

// waits reports whether a dial has to wait for what another one brings.
func (m *mux) waits() bool {
	return m.possible && (m.dials > 0 && !m.spread || m.unsettled > 0 || m.lagging > 0)
}

// dialEnded notes that a dial has come to nothing. If that was the server's doing
// the others try for themselves, for there may be nothing to wait for.
func (m *mux) dialEnded(failed bool) {
	m.dials--
	if failed {
		m.spread = len(m.conns) == 0
	}
}

func (m *mux) settled(c *conn) {
	if !c.streams.settled {
		c.streams.settled = true
		m.unsettled--
	}
}

func (m *mux) lag(c *conn, lagging bool) {
	switch {
	case lagging && !c.streams.lagging:
		m.lagging++
	case !lagging && c.streams.lagging:
		m.lagging--
	}
	c.streams.lagging = lagging
}

// shareLocked returns a connection in use that takes one more stream, or nil.
func (p *pool) shareLocked(h *host, now time.Time) *conn {
	for _, c := range h.mux.conns {
		s := &c.streams
		if s.active > 0 && s.active < s.max && !s.full && !s.draining && !p.tooOld(c, now) {
			s.active++
			p.counts.reused++
			return c
		}
	}
	return nil
}

func (p *pool) tooOld(c *conn, now time.Time) bool {
	return p.maxAge > 0 && now.Sub(c.created) > p.maxAge
}

// learnLocked takes note of the protocol of a new connection.
func (p *pool) learnLocked(c *conn) {
	m := &c.host.mux
	m.dials--
	m.spread = false
	if !m.possible {
		return
	}
	switch {
	case c.mux && !c.streams.draining:
		m.conns = append(m.conns, c)
		if !c.streams.settled {
			c.streams.max = 1
			m.unsettled++
		}
	case !c.mux && len(m.conns) == 0:
		m.possible = false
	}
	p.shareOutLocked(c.host, time.Now())
}

// shareOutLocked gives the streams of h to those who wait for them, and then
// what slots there are to whoever is first.
func (p *pool) shareOutLocked(h *host, now time.Time) {
	for h.waiters.head != nil {
		c := p.shareLocked(h, now)
		if c == nil {
			break
		}
		w := h.waiters.head
		p.dequeueLocked(w)
		w.grant <- grant{conn: c}
	}
	p.queue.update(h, p.perHost)
	p.grantLocked(now)
}

// leaveLocked ends one stream of c, and reports whether it was the last.
func (p *pool) leaveLocked(c *conn, reusable bool) bool {
	c.streams.active--
	if !reusable {
		c.streams.draining = true
	}
	if c.streams.draining {
		p.unshareLocked(c)
	}
	if c.streams.active > 0 {
		p.shareOutLocked(c.host, time.Now())
		return false
	}
	return true
}

// unshareLocked forgets a connection that takes no more streams.
func (p *pool) unshareLocked(c *conn) {
	if !c.mux {
		return
	}
	m := &c.host.mux
	i := slices.Index(m.conns, c)
	if i < 0 {
		return
	}
	m.conns = slices.Delete(m.conns, i, i+1)
	m.settled(c)
	m.lag(c, false)
}

// drain gives c no more streams, and closes it when it has none.
func (p *pool) drain(c *conn) {
	p.mu.Lock()
	c.streams.draining = true
	_, ours := p.open[c]
	if ours {
		p.unshareLocked(c)
		p.shareOutLocked(c.host, time.Now())
	}
	useless := ours && !c.held
	p.mu.Unlock()
	if useless {
		c.shut()
	}
}

// settle notes how many streams c takes.
func (p *pool) settle(c *conn, streams int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.streams.max = streams
	p.settledLocked(c)
}

// unsettle stops the waiting for what c takes.
func (p *pool) unsettle(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settledLocked(c)
}

func (p *pool) settledLocked(c *conn) {
	if _, ours := p.open[c]; !ours {
		c.streams.settled = true // it is new, and the pool will look at it
		return
	}
	if slices.Contains(c.host.mux.conns, c) {
		c.host.mux.settled(c)
		p.shareOutLocked(c.host, time.Now())
	}
}

// enter makes sure that net/http has the stream that the pool has given: else its
// RoundTrip would wait for one, where no timeout strikes. If there is none, which
// is when it has not seen yet that another one has ended, the pool gets the
// stream back. (Reserve would not do: those who hold more reservations than
// streams are left, because the server has just lowered their number, wait for
// each other.)
func (c *conn) enter() bool {
	if !c.mux {
		if c.checkIdle() != nil {
			c.shut()
			return false
		}
		return true
	}
	if c.cc.Available() > 0 {
		return true
	}
	usable := c.cc.Err() == nil && c.cc.InFlight() > 0
	if usable {
		c.lag()
	}
	if !c.pool.release(c, usable, time.Now()) {
		c.shut()
	}
	return false
}

// lag has nobody get a stream of c until net/http has one. For a while nobody
// makes a connection in its place, either.
func (c *conn) lag() {
	p := c.pool
	p.mu.Lock()
	c.lags.Store(true)
	c.streams.full = true
	if slices.Contains(c.host.mux.conns, c) && !c.streams.lagging {
		c.host.mux.lag(c, true)
		if c.lagTimer == nil {
			c.lagTimer = time.AfterFunc(settleTime, func() { p.endLag(c, false) })
		} else {
			c.lagTimer.Reset(settleTime)
		}
	}
	p.mu.Unlock()
	c.watch.Do(func() { c.cc.SetStateHook(func(*http.ClientConn) { c.lookAgain() }) })
	c.lookAgain()
}

// lookAgain ends the lag if net/http has streams. It is called when that may have
// come to be so; net/http tells when, but that costs each request a little.
func (c *conn) lookAgain() {
	if c.lags.Load() && c.cc.Available() > 0 {
		c.pool.endLag(c, true)
	}
}

// endLag ends the waiting for a stream of c that was to come at once, because it
// has come or because it has not.
func (p *pool) endLag(c *conn, come bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if come {
		c.lags.Store(false)
		c.streams.full = false
	}
	c.host.mux.lag(c, false)
	p.shareOutLocked(c.host, time.Now())
}
