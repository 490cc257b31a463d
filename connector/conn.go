package connector

import (
	"bytes"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/chunkends"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// conn is a connection as net/http sees it: a net.Conn (above TLS) that knows
// whether an exchange is under way. It holds the deadlines of that exchange,
// looks at the head of its response, counts its bytes and tells the pool when it
// is closed.
//
// With HTTP/2 it only counts and closes: frames come at any time, and deadlines
// are those of the streams.
type conn struct {
	net.Conn
	pool    *pool
	host    *host
	cc      *http.ClientConn
	info    *ConnInfo // what does not change: shared by all who ask
	created time.Time
	remote  string
	mux     bool // HTTP/2

	// Of the pool, under its lock.
	held, dead bool
	idleSince  time.Time
	streams    streams
	lagTimer   *time.Timer // made on demand

	lags    atomic.Bool // that is, net/http has no stream although the pool has
	watch   sync.Once
	closing sync.Once
	closeOf error
	ending  sync.Once
	abort   func() // made on demand, by who holds the conn

	mu       sync.Mutex
	state    connState
	total    time.Time     // when the exchange must be over, or zero
	sockRead time.Duration // the longest silence, or zero
	silence  time.Time     // when the present one becomes too long, or zero
	alarm    time.Time     // the socket's read deadline
	rx, tx   int64         // bytes of this exchange
	wrote    time.Time     // when the last write ended
	readErr  error         // what ended the reading, a deadline included
	head     rawhead.Scanner
	chunks   *chunkends.Scanner // of the body; nil: nobody asks
	refused  bool               // the head is bad, and nothing more is read
	http10   atomic.Bool        // what is written next is the request line of HTTP/1.0
	uses     int
	closed   chan struct{} // closed with the conn, made on demand
	isClosed bool
}

type connState uint8

const (
	connIdle connState = iota
	connActive
	connUpgraded
)

// The deadlines that a conn's Read reports. Both satisfy net.Error and are
// turned into the error of the tree by the exchange, which knows its phase.
var (
	errTotalDeadline error = &deadlineError{"total timeout"}
	errReadDeadline  error = &deadlineError{"socket read timeout"}

	errTooManyInterim error = &rawhead.Error{Reason: "too many interim responses", Limit: maxInterim}

	errUnsolicited        = stderrors.New("unsolicited data on an idle connection")
	errClosedWhileDialing = stderrors.New("connection closed while it was being made")
)

type deadlineError struct{ text string }

func (e *deadlineError) Error() string        { return e.text }
func (e *deadlineError) Timeout() bool        { return true }
func (e *deadlineError) Temporary() bool      { return true }
func (e *deadlineError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// begin starts an exchange. A sockRead of zero leaves the silence unbounded
// until [conn.boundSilence].
func (c *conn) begin(now, total time.Time, sockRead time.Duration, head rawhead.Limits) (reused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = connActive
	c.total, c.sockRead, c.silence = total, sockRead, time.Time{}
	if sockRead > 0 {
		c.silence = now.Add(sockRead)
	}
	c.rx, c.tx = 0, 0
	c.wrote = now
	c.uses++
	if !c.mux {
		c.head.Reset(head)
		c.alarmLocked(now)
	}
	return c.uses > 1
}

// boundSilence starts sock_read once the request is on its way.
func (c *conn) boundSilence(sockRead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connActive && c.sockRead == 0 && !c.mux {
		now := time.Now()
		c.sockRead, c.silence = sockRead, now.Add(sockRead)
		c.alarmLocked(now)
	}
}

// freeSilence takes boundSilence back.
func (c *conn) freeSilence() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockRead, c.silence = 0, time.Time{}
}

// hurry bounds what is left of the exchange to d from now.
func (c *conn) hurry(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connActive && !c.mux {
		now := time.Now()
		c.sockRead, c.silence = 0, now.Add(d)
		c.alarmLocked(now)
	}
}

// aborter returns what closes the conn if it is busy. An exchange during which it
// was called must not leave the conn to another.
func (c *conn) aborter() func() {
	if c.abort == nil {
		c.abort = func() {
			c.mu.Lock()
			busy := c.state == connActive
			if busy && c.readErr == nil {
				c.readErr = net.ErrClosed
			}
			c.mu.Unlock()
			if busy {
				c.shut()
			}
		}
	}
	return c.abort
}

// end ends the exchange, and reports whether the conn can have another: net/http
// reads on after a response's end, and the deadline of a drain may strike there. It
// must come before the pool may lend the conn again.
func (c *conn) end() (usable bool) {
	c.leave(connIdle)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readErr == nil
}

// upgrade ends the exchange for good: the conn belongs to another protocol now.
// The deadlines are its own, too.
func (c *conn) upgrade() {
	c.leave(connUpgraded)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setAlarmLocked(time.Time{})
}

func (c *conn) leave(next connState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state, c.chunks = next, nil
	c.total, c.sockRead, c.silence = time.Time{}, 0, time.Time{}
}

// deadlineLocked is when the exchange has to fail, or zero.
func (c *conn) deadlineLocked() time.Time {
	if c.total.IsZero() || !c.silence.IsZero() && c.silence.Before(c.total) {
		return c.silence
	}
	return c.total
}

// alarmLocked sees to it that a blocked read wakes by the deadline. The
// deadline of the socket is only an alarm clock: if it rings too early, Read
// looks at the clock and goes on. So it is left alone as long as it does not
// ring too late, and a busy connection sets it once in a long while instead of
// twice per request; on an idle one it rings at most once more.
func (c *conn) alarmLocked(now time.Time) {
	want := c.deadlineLocked()
	if want.IsZero() || c.alarm.After(now) && !c.alarm.After(want) {
		return
	}
	c.setAlarmLocked(want)
}

func (c *conn) setAlarmLocked(t time.Time) {
	c.alarm = t
	c.Conn.SetReadDeadline(t) //nolint:errcheck // a closed conn is noticed by the next read
}

// Read reads, within the deadlines of the exchange if one is under way.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.listen(); err != nil {
		return 0, err
	}
	for {
		n, err := c.Conn.Read(p)
		if n, err, again := c.heard(p, n, err); !again {
			return n, err
		}
	}
}

