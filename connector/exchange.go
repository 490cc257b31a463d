package connector

import (
	"context"
	stderrors "errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/h2"
	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// exchange is one request and its response: everything that a RoundTrip needs,
// in one piece of memory. It is also the response's body. What differs between the
// protocols is in h1 and h2.
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
	rewound               bool // the body is not the request's own any more
	closes                bool // it is the last on a connection of HTTP/2
	seen                  noticed

	timing   Timing
	record   *Recorder     // where the caller wants that; nil: nowhere
	chunkEnd *atomic.Int64 // the record's, or nil if the body has no chunks or nobody asks
	trace    *Trace

	gotten time.Time // when the conn was there
	head   time.Time // when the response's head was there

	ctx         context.Context         //nolint:containedctx // the caller's: what can end the exchange
	canceler    context.CancelCauseFunc // ends ctx, if Request.Cancel can; else nil
	clientTrace *httptrace.ClientTrace
	ticket      pool.Ticket
	host        *pool.Host // where it may dial, or nil: see acquire.go
	conn        *conn      // nil: there is none yet
	begun       bool       // on conn
	resting     bool       // without a slot, though the pool counts on it
	reused      bool
	upload      reqbody.Body
	h1          h1.Exchange
	h2          *h2.Exchange // nil: HTTP/1

	reading  sync.Mutex // held by Read; what follows is its own
	response *http.Response
	body     io.ReadCloser // net/http's
	expected int64
	received int64
	reads    int
	readErr  error // what ended the reading

	unread bool        // the response's body is in its caller's hands
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
	if err != nil {
		x.endCancel()
	}
	return resp, err
}

// giveUp ends an exchange of which nobody will hear.
func (x *exchange) giveUp() {
	switch p := x.c.pool; {
	case x.begun:
		x.finish(false)
		x.releaseReader()
	case x.conn != nil:
		now := time.Now()
		if x.conn.h1 != nil {
			x.conn.idleSince = now
			x.conn.h1.Park()
		}
		if !p.Release(x.conn, true, now) {
			x.conn.Close()
		}
	case x.host != nil:
		p.Forfeit(x.host, false)
	}
	x.endRest()
	x.upload.Close()
	x.endCancel()
}

// watchCancel has the deprecated Request.Cancel end the context. http.Client sets it for a
// Timeout on a RoundTripper that is not net/http's own.
func (x *exchange) watchCancel() {
	ctx, cancel := context.WithCancelCause(x.ctx)
	x.ctx, x.canceler = ctx, cancel
	go func() {
		select {
		case <-x.orig.Cancel: //nolint:staticcheck // as above
			cancel(errRequestCanceled)
		case <-ctx.Done():
		}
	}()
}

var (
	errRequestCanceled = stderrors.New("Request.Cancel was closed")
	errExchangeOver    = stderrors.New("the exchange is over")
)

// endCancel ends that watch, and with it the context.
func (x *exchange) endCancel() {
	if x.canceler != nil {
		x.canceler(errExchangeOver)
	}
}

// contextError is why the caller has ended the exchange, or nil.
func (x *exchange) contextError() error {
	ctx := x.ctx
	if x.canceler != nil && context.Cause(ctx) == errExchangeOver {
		ctx = x.orig.Context()
	}
	return httprule.ContextError(ctx)
}

