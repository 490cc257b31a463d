package h2

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

// Conn is a connection of HTTP/2, above TLS if there is TLS.
//
// Its states, as its [Owner] hears of them:
//
//	       Start              the first SETTINGS
//	made ─────────► started ──────────────────────► settled ──┐ further SETTINGS:
//	 │                 │      Owner.SetStreams         │    ◄─┘ Owner.SetStreams
//	 │                 │                               │
//	 │                 │ GOAWAY: Owner.Retire          │ net/http has no stream although
//	 │                 ├───────────────► retiring ◄────┤ it should: IsUsable says awaiting,
//	 │                 │                    │          │ WatchStreams, Owner.StreamAvailable
//	 │ Close           │ Close, by anybody  │          │
//	 └─────────────────┴────────► closed ◄──┴──────────┘
//	                             Owner.Forget
//
// A retiring connection goes on with the streams that it has.
type Conn struct {
	nc    net.Conn
	owner Owner
	cc    *http.ClientConn // nil until it has started
	alarm alarm            // for the deadlines of all streams
	free  *sync.Pool       // of *Exchange

	used         atomic.Bool // an exchange was on it
	awaitsStream atomic.Bool // net/http has no stream although the owner's count had one
	watch        sync.Once   // sets the hook that says when it has
	closing      sync.Once
}

// Owner is told what becomes of a connection. It may be called by any goroutine, with locks
// of net/http's held, so that it must neither wait for the Conn nor close it.
type Owner interface {
	// SetStreams says how many streams at a time the server takes.
	SetStreams(streams int)
	// Retire says that the server takes no further stream.
	Retire()
	// StreamAvailable says that there is a stream again, after WatchStreams.
	StreamAvailable()
	// Forget says that the connection was closed. It is called once.
	Forget()
}

// NewConn takes nc, on which HTTP/2 has not begun.
func NewConn(nc net.Conn, owner Owner) *Conn {
	c := &Conn{nc: nc, owner: owner}
	c.alarm.init()
	return c
}

// Start has net/http begin HTTP/2, by the deadline of ctx: it writes the preface without
// looking at a context. addr is what the connection is for. After an error the Conn is to be
// closed.
func (c *Conn) Start(ctx context.Context, t *Transport, addr string) (err error) {
	if deadline, ok := ctx.Deadline(); ok {
		c.nc.SetWriteDeadline(deadline)          //nolint:errcheck // a closed conn is noticed by its first use
		defer c.nc.SetWriteDeadline(time.Time{}) //nolint:errcheck // as above
	}
	c.free = &t.free
	c.cc, err = t.newClientConn(ctx, c, addr)
	return err
}

// NetConn is the connection below, for its addresses.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Close closes the connection, whatever is under way on it. It is idempotent, and not for
// who holds locks of net/http's.
func (c *Conn) Close() {
	if c.cc != nil {
		c.cc.Close() // there is nobody to hear an error
	}
	c.closeSocket() //nolint:errcheck // in case net/http has not: as above
}

// closeSocket is what net/http closes, with its locks held.
func (c *Conn) closeSocket() (err error) {
	c.closing.Do(func() {
		err = tlsclose.Close(c.nc)
		c.alarm.stopWhenEmpty()
		c.owner.Forget()
	})
	return err
}

// CheckIdle says why the connection cannot have another exchange, or nil. net/http reads it
// all the time.
func (c *Conn) CheckIdle() error { return c.cc.Err() }

// InFlight is how many exchanges are under way on it, as far as net/http knows.
func (c *Conn) InFlight() int { return c.cc.InFlight() }

// IsUsable reports whether it can have an exchange. If it cannot, it is dead, or awaits a
// stream: one will be free once net/http has seen that another has ended.
//
// That makes sure that net/http has the stream: else its RoundTrip would wait for one, where
// no timeout strikes. (Reserve would not do: those who hold more reservations than streams
// are left, because the server has just lowered their number, wait for each other.)
func (c *Conn) IsUsable() (usable, awaitsStream bool) {
	if c.HasStream() {
		return true, false
	}
	return false, c.cc.Err() == nil && c.cc.InFlight() > 0
}

// HasStream reports whether net/http would not have to wait for a stream.
func (c *Conn) HasStream() bool { return c.cc.Available() > 0 }

// WatchStreams calls the owner's StreamAvailable once, when net/http has a stream again. The
// caller has to ask HasStream after it: net/http may have got one before.
func (c *Conn) WatchStreams() {
	c.awaitsStream.Store(true)
	c.watch.Do(func() { c.cc.SetStateHook(func(*http.ClientConn) { c.noteStreams() }) })
}

// noteStreams is net/http's state hook: it runs after each change of the connection.
func (c *Conn) noteStreams() {
	if c.awaitsStream.Load() && c.HasStream() {
		c.awaitsStream.Store(false)
		c.owner.StreamAvailable()
	}
}
