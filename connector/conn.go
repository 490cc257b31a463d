package connector

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

type connPool = pool.Pool[dial.Target]

// conn is a connection of the pool's: of HTTP/1, whose exchanges h1 makes one at a time, or
// of HTTP/2, where cc makes many.
type conn struct {
	notes  pool.Notes
	pool   *connPool
	h1     *h1.Conn         // nil: HTTP/2
	cc     *http.ClientConn // nil: HTTP/1
	nc     net.Conn         // what HTTP is spoken on, above TLS
	info   *ConnInfo        // what does not change: shared by all who ask
	remote string

	idleSince time.Time // of HTTP/1; belongs to who has the conn

	// Of HTTP/2.
	used    atomic.Bool // a request was on it
	lags    atomic.Bool // net/http has no stream although the pool had
	watch   sync.Once   // sets the hook that says when it has
	closing sync.Once
}

// Notes are the pool's.
func (c *conn) Notes() *pool.Notes { return &c.notes }

// Close closes the connection, and its slots are free. It is for the pool and for who holds
// none of net/http's locks.
func (c *conn) Close() {
	if c.h1 != nil {
		c.h1.Close() // which tells the pool; there is nobody to hear an error
		return
	}
	if c.cc != nil {
		c.cc.Close() // as above; nothing is pending on it
	}
	c.closeSocket() // in case net/http has not
}

// farewell is how long the end of TLS may take.
const farewell = 250 * time.Millisecond

// closeSocket is what net/http closes of HTTP/2, with its locks held.
func (c *conn) closeSocket() (err error) {
	c.closing.Do(func() {
		if below, ok := c.nc.(interface{ NetConn() net.Conn }); ok {
			// TLS says farewell, for which a peer that reads nothing has no ear.
			defer time.AfterFunc(farewell, func() { below.NetConn().Close() }).Stop() // as Close
		}
		err = c.nc.Close()
		c.pool.Forget(c)
	})
	return err
}

// CheckIdle says why the connection, which is idle, cannot have another exchange, or nil.
func (c *conn) CheckIdle() error {
	if c.h1 != nil {
		return c.h1.CheckIdle()
	}
	return c.cc.Err() // net/http reads it all the time
}

// isUsable reports whether a connection that the pool has lent can have an exchange. If it
// is not, it is dead, or lags.
//
// Of HTTP/2 that makes sure that net/http has the stream that the pool has given: else its
// RoundTrip would wait for one, where no timeout strikes. (Reserve would not do: those who
// hold more reservations than streams are left, because the server has just lowered their
// number, wait for each other.)
func (c *conn) isUsable() (usable, lagging bool) {
	if c.h1 != nil {
		return c.h1.CheckReuse() == nil, false
	}
	if c.cc.Available() > 0 {
		return true, false
	}
	// It may not have seen yet that another stream has ended.
	return false, c.cc.Err() == nil && c.cc.InFlight() > 0
}

// watchStreams has the pool told when net/http has streams again.
func (c *conn) watchStreams() {
	c.lags.Store(true)
	c.watch.Do(func() { c.cc.SetStateHook(func(*http.ClientConn) { c.noteStreams() }) })
}

// noteStreams is called when that may have come to be so.
func (c *conn) noteStreams() {
	if c.lags.Load() && c.cc.Available() > 0 {
		c.lags.Store(false)
		c.pool.StreamAvailable(c)
	}
}

func (c *conn) hasStream() bool { return c.cc.Available() > 0 }