// listen starts a new silence: a caller that was slow to read has not waited
// for the peer. It gives the error of a head that was refused: net/http overlooks
// one that comes in the middle of a line, and reads on.
func (c *conn) listen() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused {
		return c.readErr
	}
	if c.state == connActive && c.sockRead > 0 {
		now := time.Now()
		c.silence = now.Add(c.sockRead)
		c.alarmLocked(now)
	}
	return nil
}

// heard judges what a read of p has given, and says whether it was a false alarm.
func (c *conn) heard(p []byte, n int, err error) (int, error, bool) { // the results of Read, and one more
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == connIdle && n > 0 {
		// A peer that speaks unasked would have its words taken for the next
		// response (RFC 9112 9.2); net/http would also log them.
		n, err = 0, errUnsolicited
	}
	c.rx += int64(n)
	if c.state == connActive {
		var bad error
		if c.chunks == nil {
			bad = c.head.Feed(p[:n])
		} else {
			bad = c.feedChunksLocked(p[:n])
		}
		if bad == nil && c.head.Interim() > maxInterim {
			bad = errTooManyInterim
		}
		if bad != nil {
			c.readErr, c.refused = bad, true
			return 0, bad, false
		}
	}
	if err == nil {
		return n, nil, false
	}
	if n == 0 && c.state != connUpgraded && stderrors.Is(err, os.ErrDeadlineExceeded) {
		deadline, now := c.deadlineLocked(), time.Now()
		if deadline.IsZero() || now.Before(deadline) {
			c.setAlarmLocked(deadline)
			return 0, nil, true
		}
		err = errReadDeadline
		if !c.total.IsZero() && !now.Before(c.total) {
			err = errTotalDeadline
		}
	}
	c.readErr = err
	return n, err, false
}

