package h1

import (
	stderrors "errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/deadline"
	"github.com/aiolos-http/aiolos/internal/chunkends"
	"github.com/aiolos-http/aiolos/internal/rawhead"
	"github.com/aiolos-http/aiolos/internal/tlsclose"
)

// Conn is a connection of HTTP/1, above TLS if there is TLS. It holds no buffer and, where
// the system can peek at a socket, no goroutine while it is idle.
//
// Reading belongs to the exchange under way, writing to it or to its upload. Close may be
// called by anybody at any time.
//
// A program may have thousands that are idle: what few connections need, or only an exchange,
// has its place elsewhere.
type Conn struct {
	nc         net.Conn
	socket     *socket     // peeks without waiting; nil: the waiter reads instead
	unpeekable *unpeekable // what belongs to the waiter; nil: there is a socket
	owner      Owner       // nil: there is none
	closing    sync.Once
	secure     bool // nc is a *tls.Conn
	prompt     bool // a small write to nc does not wait for the peer

	// The exchange's own, and its writer's.
	unchecked bool          // the first write has to check that it is alive
	last      bool          // the next write has the last of the request
	dead      bool          // that check has failed; net/http may hide the error of the write
	http10    atomic.Bool   // what is written next is the request line of HTTP/1.0
	writing   atomic.Uint32 // what has become of the present request: writeNone, …
	abort     func()        // abortExchange, once an exchange has needed it
	writeEnds time.Time     // the socket's write deadline
	held      heldRequest   // what goes out with the next Read

	mu       sync.Mutex // of all that follows
	state    connState
	rested   bool          // the silence began just now
	late     bool          // sockRead is lateAnswer, and no setting
	limited  bool          // limitReading has set silence for what is left
	aborted  bool          // abortExchange is closing it
	used     bool          // an exchange has begun on it
	sockRead time.Duration // the longest silence, or zero
	total    time.Time
	silence  time.Time // when the present one becomes too long, or zero
	alarm    time.Time // the socket's read deadline
	rx, tx   int64     // bytes of the exchange
	readErr  error     // what ended the reading, a deadline included
	writeErr error     // the first error of the socket while writing
	fileErr  error     // of a file that was being sent from
	head     rawhead.Scanner
	chunks   *chunkends.Scanner // of the body; nil: nobody asks
}

// Owner is who keeps a Conn.
type Owner interface {
	// Closed is called once, with no lock of the conn's held, when it was closed, by
	// whomever.
	Closed()
}

type connState uint8

const (
	connIdle connState = iota
	connActive
	connUpgraded
	connClosed
)

// What a Read or Write of a conn reports beside the socket's own errors.
var (
	ErrTotalTimeout       = deadline.ErrTotal
	ErrReadTimeout        = deadline.ErrRead
	ErrUnsolicited        = stderrors.New("unsolicited data on an idle connection")
	ErrDied               = stderrors.New("the idle connection has ended") // see [Settings]
	errTooManyHeads error = &rawhead.Error{Reason: "too many interim responses", Limit: maxInterim}
	errHeadTooLarge error = &rawhead.Error{Reason: "head too large", Limit: maxHead}
)

const (
	// maxHead bounds all bytes before a body, interim responses included.
	maxHead = 1 << 20
	// maxInterim is how many interim responses (1xx) may come before the final one.
	maxInterim = 100
)

// Init has c, which is zero, take nc, which must have been passed through [WrapBelowTLS] below TLS for the
// peek to work there. owner may be nil.
func (c *Conn) Init(nc net.Conn, owner Owner) {
	c.nc, c.owner = nc, owner
	c.socket, c.secure = socketOf(nc)
	if c.socket == nil {
		c.unpeekable = newUnpeekable(nc)
	}
	c.prompt = promptWriter(nc)
}

// NetConn is the connection that Init was given.
func (c *Conn) NetConn() net.Conn { return c.nc }

