package connector

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/h2"
	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

type connPool = pool.Pool[dial.Target]

// conn is a connection of the pool's: of HTTP/1, whose exchanges h1 makes one at a time, or
// of HTTP/2, on which h2 makes many.
type conn struct {
	notes pool.Notes
	pool  *connPool
	h1    *h1.Conn // nil: HTTP/2
	h2    *h2.Conn // nil: HTTP/1

	// What does not change. What else a ConnInfo has is a response's.
	local, remote net.Addr
	tls           *tls.ConnectionState
	created       time.Time

	remoteName atomic.Pointer[string] // remote as text, once somebody has asked for it
	lastEnd    atomic.Int64           // when the last request on it ended, in nanoseconds after created
}

// http1Conn is a conn of HTTP/1. It is one piece, which has a size of its own: where an idle
// connection lies among what requests leave behind, it keeps their memory from being given
// back.
type http1Conn struct {
	conn
	http1 h1.Conn
}

// describe notes what does not change of nc, on which nothing was sent; state is that of TLS with
// the server, or nil.
func (c *conn) describe(nc net.Conn, p *connPool, state *tls.ConnectionState) {
	c.pool, c.tls, c.created = p, state, time.Now()
	c.local, c.remote = nc.LocalAddr(), nc.RemoteAddr()
}

// netConn is what HTTP is spoken on, above TLS.
func (c *conn) netConn() net.Conn {
	if c.h2 != nil {
		return h1.UnwrapSocket(c.h2.NetConn())
	}
	return c.h1.NetConn()
}

// remoteText is the other end, or "" if that is not known. Each request that is timed asks
// for it.
func (c *conn) remoteText() string {
	if text := c.remoteName.Load(); text != nil {
		return *text
	}
	text := ""
	if addr := c.remote; addr != nil {
		text = addr.String()
	}
	c.remoteName.Store(&text) // by several at once: it is the same
	return text
}

// noteEnd notes that a request on it has ended.
func (c *conn) noteEnd(now time.Time) { c.lastEnd.Store(int64(now.Sub(c.created))) }

// idleSince is when the last one has.
func (c *conn) idleSince() time.Time { return c.created.Add(time.Duration(c.lastEnd.Load())) }

// Notes are the pool's.
func (c *conn) Notes() *pool.Notes { return &c.notes }

// Close closes the connection, and its slots are free. It is for the pool and for who holds
// none of net/http's locks.
func (c *conn) Close() {
	if c.h2 != nil {
		c.h2.Close()
		return
	}
	c.h1.Close() // there is nobody to hear an error
}

// CheckIdle says why the connection, which is idle, cannot have another exchange, or nil.
func (c *conn) CheckIdle() error {
	if c.h2 != nil {
		return c.h2.CheckIdle()
	}
	return c.h1.CheckIdle()
}

// isUsable reports whether a connection that the pool has lent can have an exchange. If it
// cannot, it is dead, or awaits a stream: see [h2.Conn.IsUsable]. With late, the check may be
// left to the exchange: see [h1.Settings].
func (c *conn) isUsable(late bool) (usable, awaiting bool) {
	if c.h2 != nil {
		return c.h2.IsUsable()
	}
	if late && c.h1.CanCheckLate() {
		return true, false
	}
	return c.h1.CheckReuse() == nil, false
}

// h1Owner is a conn of HTTP/1 as its protocol sees it.
type h1Owner conn

// Closed has the pool forget the connection.
func (o *h1Owner) Closed() { o.pool.Forget((*conn)(o)) }
