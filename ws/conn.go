package ws

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Conn is a WebSocket (aiohttp: ClientWebSocketResponse). It is safe for
// concurrent use, except that there can be one receive at a time.
//
// A context that ends, or a receive that times out, ends that call and nothing
// else. The Conn has to be closed with [Conn.Close]; it holds its connection, and
// perhaps a goroutine, until then or until the peer is gone.
type Conn struct {
	opts  *Options
	codec *websocket.Conn
	wire  *wire
	resp  *http.Response

	protocol      string
	compression   *Compression // nil if none was agreed on
	local, remote net.Addr

	inflater *inflater // the reader's; nil without compression

	sending  sync.Mutex // held while the codec makes a message's frames
	deflater *deflater  // under sending; nil without compression

	receiving atomic.Bool
	wake      waker         // interrupts a receive that reads
	arrived   chan struct{} // wakes a receive that waits
	taken     chan struct{} // wakes the pump, which waits for room

	mu       sync.Mutex
	state    state
	queue    queue
	sentCode CloseCode     // what Close has sent; CloseAbnormal if it was CloseNow
	end      *CloseError   // why it ended; nil while it has not
	closed   chan struct{} // closed by Close: this side wants an end

	reading      bool        // somebody reads: a receive, or the pump
	waiting      bool        // a receive waits for the pump
	idleTimer    *time.Timer // starts the pump if nobody reads; nil before the first time
	idleTimerSet bool        // it runs
	reads        uint64      // how often reading was begun
	readsAtTimer uint64      // reads when it was started

	workers sync.WaitGroup // the pump, and those who flush
	done    chan struct{}  // closed when nothing is left
	onEnd   []func()       // under mu: called before done is closed
	torn    bool           // under mu: they have been taken

	// For the heartbeat.
	opened    time.Time
	lastRead  atomic.Int64 // when the last bytes came, since opened
	pumpWaits atomic.Bool  // the pump waits for room
	pingTimer *time.Timer  // under mu; nil when there is none

	writeGrace *time.Timer // under mu; after a failed write
}

type state uint8

const (
	stateOpen    state = iota
	stateClosing       // this side has called Close or CloseNow
	stateHalf          // the peer has closed, and NoAutoClose leaves the rest to the caller
	stateEnded
)

func newConn(opts *Options) *Conn {
	return &Conn{
		opts:    opts,
		arrived: make(chan struct{}, 1),
		taken:   make(chan struct{}, 1),
		closed:  make(chan struct{}),
		done:    make(chan struct{}),
		opened:  time.Now(),
	}
}

// start begins to read and to send pings, when the handshake has passed.
func (c *Conn) start(codec *websocket.Conn, resp *http.Response) {
	codec.SetReadLimit(-1) // the filter below it has the limit
	c.codec, c.resp = codec, resp
	c.wire.open = true
	if nc := c.wire.netConn(); nc != nil {
		c.local, c.remote = nc.LocalAddr(), nc.RemoteAddr()
	}
	if a := c.wire.agreed; a != nil {
		z := c.opts.Compress.applyAgreement(a)
		c.compression = z
		c.inflater = &inflater{takeover: !a.serverNoTakeover, limit: c.opts.MaxMessageSize}
		c.deflater = &deflater{level: z.Level, window: 1 << a.clientWindow, takeover: !z.NoContextTakeover}
	}
	c.lastRead.Store(int64(time.Since(c.opened)))
	c.startReading()
	c.startHeartbeat()
}

// Response is the handshake's response; its body is empty.
func (c *Conn) Response() *http.Response { return c.resp }

// Protocol is the subprotocol that the server has chosen, or "" (aiohttp:
// protocol).
func (c *Conn) Protocol() string { return c.protocol }

// Compression is what was agreed on, a copy, or nil if messages are not
// compressed. Its Window is the one that bounds what this side sends. (aiohttp:
// compress, client_notakeover)
func (c *Conn) Compression() *Compression {
	if c.compression == nil {
		return nil
	}
	z := *c.compression
	return &z
}

// LocalAddr is this side's address, or nil if the doer hides it (aiohttp:
// get_extra_info("sockname")).
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the address that was connected to, perhaps a proxy's, or nil if
// the doer hides it (aiohttp: get_extra_info("peername")).
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// TLS is the state of the TLS connection, or nil without TLS (aiohttp:
// get_extra_info("ssl_object")).
func (c *Conn) TLS() *tls.ConnectionState { return c.resp.TLS }

// Closed reports whether an end has begun: Close was called, the peer's Close
// frame has come, or the connection is lost (aiohttp: closed).
func (c *Conn) Closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != stateOpen
}

// CloseCode is the code of the end, and 0 before: the peer's; the one that this
// side sent because the peer broke the protocol (1002, 1007, 1009); or 1006 if
// the connection was lost (aiohttp: close_code). It is there as soon as the end
// is known, which may be before the last messages are received.
func (c *Conn) CloseCode() CloseCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		return 0
	}
	return c.end.Code
}

// CloseReason is the text of the peer's Close frame, or "".
func (c *Conn) CloseReason() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		return ""
	}
	return c.end.Reason
}

// Err is a *CloseError if the end was not an orderly one, and nil otherwise
// (aiohttp: exception()).
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil || c.end.Err == nil {
		return nil
	}
	return c.end
}

// OnEnd has f called once, when the connection is closed and nothing else of the Conn is
// left, whoever has ended it; before [Conn.Close] and [Conn.CloseNow] return. So a function
// that dials with a session of its own has it closed with the Conn:
//
//	c.OnEnd(func() { s.Close() })
//
// Several are called in the order of the calls of OnEnd. If the Conn has ended already, f
// is called by OnEnd. It must not call Close or CloseNow, which wait for it. That the
// peer is gone is noticed although nobody receives, unless messages wait for a receive.
func (c *Conn) OnEnd(f func()) {
	c.mu.Lock()
	torn := c.torn
	if !torn {
		c.onEnd = append(c.onEnd, f)
	}
	c.mu.Unlock()
	if torn {
		f()
	}
}

// recordEnd notes why the Conn ended; the first reason counts.
func (c *Conn) recordEnd(end *CloseError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recordEndLocked(end)
}

func (c *Conn) recordEndLocked(end *CloseError) {
	if c.end == nil {
		end.Local = c.state == stateClosing
		c.end = end
	}
	if c.state == stateOpen {
		c.state = stateEnded
	}
	signal(c.arrived)
	signal(c.taken)
}

// abort ends the Conn at once, without a Close frame.
func (c *Conn) abort(cause error) {
	c.recordEnd(&CloseError{Code: CloseAbnormal, Err: cause})
	c.wire.rwc.Close()
	c.ensureReader() // to meet the end
}

// writeFailed gives the pump a moment to find the peer's Close frame, or what
// else has happened, before the failed write becomes the reason.
func (c *Conn) writeFailed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil && c.writeGrace == nil {
		c.writeGrace = time.AfterFunc(linger, func() { c.abort(err) })
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
