package connector

import (
	"crypto/tls"
	"net"
	"net/http"
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
	last     atomic.Pointer[exchange] // whose response was delivered last; nil: none was
	attempts atomic.Int64
}

// Reset forgets what was noted, so that the next request may be one that never comes to
// the connector: a cache answers it.
func (r *Recorder) Reset() { r.last.Store(nil) }

// CopyFrom notes what other has noted, and goes on with it: a middleware that puts an
// Observer of its own into the request's [Settings] passes it on to the one that was
// there, once the request is answered or has failed. If other has noted nothing, nothing
// changes, and a nil Recorder takes no note.
func (r *Recorder) CopyFrom(other *Recorder) {
	if x := other.last.Load(); x != nil && r != nil {
		r.last.Store(x)
	}
}

// CountAttempt counts how often it was called and returns that, from 1. A middleware that
// stands below all others numbers the sendings of one call with it: whatever sends again,
// the Recorder in the request's [Settings] is the call's.
func (r *Recorder) CountAttempt() int { return int(r.attempts.Add(1)) }

// Timing returns where the time has gone so far. While the exchange goes on, Received and
// Sent are those of now: a request's body may still be under way when the head of the
// response is there. Of a request that failed before, which only an Observer hears of, it
// has the way to the connection and Total.
func (r *Recorder) Timing() Timing {
	if x := r.last.Load(); x != nil {
		return x.timing()
	}
	return Timing{}
}

// Conn returns what is known of the connection.
func (r *Recorder) Conn() ConnInfo {
	x := r.last.Load()
	if x == nil {
		return ConnInfo{}
	}
	if x.conn == nil { // it has failed without one
		return ConnInfo{}
	}
	c := x.conn
	info := ConnInfo{Local: c.local, Remote: c.remote, TLS: c.tls, Reused: x.reused, Created: c.created}
	if x.failed {
		return info
	}
	info.Proto = x.response.Proto
	if x.rare != nil {
		info.RawHeaders = x.rare.rawHead
	}
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

// exchangeTimes are the instants of an exchange, as time after its start, and what it has
// moved. A Recorder reads them: what the head makes known does not change after
// recordHead, and the rest not after recordEnd.
type exchangeTimes struct {
	start    time.Time
	queue    time.Duration // how long it waited for a slot
	gotConn  time.Duration
	sent     time.Duration // the last byte of the request that left before the head
	gotHead  time.Duration
	ended    time.Duration
	received int64 // bytes
	sentLen  int64
}

// rareFacts are of few exchanges: those that dial, keep the raw head, watch chunks, are
// observed, or have credentials of the netrc file.
type rareFacts struct {
	authorization string // what the netrc file adds; "": nothing
	dialed        dialTimes
	rawHead       []RawHeader
	chunkEnd      *atomic.Int64 // nil: the body has no chunks, or nobody asks
	observer      *Recorder     // where a middleware asks; nil: nowhere
}

type dialTimes struct {
	dns, connect, tls time.Duration
	cachedDNS         bool
}

// ensureRare is x.rare, to be changed.
func (x *exchange) ensureRare() *rareFacts {
	if x.rare == nil {
		x.rare = new(rareFacts)
	}
	return x.rare
}

// observer is where a middleware asks how the exchange fares, or nil.
func (x *exchange) observer() *Recorder {
	if x.rare == nil {
		return nil
	}
	return x.rare.observer
}

// notesChunks reports whether the ends of the body's chunks are noted.
func (x *exchange) notesChunks() bool { return x.rare != nil && x.rare.chunkEnd != nil }

// recordHead notes what is known once the response's head is there, and makes the exchange
// its Recorder's last.
func (x *exchange) recordHead(resp *http.Response) {
	t := &x.times
	now := time.Now()
	t.gotHead, t.sent, x.gotHead = now.Sub(t.start), t.gotConn, true
	if x.h2 == nil {
		if wrote := x.h1.Wrote(); !wrote.IsZero() {
			t.sent = max(t.sent, wrote.Sub(t.start))
		}
		if x.settings.Limits.Keep {
			head := x.ensureRare()
			for _, f := range x.h1.RawHead() {
				head.rawHead = append(head.rawHead, RawHeader(f))
			}
		}
	}
	if x.settings.Chunks && x.isChunked(resp) {
		x.ensureRare().chunkEnd = new(atomic.Int64)
	}
	if x.record != nil {
		x.record.last.Store(x)
	}
	if o := x.observer(); o != nil {
		o.last.Store(x)
	}
}

// recordFailure tells the Observer of an exchange that has no response.
func (x *exchange) recordFailure() {
	x.failed, x.times.ended = true, time.Since(x.times.start)
	x.observer().last.Store(x)
}

// recordEnd notes the totals when the exchange is over.
func (x *exchange) recordEnd(now time.Time) {
	if x.record == nil && x.observer() == nil || !x.gotHead {
		return
	}
	t := &x.times
	if x.h2 == nil {
		f := x.h1.Facts()
		t.received, t.sentLen = f.Received, f.Sent
	}
	t.ended = now.Sub(t.start)
	x.recorded.Store(true)
}

// timing is what a Recorder tells of the exchange.
func (x *exchange) timing() Timing {
	t := &x.times
	all := Timing{Start: t.start, Queue: t.queue, Reused: x.reused, Retried: x.retried}
	if !x.failed {
		all.Request, all.FirstByte = t.sent-t.gotConn, t.gotHead-t.sent
		all.Remote = x.conn.remoteText()
	}
	if x.rare != nil {
		d := &x.rare.dialed
		all.DNS, all.Connect, all.TLS, all.CachedDNS = d.dns, d.connect, d.tls, d.cachedDNS
	}
	if x.failed {
		all.Total = t.ended
		return all
	}
	var now h1.Facts
	if x.h2 == nil && x.response.StatusCode != http.StatusSwitchingProtocols {
		now = x.h1.Facts()
	}
	if !x.recorded.Load() { // now is ours: the connection was not given back before this
		all.Received, all.Sent = now.Received, now.Sent
		return all
	}
	all.Body, all.Total = t.ended-t.gotHead, t.ended
	all.Received, all.Sent = t.received, t.sentLen
	return all
}