// readNet reads from the connection, the cheap way if that is a socket. So it is below TLS.
func (c *Conn) readNet(p []byte) (int, error) {
	if c.socket != nil && !c.secure {
		return c.socket.Read(p)
	}
	return c.nc.Read(p)
}

// writeNet writes to the connection in the same way.
func (c *Conn) writeNet(p []byte) (int, error) {
	if c.socket != nil && !c.secure {
		return c.socket.Write(p)
	}
	return c.nc.Write(p)
}

// beginExchange starts an exchange and reports whether there was one before. A sockRead of
// zero leaves the silence unbounded until startReadTimer.
func (c *Conn) beginExchange(now time.Time, s *Settings, sockRead time.Duration) (reused bool) {
	c.writing.Store(writeNone)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connIdle {
		c.state = connActive
	}
	c.total, c.sockRead, c.silence = s.Total, sockRead, time.Time{}
	c.late, c.limited = false, false
	if sockRead > 0 {
		c.silence, c.rested = now.Add(sockRead), true
	}
	c.rx, c.tx = 0, 0
	c.writeErr, c.fileErr = nil, nil
	reused, c.used = c.used, true
	c.head.Reset(s.Limits)
	c.chunks = nil
	if s.Chunks {
		c.chunks = new(chunkends.Scanner)
	}
	c.armReadLocked(now)
	return reused
}

// endExchange ends it, and reports whether the conn can have another: the deadline of a drain
// may have struck after the response's end, and an abort may have begun.
func (c *Conn) endExchange() (usable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chunks = nil
	c.total, c.sockRead, c.silence = time.Time{}, 0, time.Time{}
	if c.state != connActive {
		return false
	}
	c.state = connIdle
	return c.readErr == nil && c.writeErr == nil && !c.aborted
}

// upgrade ends the exchange for good: the conn belongs to another protocol now, and its
// deadlines too.
func (c *Conn) upgrade() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connActive {
		c.state = connUpgraded
	}
	c.chunks = nil
	c.total, c.sockRead, c.silence = time.Time{}, 0, time.Time{}
	c.setAlarmLocked(time.Time{})
	if !c.writeEnds.IsZero() {
		c.writeEnds = time.Time{}
		c.nc.SetWriteDeadline(c.writeEnds) //nolint:errcheck // a closed conn is noticed by its next use
	}
}

// abortExchange closes the conn if an exchange is under way, which must then not leave it
// to another.
func (c *Conn) abortExchange() {
	c.mu.Lock()
	busy := c.state == connActive
	if busy {
		c.aborted = true
	}
	c.mu.Unlock()
	if busy {
		c.Close() // who waits on it learns why from the context
	}
}

// Close closes the connection, whatever is under way on it. It is idempotent: the error is
// that of the first call.
func (c *Conn) Close() (err error) {
	c.closing.Do(func() {
		c.mu.Lock()
		c.state = connClosed
		if u := c.unpeekable; u != nil && u.closer != nil {
			u.closer.Stop()
		}
		failed := c.writeErr != nil // no closing alert would get through either
		c.mu.Unlock()
		if failed {
			err = tlsclose.Abort(c.nc)
		} else {
			err = tlsclose.Close(c.nc)
		}
		if c.owner != nil {
			c.owner.Closed()
		}
	})
	return err
}

// Facts is what has happened on a conn during an exchange.
type Facts struct {
	Received, Sent int64 // bytes, head and framing included; a write counts when it returns
	Unsent         bool  // nothing was sent, nor is a write under way
	ReadErr        error // what ended the reading, or nil
	WriteErr       error // the socket's first error while writing, or nil
	FileErr        error // that of a file that was being sent from, or nil
	HeadDone       bool  // the final head has come whole
}

func (c *Conn) facts() Facts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Facts{
		Received: c.rx, Sent: c.tx, Unsent: c.tx == 0 && c.writing.Load() != writeBegun,
		ReadErr: c.readErr, WriteErr: c.writeErr, FileErr: c.fileErr, HeadDone: c.head.Done(),
	}
}
