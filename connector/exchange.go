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

// The life of an exchange:
//
//	prepareRequest ──► acquireConn ──► sendRequest ──► wrapResponse ──► the caller reads
//	     │ error        ▲    │ error        │ error         │ no body        │ io.EOF, error,
//	     ▼              │    ▼              ▼               ▼                ▼ Close
//	nothing is held     │  no slot     shouldRetry     finish(true)    finish(complete)
//	                    │              │ yes    │ no
//	                    │ releaseForRetry       └─► finish(false)
//	                    └──────────────┘
//
// finish gives the connection and its slot back. It does so once, and these may call it, at
// the same time too:
//
//	caller        complete                      when, and on which goroutine
//	wrapResponse  true, or false if the body    RoundTrip's: there is no body to read
//	              is not wanted
//	runAttempts   false                         RoundTrip's: the last attempt has failed
//	giveUp        false                         RoundTrip's: a hook has panicked
//	Read          true at io.EOF, else false    the reader's, which holds x.reading
//	Close         what drainBody says; false    any: it does not wait for a Read
//	              while a Read is under way
//	h2Watcher     false                         any: the stream's context has ended
//	closeDropped  false                         the runtime's: nobody holds the body any more
//
// releaseReader follows where no Read can be under way: everywhere but in h2Watcher, and in a
// Close beside a Read, after which it is Read's. The end of the context closes a connection of
// HTTP/1, which frees its slot (pool.Forget); finish then finds it gone. A connection that was
// upgraded has no finish: its slot is free when it is closed.

// exchange is one request and its response: everything that a RoundTrip needs,
// in one piece of memory. It is also the response's body. What differs between the
// protocols is in h1 and h2.
type exchange struct {
	c       *Connector
	request *http.Request
	key     key

	timeout  ClientTimeout
	settings h1.Settings
	fields   fieldFacts
	retry    bool
	// What the settings ask for, and few do.
	trustEnv, notUntilEOF bool
	proxies               bool // there is one, or might have been
	rewound               bool // the body is not the request's own any more
	closes                bool // it is the last on a connection of HTTP/2

	retried      bool // a connection before the present one was stale, or refused it
	begun        bool // on conn
	inRetryPause bool // without a slot, between two attempts: see pool.BeginRetryPause
	reused       bool
	gotHead      bool
	failed       bool        // without a response, as the observer was told
	recorded     atomic.Bool // what is known at the end

	times  exchangeTimes
	rare   *rareFacts // what few exchanges have; nil: none of it
	record *Recorder  // where the caller asks; nil: nowhere
	trace  *Trace

	ctx         context.Context         //nolint:containedctx // the caller's: what can end the exchange
	canceler    context.CancelCauseFunc // ends ctx, if Request.Cancel can; else nil
	clientTrace *httptrace.ClientTrace
	ticket      pool.Ticket
	host        *pool.Host // where it may dial, or nil: see acquire.go
	conn        *conn      // nil: there is none yet
	upload      reqbody.Body
	h1          h1.Exchange
	h2          *h2.Exchange // nil: HTTP/1

	reading  sync.Mutex // held by Read; what follows is its own
	response *http.Response
	body     io.ReadCloser // net/http's
	expected int64
	received int64
	readErr  error // what ended the reading

	begunReading bool
	unread       bool        // the response's body is in its caller's hands
	closed       atomic.Bool // the body, by its reader
	done         atomic.Bool // the exchange: the slot is given back
}

func (x *exchange) roundTrip() (*http.Response, error) {
	settled := false
	defer func() {
		if !settled { // a hook has panicked, or ended the goroutine
			x.giveUp()
		}
	}()
	resp, err := x.runAttempts()
	settled = true
	if err != nil {
		if x.observer() != nil {
			x.recordFailure()
		}
		x.stopCancelWatch()
	}
	return resp, err
}

// giveUp ends an exchange whose RoundTrip does not return, with whatever it holds.
func (x *exchange) giveUp() {
	switch p := x.c.pool; {
	case x.begun:
		x.finish(false)
		x.releaseReader()
	case x.conn != nil:
		now := time.Now()
		if x.conn.h1 != nil {
			x.conn.noteEnd(now)
			x.conn.h1.Park()
		}
		if !p.Release(x.conn, true, now) {
			x.conn.Close()
		}
	case x.host != nil:
		p.Forfeit(x.host, false)
	}
	x.endRetryPause()
	x.upload.Close()
	x.stopCancelWatch()
}

// watchCancel has the deprecated Request.Cancel end the context. http.Client sets it for a
// Timeout on a RoundTripper that is not net/http's own.
func (x *exchange) watchCancel() {
	ctx, cancel := context.WithCancelCause(x.ctx)
	x.ctx, x.canceler = ctx, cancel
	go func() {
		select {
		case <-x.request.Cancel: //nolint:staticcheck // as above
			cancel(errRequestCanceled)
		case <-ctx.Done():
		}
	}()
}

var (
	errRequestCanceled = stderrors.New("Request.Cancel was closed")
	errExchangeOver    = stderrors.New("the exchange is over")
)