// Write writes and counts.
func (c *conn) Write(p []byte) (int, error) {
	if c.http10.Load() {
		var done bool
		if p, done = asHTTP10(p); done {
			c.http10.Store(false)
		}
	}
	n, err := c.Conn.Write(p)
	c.count(int64(n))
	return n, err
}

// asHTTP10 turns the version in the request line, which ends it, into that of
// HTTP/1.0, which net/http cannot write. A long line comes in several writes; done
// says that this one had the digit.
func asHTTP10(p []byte) (_ []byte, done bool) {
	at := bytes.IndexByte(p, '\n') - len("1\r")
	if at < 0 {
		at = len(bytes.TrimSuffix(p, []byte("\r"))) - 1
		if !bytes.HasSuffix(p[:at+1], []byte(" HTTP/1.1")) {
			return p, false
		}
	}
	p = bytes.Clone(p)
	p[at] = '0'
	return p, true
}

func (c *conn) count(n int64) {
	now := time.Now()
	c.mu.Lock()
	c.tx += n
	c.wrote = now
	c.mu.Unlock()
}

// sendSlice is how much ReadFrom hands to the kernel between two counts.
const sendSlice = 4 << 20

// ReadFrom lets net/http send a file without copying it through user space:
// the TCP connection below recognises *os.File behind an *io.LimitedReader.
func (c *conn) ReadFrom(r io.Reader) (total int64, err error) {
	rf, ok := c.Conn.(io.ReaderFrom)
	if !ok {
		return c.copyFrom(r)
	}
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		n, err := rf.ReadFrom(r)
		c.count(n)
		return n, err
	}
	for limited.N > 0 {
		part := io.LimitedReader{R: limited.R, N: min(limited.N, sendSlice)}
		n, err := rf.ReadFrom(&part)
		limited.N -= n
		total += n
		c.count(n)
		if err != nil || part.N > 0 {
			return total, err
		}
	}
	return total, nil
}

func (c *conn) copyFrom(r io.Reader) (int64, error) {
	buf := getBuffer()
	defer putBuffer(buf)
	return io.CopyBuffer(struct{ io.Writer }{c}, struct{ io.Reader }{r}, *buf)
}

// farewell is how long the end of TLS may take.
const farewell = 250 * time.Millisecond

// Close closes the connection and gives its slot back. net/http calls it too,
// with its locks held.
func (c *conn) Close() error {
	c.closing.Do(func() {
		if below, ok := c.Conn.(interface{ NetConn() net.Conn }); ok && c.mux {
			// TLS says farewell, for which a peer that reads nothing has no ear.
			defer time.AfterFunc(farewell, func() { below.NetConn().Close() }).Stop() // as Close
		}
		c.closeOf = c.Conn.Close()
		c.ended()
	})
	return c.closeOf
}

// ended notes that the connection is closed, by whomever.
func (c *conn) ended() {
	c.ending.Do(func() {
		c.mu.Lock()
		c.isClosed = true
		if c.closed != nil {
			close(c.closed)
		}
		c.mu.Unlock()
		c.pool.gone(c)
	})
}

// done returns a channel that is closed with the conn.
func (c *conn) done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil {
		c.closed = make(chan struct{})
		if c.isClosed {
			close(c.closed)
		}
	}
	return c.closed
}

// shut ends the connection and net/http's use of it.
func (c *conn) shut() {
	if c.cc != nil {
		c.cc.Close() // nothing is pending on it
	}
	c.Close() // as above; cc leaves an upgraded conn open
}

// account is what happened on the conn in the current exchange.
type account struct {
	rx, tx  int64
	wrote   time.Time
	readErr error
}

func (c *conn) account() account {
	c.mu.Lock()
	defer c.mu.Unlock()
	return account{c.rx, c.tx, c.wrote, c.readErr}
}

// rawHead is the head of the present response as it came, if it was kept.
func (c *conn) rawHead() []rawhead.Field {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.head.Fields()
}
