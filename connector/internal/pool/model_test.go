package pool_test

import (
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

// model is a pool that is obviously right: it counts by looking at everything, and
// serves by trying everybody in turn. Its time goes on in milliseconds.
type model struct {
	cfg      pool.Config[string]
	now      time.Duration
	hosts    map[string]*modelHost
	reqs     []*modelReq // in the order of their places
	conns    []*modelConn
	orders   int
	draining bool
	drained  bool
	closed   bool

	opened, gone, reused uint64
}

type modelHost struct{ may, atWill bool }

type modelReq struct {
	host  string
	fresh bool
	state string // waiting, dialing, holding; without a slot: lost, ended, cancelled, refused
	conn  *modelConn
}

type modelConn struct {
	id                          int
	host                        string
	state                       string // held, idle, gone
	mux, settled, full, retired bool
	dead, sharing               bool
	active, max                 int
	order                       int // when it came where it is lent from
	created, idleSince          time.Duration
	await                       time.Duration // until when it is awaited, or 0
}

func (c *modelConn) room() bool { return c.active < c.max && !c.full && !c.retired }

func (m *model) host(k string) *modelHost {
	if m.hosts[k] == nil {
		m.hosts[k] = &modelHost{may: m.cfg.MayMultiplex(k)}
	}
	return m.hosts[k]
}

// count counts the requests of a host, or of all, in some states.
func (m *model) count(host string, states ...string) (n int) {
	for _, r := range m.reqs {
		if (host == "" || r.host == host) && slices.Contains(states, r.state) {
			n++
		}
	}
	return n
}

// find returns the connection that came last, or first, of those that are fit.
func (m *model) find(last bool, fit func(*modelConn) bool) (found *modelConn) {
	for _, c := range m.conns {
		if fit(c) && (found == nil || (c.order > found.order) == last) {
			found = c
		}
	}
	return found
}

func (m *model) any(fit func(*modelConn) bool) bool { return m.find(true, fit) != nil }

func (m *model) waits(k string) bool {
	awaited := m.any(func(c *modelConn) bool { return c.host == k && c.await > 0 })
	h := m.host(k)
	return h.may && (awaited || !h.atWill && m.count(k, "dialing") > 0)
}

// lend gives a request a stream, an idle connection, or the permission to dial.
func (m *model) lend(r *modelReq) bool {
	ready := func(c *modelConn) bool { return c.host == r.host && c.state == "idle" && c.room() }
	c := m.find(true, func(c *modelConn) bool { return c.host == r.host && c.sharing })
	switch {
	case c != nil && m.cfg.MaxAge > 0 && m.now-c.created > m.cfg.MaxAge:
		m.retire(c)
		return m.lend(r)
	case c != nil:
	case m.any(ready) && !r.fresh:
		c = m.find(true, ready)
	case m.waits(r.host) && (!r.fresh || !m.any(ready)):
		return false
	default:
		r.state = "dialing"
		return true
	}
	r.state, r.conn = "holding", c
	c.state = "held"
	c.active++
	m.reused++
	m.note()
	return true
}

// note notes which connections have come to have free streams.
func (m *model) note() {
	for _, c := range m.conns {
		if sharing := c.state == "held" && c.room(); sharing != c.sharing {
			c.sharing = sharing
			m.orders++
			c.order = m.orders
		}
	}
}

func (m *model) serve(r *modelReq) bool {
	return m.count("", "dialing", "holding") < m.cfg.Limit &&
		m.count(r.host, "dialing", "holding") < m.cfg.PerHost && m.lend(r)
}

// settle follows every change: who can be served is, in order.
func (m *model) settle() {
	m.note()
	for again := true; again; {
		again = false
		for _, r := range m.reqs {
			if r.state == "waiting" && m.serve(r) {
				again = true
				break
			}
		}
	}
	for k := range m.hosts {
		idle := m.any(func(c *modelConn) bool { return c.host == k && c.state == "idle" })
		if !idle && m.count(k, "waiting", "dialing", "holding") == 0 {
			delete(m.hosts, k)
		}
	}
	m.drained = m.drained || m.draining && m.count("", "waiting", "dialing", "holding") == 0
}

// acquire is for a new request, and for one that comes back.
func (m *model) acquire(r *modelReq, known bool) {
	r.state, r.conn = "waiting", nil
	if m.closed || m.draining && !known {
		r.state = "refused"
	} else {
		m.host(r.host)
	}
	m.settle()
}

func (m *model) adopt(r *modelReq, c *modelConn) {
	if m.closed {
		m.forfeit(r, true)
		return
	}
	m.opened++
	if c.state == "gone" {
		m.gone++
		m.forfeit(r, true)
		return
	}
	h := m.host(r.host)
	h.atWill = false
	m.conns = append(m.conns, c)
	r.state, r.conn = "holding", c
	c.state, c.active, c.created = "held", 1, m.now
	if !c.mux || !c.settled {
		c.max = 1
	}
	switch {
	case c.mux && !c.settled:
		c.await = m.now + pool.AwaitTime
		fallthrough
	case c.mux:
		h.may = true
	case !m.multiplexed(r.host):
		h.may = false
	}
	m.settle()
}

func (m *model) multiplexed(k string) bool {
	return m.any(func(c *modelConn) bool { return c.host == k && c.mux && !c.retired })
}

func (m *model) forfeit(r *modelReq, failed bool) {
	r.state = "ended"
	if failed {
		m.host(r.host).atWill = !m.multiplexed(r.host)
	}
	m.settle()
}

func (m *model) retire(c *modelConn) {
	c.retired, c.await = true, 0
	if c.state == "idle" {
		m.drop(c)
	}
	m.note()
}

// drop closes a connection; who holds it has no slot any more.
func (m *model) drop(c *modelConn) {
	c.retired, c.await, c.state = true, 0, "gone"
	m.gone++
	for _, r := range m.reqs {
		if r.conn == c && r.state == "holding" {
			r.state = "lost"
		}
	}
	m.note()
}

// leave ends a request on its connection.
func (m *model) leave(r *modelReq, state string) {
	c := r.conn
	r.state, r.conn = state, nil
	c.active--
	if c.active > 0 {
		m.note()
		return
	}
	if c.retired || m.draining || m.cfg.MaxAge > 0 && m.now-c.created > m.cfg.MaxAge {
		m.drop(c)
		return
	}
	c.state, c.idleSince = "idle", m.now
	m.note()
	m.orders++
	c.order = m.orders
	if m.idle() > m.cfg.MaxIdle {
		m.dropOldest(1)
	}
}

func (m *model) release(r *modelReq, reusable bool) {
	if !reusable {
		m.retire(r.conn)
	}
	m.leave(r, "ended")
	m.settle()
}

func (m *model) another(r *modelReq, fresh bool) {
	m.retire(r.conn)
	m.leave(r, "lost") // it has a slot until it is known that nothing is lent
	kept := r.fresh
	r.fresh = fresh
	m.lend(r)
	r.fresh = kept
	m.settle()
}

func (m *model) requeue(r *modelReq) {
	c := r.conn
	c.full = true
	if !c.retired {
		c.await = m.now + pool.AwaitTime
	}
	m.leave(r, "waiting")
	m.settle()
}

func (m *model) setStreams(c *modelConn, n int) {
	c.max, c.settled = n, true
	if !c.full {
		c.await = 0
	}
	m.settle()
}

func (m *model) streamAvailable(c *modelConn) {
	c.full = false
	if c.settled {
		c.await = 0
	}
	m.settle()
}

func (m *model) idle() (n int) {
	for _, c := range m.conns {
		if c.state == "idle" {
			n++
		}
	}
	return n
}

func (m *model) dropOldest(n int) {
	for range min(n, m.idle()) {
		m.drop(m.find(false, func(c *modelConn) bool { return c.state == "idle" }))
	}
}

// sleep lets time go by, in which connections expire and waits end. Those that are
// dead are found if it is a second.
func (m *model) sleep(d time.Duration) {
	checks := d > time.Second
	for end := m.now + d; m.now < end; {
		m.now += time.Millisecond
		changed := false
		for _, c := range m.conns {
			old := m.cfg.KeepAlive > 0 && m.now-c.idleSince > m.cfg.KeepAlive || m.cfg.MaxAge > 0 && m.now-c.created > m.cfg.MaxAge
			if c.state == "idle" && (old || checks && c.dead) {
				m.drop(c)
				changed = true
			}
			if c.await > 0 && c.await <= m.now {
				c.await, c.settled = 0, true
				changed = true
			}
		}
		if changed {
			m.settle()
		}
	}
}

func (m *model) close() {
	m.closed = true
	for _, r := range m.reqs {
		if r.state == "waiting" {
			r.state = "refused"
		}
	}
	for _, c := range m.conns {
		if c.state != "gone" {
			m.drop(c)
		}
	}
	m.settle()
}
