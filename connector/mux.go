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
// many streams it takes.

// initialStreams is how many streams a connection is taken to allow before it has
// said so (RFC 9113 6.5.2 recommends no less than 100).
const initialStreams = 100

// settleTime is how long the next connection waits for the settings of the last.
const settleTime = 250 * time.Millisecond

// mux is what the pool knows of a host's HTTP/2. It is the pool's, under its
// lock.
type mux struct {
	possible  bool // it may speak HTTP/2, as far as is known
	spread    bool // a first dial has failed: no more waiting for others
	dials     int  // under way
	unsettled int  // connections that have not said how many streams they take
	conns     []*conn
}

// streams are those of a conn. They are the pool's, under its lock.
type streams struct {
	active, max       int
	settled, draining bool
}

// room reports whether one more connection of h may come into use.
func (h *host) room(perHost int) bool {
	return h.inUse < perHost && (len(h.idle) > 0 || !h.mux.waits())
}

// waits reports whether a dial has to wait for what another one brings.
func (m *mux) waits() bool {
	return m.possible && (m.dials > 0 && !m.spread || m.unsettled > 0)
}

func (m *mux) dialFailed() {
	m.dials--
	m.spread = len(m.conns) == 0
}

// shareLocked returns a connection in use that takes one more stream, or nil.
func (p *pool) shareLocked(h *host, now time.Time) *conn {
	for _, c := range h.mux.conns {
		if s := &c.streams; s.active > 0 && s.active < s.max && !s.draining && !p.tooOld(c, now) {
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
	h := c.host
	h.mux.dials--
	h.mux.spread = false
	if !h.mux.possible {
		return
	}
	if c.mux {
		h.mux.conns = append(h.mux.conns, c)
		h.mux.unsettled++
		c.streams.max = initialStreams
	} else if len(h.mux.conns) == 0 {
		h.mux.possible = false
	}
	p.shareOutLocked(h, time.Now())
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
	if c.streams.active > 0 {
		p.shareOutLocked(c.host, time.Now())
		return false
	}
	if c.streams.draining {
		p.unshareLocked(c)
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
	if !c.streams.settled {
		c.streams.settled = true
		m.unsettled--
	}
}

// settle notes that c takes so many more streams beside those in flight. If it
// takes none although it is not full, it is closing.
func (p *pool) settle(c *conn, available, inFlight int) {
	p.mu.Lock()
	if c.dead || !slices.Contains(c.host.mux.conns, c) {
		p.mu.Unlock()
		return
	}
	known := 1
	if c.streams.settled {
		known = c.streams.max
	}
	if available > 0 || inFlight >= known {
		c.streams.max = available + inFlight
	} else {
		c.streams.draining = true
	}
	if !c.streams.settled {
		c.streams.settled = true
		c.host.mux.unsettled--
	}
	useless := c.streams.draining && !c.held
	p.shareOutLocked(c.host, time.Now())
	p.mu.Unlock()
	if useless {
		c.shut()
	}
}

// watchStreams has net/http tell when the connection takes more streams, or no
// more at all. The settings of a server that takes just as many as was assumed
// change nothing, so that nobody tells: then it is after a while.
func (c *conn) watchStreams() {
	timer := time.AfterFunc(settleTime, c.countStreams)
	c.cc.SetStateHook(func(*http.ClientConn) {
		timer.Stop()
		c.countStreams()
	})
}

// countStreams asks how many streams the connection takes. It must not be called
// with the pool's lock held, for net/http has locks of its own.
func (c *conn) countStreams() {
	if c.cc.Err() != nil {
		c.pool.settle(c, 0, 0)
		return
	}
	c.pool.settle(c, c.cc.Available(), c.cc.InFlight())
}