// stopCancelWatch ends watchCancel's goroutine, and with it the context.
func (x *exchange) stopCancelWatch() {
	if x.canceler != nil {
		x.canceler(errExchangeOver)
	}
}

// contextError is why the caller has ended the exchange, or nil.
func (x *exchange) contextError() error {
	ctx := x.ctx
	if x.canceler != nil && context.Cause(ctx) == errExchangeOver {
		ctx = x.request.Context()
	}
	return httprule.ContextError(ctx)
}

func (x *exchange) runAttempts() (*http.Response, error) {
	uncounted := false // it is going to be sent again
	for attempt, fresh := 1, false; ; attempt++ {
		x.retried = attempt > 1
		err := x.acquireConn(fresh)
		x.endRetryPause()
		if err != nil {
			x.upload.Close()
			return nil, err
		}
		if uncounted {
			x.c.pool.CountRetry(x.conn) // which has the host that is known now
			uncounted = false
		}
		resp, err := x.sendRequest()
		if err == h1.ErrDied && x.ctx.Err() == nil && x.upload.Rewind(x.request) { // else it was we who closed
			attempt--
			x.releaseForRetry(fresh)
			continue
		}
		if err == nil {
			err = x.checkHead(resp)
		}
		if err == nil {
			return x.wrapResponse(resp), nil
		}
		refused := x.h2 != nil && h2.IsRefused(err)
		again := x.shouldRetry(refused, attempt, err)
		fresh = !refused
		err = x.headError(err)
		if again = again && x.upload.Rewind(x.request); !again {
			x.finish(false)
			x.releaseReader()
			x.upload.Close()
			return nil, err
		}
		x.releaseForRetry(true)
		if refused {
			if err = x.pauseAfterRefusal(attempt, err); err != nil {
				x.endRetryPause()
				x.upload.Close()
				return nil, err
			}
		}
		uncounted = true
		callHook(x.trace.Retried)
	}
}

// endRetryPause tells the pool that the exchange has a slot again, or will need none.
func (x *exchange) endRetryPause() {
	if x.inRetryPause {
		x.inRetryPause = false
		x.c.pool.EndRetryPause()
	}
}

// releaseForRetry ends an attempt after which there will be another. The slot of a dead
// connection of HTTP/1 is kept for it, and with fresh it will dial.
func (x *exchange) releaseForRetry(fresh bool) {
	c := x.conn
	if x.h2 != nil {
		x.inRetryPause = true
		x.c.pool.BeginRetryPause()
		x.releaseConn(false)
	} else {
		x.h1.End(false)
		x.releaseReader()
	}
	x.conn, x.begun, x.rewound = nil, false, true
	if x.h2 == nil {
		x.replaceConn(c, time.Now(), fresh)
	}
	x.h2 = nil
}

// dropsUntilEOF reports whether the body would end only with the connection and the caller
// has asked for none then ([Settings].NotUntilEOF).
func (x *exchange) dropsUntilEOF(resp *http.Response) bool {
	return x.notUntilEOF && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && x.h2 == nil
}

// wrapResponse makes of net/http's response the one that the caller gets: its body is the
// exchange, or the upgraded connection, or none.
func (x *exchange) wrapResponse(resp *http.Response) *http.Response {
	resp.Request = x.request
	resp.TLS = x.conn.tls
	x.response = resp
	x.recordHead(resp)
	if resp.StatusCode == http.StatusSwitchingProtocols && x.h2 == nil {
		u := &upgraded{Upgraded: x.h1.Upgrade(), conn: x.conn} // holds the slot
		if x.c.config.OnLeak != nil {
			u.watchConn(x.newLeak())
		}
		x.stopCancelWatch()
		held := *resp // x must not lead to u, or its dropping is never seen
		held.Body = u
		return &held
	}
	if x.h2 != nil && hasNoBody(resp, x.request.Method) {
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
	x.body, x.expected = resp.Body, resp.ContentLength
	if x.dropsUntilEOF(resp) {
		x.finish(false)
		x.releaseReader()
		resp.Body = http.NoBody
		return resp
	}
	x.unread = true
	x.c.unread.Add(1)
	if x.c.config.OnLeak != nil {
		return x.watchBody(resp, x.newLeak())
	}
	resp.Body = x
	if x.h2 != nil {
		x.h2.Watch((*h2Watcher)(x))
	}
	return resp
}

// finish ends the exchange, once: the connection goes back to the pool if the response was
// read to its end and both sides keep it, and is closed otherwise. Who may call it is above.
func (x *exchange) finish(complete bool) {
	if !x.done.CompareAndSwap(false, true) {
		return
	}
	x.releaseConn(complete)
	x.stopCancelWatch()
}

// releaseConn ends what h1 or h2 does for the exchange, and releases its slot. The connection
// is kept, or closed.
func (x *exchange) releaseConn(complete bool) {
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
	x.recordEnd(now)
	if x.h2 != nil {
		c.noteEnd(now)
		x.h2.End(complete)
	} else if keep {
		c.noteEnd(now)
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
