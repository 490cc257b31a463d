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

// settleTime is how long the next connection waits for the settings of the last,
// or for a stream that has ended here and not yet in net/http.
const settleTime = 250 * time.Millisecond

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
	full        bool // it takes none for now, says net/http
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

// shareLocked returns a connection in use that takes one more stream, or nil.
func (p *pool) shareLocked(h *host, now time.Time) *conn {
	for _, c := range h.mux.conns {
		if s := &c.streams; s.active > 0 && s.active < s.max && !s.full && !s.draining && !p.tooOld(c, now) {
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
	m.settledBy(c)
	m.lag(c, false)
}

func (m *mux) settledBy(c *conn) {
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

// drain gives c no more streams.
func (p *pool) drain(c *conn) {
	p.mu.Lock()
	c.streams.draining = true
	p.mu.Unlock()
}

// settle notes that c takes so many more streams beside those in flight; refused
// says that it has just not taken one. It reports whether c is of no use any more.
//
// A connection that takes none is full, or it is closing: net/http does not say
// which. If it has as many as it ever took, it is full, and one that was refused
// was too early: ours have ended, net/http has not seen to that yet.
func (p *pool) settle(c *conn, available, inFlight int, refused bool) (useless bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &c.host.mux
	if c.dead || !slices.Contains(m.conns, c) {
		return false
	}
	s := &c.streams
	s.full = available == 0
	switch {
	case available > 0:
		s.max = available + inFlight
		m.lag(c, false)
	case inFlight == 0:
		s.draining = true
		m.lag(c, false)
	case refused:
		m.lag(c, inFlight >= s.max)
	}
	m.settledBy(c)
	p.shareOutLocked(c.host, time.Now())
	return s.draining && !c.held
}

// endLag ends the waiting for a stream that was to come at once.
func (p *pool) endLag(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.host.mux.lag(c, false)
	p.shareOutLocked(c.host, time.Now())
}

// watchStreams has net/http tell when the connection takes more streams, or no
// more at all. The settings of a server that takes no more than was assumed
// raise nothing, so that nobody tells: then it is after a while.
func (c *conn) watchStreams() {
	timer := time.AfterFunc(settleTime, func() { c.countStreams(false) })
	c.cc.SetStateHook(func(*http.ClientConn) {
		timer.Stop()
		c.countStreams(false)
	})
}

// countStreams asks how many streams the connection takes. It must not be called
// with the pool's lock held, for net/http has locks of its own. What is asked last
// must be noted last.
func (c *conn) countStreams(refused bool) {
	c.counting.Lock()
	available, inFlight := 0, 0
	if c.cc.Err() == nil {
		available, inFlight = c.cc.Available(), c.cc.InFlight()
	}
	useless := c.pool.settle(c, available, inFlight, refused)
	c.counting.Unlock()
	if useless {
		c.shut()
	}
}

// enter makes sure of the stream that the pool has given: without that net/http
// would wait for one, where no timeout strikes. If it has none the pool gets its
// own back, and learns that.
func (c *conn) enter() bool {
	if !c.mux || c.cc.Reserve() == nil {
		return true
	}
	c.countStreams(true)
	if !c.pool.release(c, true, time.Now()) {
		c.shut()
	}
	c.pool.mu.Lock()
	lagging := c.streams.lagging
	c.pool.mu.Unlock()
	if lagging {
		time.AfterFunc(settleTime, func() { c.pool.endLag(c) })
	}
	return false
}
