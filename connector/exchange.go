package connector

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
)

// exchange is one request and its response: everything that a RoundTrip needs,
// in one piece of memory. It is also the response's body. What differs between the
// protocols is in h1 and stream.
type exchange struct {
	c    *Connector
	orig *http.Request
	key  key

	timeout  ClientTimeout
	settings h1.Settings
	retry    bool
	// What the settings ask for, and few do.
	trustEnv, notUntilEOF bool
	proxies               bool // there is one, or might have been
	forwarded             bool // that proxy passes requests on
	rewound               bool // the body is not the request's own any more

	timing   Timing
	record   *Recorder     // where the caller wants that; nil: nowhere
	chunkEnd *atomic.Int64 // the record's, or nil if the body has no chunks or nobody asks
	trace    *Trace

	gotten time.Time // when the conn was there
	head   time.Time // when the response's head was there

	ctx    context.Context //nolint:containedctx // the caller's, or the stream: what can end the exchange
	conn   *conn           // nil: there is none yet
	reused bool
	upload reqbody.Body
	h1     h1.Exchange
	stream *stream // of HTTP/2, or nil

	reading  sync.Mutex // held by Read; what follows is its own
	response *http.Response
	body     io.ReadCloser // net/http's
	expected int64
	received int64
	reads    int
	readErr  error // what ended the reading

	closed atomic.Bool // the body, by its reader
	done   atomic.Bool // the exchange: the slot is given back
}

func (x *exchange) roundTrip() (*http.Response, error) {
	settled := false
	defer func() {
		if !settled { // a hook has panicked, or ended the goroutine
			x.giveUp()
		}
	}()
	resp, err := x.attempts()
	settled = true
	return resp, err
}

// giveUp ends an exchange of which nobody will hear.
func (x *exchange) giveUp() {
	if x.conn != nil {
		x.finish(false)
	}
	x.upload.Close()
}

func (x *exchange) attempts() (*http.Response, error) {
	for attempt, fresh := 1, false; ; attempt++ {
		x.timing.Retried = attempt > 1
		if err := x.connect(fresh); err != nil {
			x.upload.Close()
			return nil, err
		}
		resp, err := x.send()
		if err == nil {
			err = x.checkHead(resp)
		}
		if err == nil {
			return x.respond(resp), nil
		}
		refused := x.conn.mux && refusedStream(err)
		again := x.replayable(refused, attempt, err)
		fresh = !refused
		err = x.headError(err)
		x.finish(false)
		if !again || !x.upload.Rewind(x.orig) {
			x.upload.Close()
			return nil, err
		}
		x.rewound = true
		x.conn = nil
		x.done.Store(false)
		x.c.pool.countRetry()
		call(x.trace.Retried)
	}
}

// endless reports whether a body would go on until the server closes, and the
// caller does not want that.
func (x *exchange) endless(resp *http.Response) bool {
	return x.notUntilEOF && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !x.conn.mux
}

// respond makes net/http's response the caller's.
func (x *exchange) respond(resp *http.Response) *http.Response {
	x.head = time.Now()
	resp.Request = x.orig
	resp.TLS = x.conn.info.TLS
	x.answered(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols && !x.conn.mux {
		u := &upgraded{Upgraded: x.h1.Upgrade(), conn: x.conn} // holds the slot
		if x.c.config.OnLeak != nil {
			u.watch(x.newLeak())
		}
		resp.Body = u
		return resp
	}
	if x.conn.mux && bodyless(resp, x.orig.Method) {
		resp.Body.Close() // there is none, though net/http may miss it
		resp.Body = http.NoBody
	}
	if resp.Body == http.NoBody {
		x.finish(true)
		x.h1.ReleaseReader()
		return resp
	}
	if x.stream != nil {
		x.stream.answered()
	} else {
		x.h1.StartReadTimer()
	}
	x.response = resp
	x.body, x.expected = resp.Body, resp.ContentLength
	if x.endless(resp) {
		x.finish(false)
		x.h1.ReleaseReader()
		resp.Body = http.NoBody
		return resp
	}
	if x.c.config.OnLeak != nil {
		return x.watch(resp, x.newLeak())
	}
	resp.Body = x
	if x.stream != nil {
		x.stream.deliver(x)
	}
	return resp
}

// finish ends the exchange: the connection goes back to the pool if the
// response was read to its end and both sides keep it, and is closed otherwise.
func (x *exchange) finish(complete bool) {
	if !x.done.CompareAndSwap(false, true) {
		return
	}
	x.leave(complete)
}

func (x *exchange) leave(complete bool) {
	c := x.conn
	keep := !x.c.forceClose
	if c.mux {
		keep = keep && !closes(x.orig)
	} else {
		keep = x.h1.End(complete) && keep
	}
	now := time.Now()
	x.settleTiming(now)
	if x.stream != nil {
		// What is still being sent goes on using the context.
		x.stream.end(x.c, complete && !x.upload.Present())
	}
	if keep && c.h1 != nil {
		c.h1.Park()
	}
	if !x.c.pool.release(c, keep, now) {
		c.shut()
	}
}