func (x *exchange) attempts() (*http.Response, error) {
	for attempt, fresh := 1, false; ; attempt++ {
		x.timing.Retried = attempt > 1
		err := x.connect(fresh)
		x.endRest()
		if err != nil {
			x.upload.Close()
			return nil, err
		}
		resp, err := x.send()
		if err == h1.ErrDied && x.ctx.Err() == nil && x.upload.Rewind(x.orig) { // else it was we who closed
			attempt--
			x.leaveForAnother(fresh)
			continue
		}
		if err == nil {
			err = x.checkHead(resp)
		}
		if err == nil {
			return x.respond(resp), nil
		}
		refused := x.h2 != nil && h2.IsRefused(err)
		again := x.replayable(refused, attempt, err)
		fresh = !refused
		err = x.headError(err)
		if again = again && x.upload.Rewind(x.orig); !again {
			x.finish(false)
			x.releaseReader()
			x.upload.Close()
			return nil, err
		}
		x.leaveForAnother(true)
		if refused {
			if err = x.awaitRefusal(attempt, err); err != nil {
				x.endRest()
				x.upload.Close()
				return nil, err
			}
		}
		x.c.pool.CountRetry()
		call(x.trace.Retried)
	}
}

// endRest is the end of a rest in the pool's books: the exchange has a slot again, or none will
// be needed.
func (x *exchange) endRest() {
	if x.resting {
		x.resting = false
		x.c.pool.EndRest()
	}
}

// leaveForAnother ends an attempt after which there will be another. The slot of a dead
// connection of HTTP/1 is kept for it, and with fresh it will dial.
func (x *exchange) leaveForAnother(fresh bool) {
	c := x.conn
	if x.h2 != nil {
		x.resting = true
		x.c.pool.Rest()
		x.leave(false)
	} else {
		x.h1.End(false)
		x.releaseReader()
	}
	x.conn, x.begun, x.rewound = nil, false, true
	if x.h2 == nil {
		x.replace(c, time.Now(), fresh)
	}
	x.h2 = nil
}

// endless reports whether a body would go on until the server closes, and the
// caller does not want that.
func (x *exchange) endless(resp *http.Response) bool {
	return x.notUntilEOF && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && x.h2 == nil
}

// respond makes net/http's response the caller's.
func (x *exchange) respond(resp *http.Response) *http.Response {
	x.head = time.Now()
	resp.Request = x.orig
	resp.TLS = x.conn.info.TLS
	x.answered(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols && x.h2 == nil {
		u := &upgraded{Upgraded: x.h1.Upgrade(), conn: x.conn} // holds the slot
		if x.c.config.OnLeak != nil {
			u.watch(x.newLeak())
		}
		resp.Body = u
		x.endCancel()
		return resp
	}
	if x.h2 != nil && bodyless(resp, x.orig.Method) {
		if resp.Body != http.NoBody {
			x.h2.CloseUnread(resp.Body) // there is none, though net/http may miss it
		}
		resp.Body = http.NoBody
	}
	if resp.Body == http.NoBody {
		x.finish(true)
		x.releaseReader()
		return resp
	}
	if x.h2 == nil {
		x.h1.StartReadTimer()
	}
	x.response = resp
	x.body, x.expected = resp.Body, resp.ContentLength
	if x.endless(resp) {
		x.finish(false)
		x.releaseReader()
		resp.Body = http.NoBody
		return resp
	}
	x.unread = true
	x.c.unread.Add(1)
	if x.c.config.OnLeak != nil {
		return x.watch(resp, x.newLeak())
	}
	resp.Body = x
	if x.h2 != nil {
		x.h2.Watch((*h2Watcher)(x))
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
	x.endCancel()
}

func (x *exchange) leave(complete bool) {
	c := x.conn
	keep := !x.c.forceClose
	if x.h2 != nil {
		keep = keep && !x.closes
	} else {
		keep = x.h1.End(complete) && keep
	}
	if x.unread {
		x.c.unread.Add(-1)
	}
	now := time.Now()
	x.noteEnd(now)
	if x.h2 != nil {
		c.ended.Store(int64(now.Sub(c.info.Created)))
		x.h2.End(complete)
	} else if keep {
		c.idleSince = now
		c.h1.Park()
	}
	if !x.c.pool.Release(c, keep, now) {
		c.Close()
		keep = false
	}
	if t := x.clientTrace; t != nil && t.PutIdleConn != nil && keep && x.h2 == nil {
		t.PutIdleConn(nil)
	}
}
