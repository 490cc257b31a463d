package connector

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

// conn is a connection of the pool's: of HTTP/1, whose exchanges h1 makes one at a time, or
// of HTTP/2, where cc makes many.
type conn struct {
	h1      *h1.Conn // nil: HTTP/2
	nc      net.Conn // what HTTP is spoken on, above TLS
	pool    *pool
	host    *host
	cc      *http.ClientConn // nil: HTTP/1
	info    *ConnInfo        // what does not change: shared by all who ask
	created time.Time
	remote  string
	mux     bool // HTTP/2

	// Of the pool, under its lock.
	held, dead bool
	idleSince  time.Time
	streams    streams
	lagTimer   *time.Timer // made on demand

	used    atomic.Bool // an exchange was on it
	lags    atomic.Bool // that is, net/http has no stream although the pool has
	watch   sync.Once
	closing sync.Once
}

// farewell is how long the end of TLS may take.
const farewell = 250 * time.Millisecond

// Close closes the connection and gives its slot back. net/http calls it too, with its
// locks held.
func (c *conn) Close() error {
	if c.h1 != nil {
		return c.h1.Close() // which tells the pool
	}
	var err error
	c.closing.Do(func() {
		if below, ok := c.nc.(interface{ NetConn() net.Conn }); ok {
			// TLS says farewell, for which a peer that reads nothing has no ear.
			defer time.AfterFunc(farewell, func() { below.NetConn().Close() }).Stop() // as Close
		}
		err = c.nc.Close()
		c.pool.gone(c)
	})
	return err
}

// shut ends the connection and net/http's use of it.
func (c *conn) shut() {
	if c.cc != nil {
		c.cc.Close() // nothing is pending on it
	}
	c.Close() // as above
}

// checkIdle says why the connection, which is idle, cannot have another exchange, or nil.
func (c *conn) checkIdle() error {
	if c.h1 != nil {
		return c.h1.CheckIdle()
	}
	return nil // net/http reads it all the time
}
