package connector

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
)

// Recorder takes note of how a request fared. It is given to [Settings] and read
// when the response is there, and again when its body was read to its end or
// closed. If several requests share one, because a middleware sends a request
// more than once, the last that delivered a response counts. The zero Recorder is
// ready, and safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	timing Timing
	conn   *ConnInfo // the connection's own, or nil
	proto  string
	raw    []RawHeader
	chunk  *atomic.Int64 // see ChunkEnd; nil: nobody asks
	live   *h1.Exchange  // counts the bytes until the exchange is over; nil: then
}

// Timing returns where the time has gone so far. While the exchange goes on, Received and
// Sent are those of now: a request's body may still be under way when the head of the
// response is there.
func (r *Recorder) Timing() Timing {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.timing
	if r.live != nil {
		f := r.live.Facts()
		t.Received, t.Sent = f.Received, f.Sent
	}
	return t
}

// Conn returns what is known of the connection.
func (r *Recorder) Conn() ConnInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn == nil {
		return ConnInfo{}
	}
	info := *r.conn
	info.Proto, info.Reused, info.RawHeaders = r.proto, r.timing.Reused, r.raw
	return info
}

// ConnInfo tells of the connection that served a request. (aiohttp: Connection)
type ConnInfo struct {
	// Local and Remote are the ends of the connection, of the one to the proxy
	// if there is one.
	Local, Remote net.Addr
	// TLS is the state of TLS with the server, or nil.
	TLS *tls.ConnectionState
	// Proto is "HTTP/1.1" or "HTTP/2.0".
	Proto string
	// Reused says that the connection had served another request before.
	Reused bool
	// Created is when the connection was made.
	Created time.Time
	// RawHeaders are the fields of the response's head as they came: in their
	// order, with their case. Only [HeadLimits].Keep keeps them; of HTTP/2 there
	// are none, because its names have no case and net/http no order.
	// (aiohttp: raw_headers)
	RawHeaders []RawHeader
}

// RawHeader is a header field as it came.
type RawHeader struct {
	Name  []byte `print:"text"`
	Value []byte
}

// noteHead computes the times that are known once the head is there, and records them.
func (x *exchange) noteHead(resp *http.Response) {
	t := &x.timing
	sent := x.gotConnAt
	if x.h2 == nil {
		if wrote := x.h1.Wrote(); wrote.After(sent) {
			sent = wrote
		}
	}
	t.Request = sent.Sub(x.gotConnAt)
	t.FirstByte = x.gotHeadAt.Sub(sent)
	if x.settings.Chunks && x.isChunked(resp) {
		x.chunkEnd = new(atomic.Int64)
	}
	if x.record != nil {
		x.recordHead(resp)
	}
}

func (x *exchange) recordHead(resp *http.Response) {
	r, c := x.record, x.conn
	var raw []RawHeader
	if x.settings.Limits.Keep && x.h2 == nil {
		for _, f := range x.h1.RawHead() {
			raw = append(raw, RawHeader(f))
		}
	}
	r.mu.Lock()
	r.timing, r.conn, r.proto, r.raw = x.timing, c.info, resp.Proto, raw
	r.chunk = x.chunkEnd
	if x.h2 == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		r.live = &x.h1
	}
	r.mu.Unlock()
}

// recordEnd records the totals when the exchange is over.
func (x *exchange) recordEnd(now time.Time) {
	r := x.record
	if r == nil || x.gotHeadAt.IsZero() {
		return
	}
	t := &x.timing
	if x.h2 == nil {
		f := x.h1.Facts()
		t.Received, t.Sent = f.Received, f.Sent
	}
	t.Total = now.Sub(t.Start)
	t.Body = now.Sub(x.gotHeadAt)
	r.mu.Lock()
	r.timing = *t
	if r.live == &x.h1 {
		r.live = nil // the connection counts for others from now on
	}
	r.mu.Unlock()
}
