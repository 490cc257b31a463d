package h2

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Exchange is one request and its response on a stream of a Conn. It is also the context
// that net/http gets: what ends the exchange, a deadline included, ends that, and with it the
// stream, and nothing else on the connection.
//
//	          RoundTrip                          Read
//	         ┌────────────────────────────┐     ┌────────────────────┐
//	Begin ──►│ send ──► wait for the head │────►│ … ──► io.EOF       │──► End(true) ──► free,
//	         └─┬──────────────────────────┘     └─┬──────────────────┘                 for
//	           │                                  │ error, Close                       another
//	           │ error, Cancel, the context,      ▼
//	           └─ or the alarm ──────────────► End(false): the context ends, the stream too
//
// After Watch the end of the context calls its watcher, whether or not anybody reads; the
// watcher calls End. End is called once for each Begin.
//
// A context of package context would cost too much. This one is used again if net/http is
// through with the stream and nobody else may still call: the request had no body, the
// response's was read to its end, and neither the caller's context nor the alarm has struck.
type Exchange struct {
	context.Context //nolint:containedctx // it is a context itself: this is its parent
	done            chan struct{}
	endable         bool        // something may end it: else net/http need not listen
	onParentEnd     func()      // the method endWithParent, made once
	unwatch         func() bool // ends the watch over the parent; nil: there is none

	conn    *Conn
	body    *reqbody.Body
	req     http.Request // what net/http gets
	slow    bool         // sending it may take a time of its own
	expects bool         // its body waits to be asked for

	begun    instant
	total    instant // or zero
	sockRead time.Duration
	silence  atomic.Int64 // the instant when the present one is too long, or zero

	// Under the alarm's lock.
	next, previous *Exchange
	struck         bool // by the alarm

	mu         sync.Mutex
	watcher    Watcher           // nil until there is one
	blocking   *reqbody.Blocking // the body that may block, or nil
	err, cause error             // of the context; nil while it lasts
	sent       bool              // the request is on its way, as far as is known
	headed     bool              // the response's head is there
	lingers    bool              // net/http may not be through with it
}

// Watcher is told that an exchange has ended by itself. It has to call End.
type Watcher interface{ StreamEnded() }

// Settings bound an exchange.
type Settings struct {
	Total    time.Time     // when all of it must be over; zero: never
	SockRead time.Duration // the longest silence; zero and less: none
}

// Begin starts an exchange on c for a request whose body is body; both stay as they are until
// End, which has to be called whatever happens. The end of ctx ends the stream. reused says
// that there was one before on c.
func (c *Conn) Begin(ctx context.Context, body *reqbody.Body, now time.Time, s Settings) (e *Exchange, reused bool) {
	e, _ = c.free.Get().(*Exchange)
	if e == nil {
		e = &Exchange{done: make(chan struct{})}
		e.onParentEnd = e.endWithParent
	}
	e.Context, e.conn, e.body, e.blocking = ctx, c, body, body.Blocking()
	e.begun, e.sockRead = c.alarm.instantOf(now), max(s.SockRead, 0)
	timed := e.sockRead > 0 || !s.Total.IsZero()
	e.endable = timed || ctx.Done() != nil || body.Present()
	if timed {
		if !s.Total.IsZero() {
			e.total = c.alarm.instantOf(s.Total)
		}
		c.alarm.add(e)
		if e.total > 0 {
			c.alarm.ringBy(e.total, e.begun)
		}
	}
	if ctx.Done() != nil {
		e.unwatch = context.AfterFunc(ctx, e.onParentEnd)
	}
	return e, c.used.Swap(true)
}

// isTimed reports whether the alarm knows it.
func (e *Exchange) isTimed() bool { return e.sockRead > 0 || e.total > 0 }

// RoundTrip sends wire, which it does not change, and waits for the head of its response.
// The response's body must be read with [Exchange.Read]. After an error [Exchange.Facts]
// says more.
func (e *Exchange) RoundTrip(wire *http.Request) (*http.Response, error) {
	var ctx context.Context = e
	e.expects = e.body.Present() && httprule.HasToken(wire.Header, "Expect", "100-continue")
	if e.slow = e.expects || e.sendsSlowly(wire); e.slow {
		ctx = e.traceSending(wire.ContentLength)
	} else {
		e.sent = true // nobody else is there yet
		e.startReadTimer(e.begun)
	}
	e.req = *wire.WithContext(ctx)
	e.req.Cancel = nil //nolint:staticcheck // for who wants it the caller's context has it
	e.req.Body = nil   // net/http has work with one that is empty
	if e.body.Present() {
		e.req.Body = e.body.ForWire()
	}
	var resp *http.Response
	var err error
	if e.body.MayBlock() {
		resp, err = e.roundTripBlocking()
	} else {
		resp, err = e.conn.cc.RoundTrip(&e.req)
	}
	if err == nil {
		e.markHead()
	}
	return resp, err
}

// smallWrite is what a socket's buffer takes without the peer reading it.
const smallWrite = 8 << 10

// sendsSlowly reports whether sending the body may take a time of its own.
func (e *Exchange) sendsSlowly(wire *http.Request) bool {
	small := e.body.InMemory() && wire.ContentLength > 0 && wire.ContentLength <= smallWrite
	return e.body.Present() && !small
}

// traceSending is the context of a request that is sent slowly. It learns when the request is
// on its way, and when the peer is asked for the body. That this wait is over, for whatever
// reason, shows in net/http reading the body.
func (e *Exchange) traceSending(length int64) context.Context {
	trace := &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil { // else it ends, and was not sent
				e.markSent()
			}
		},
	}
	if e.expects {
		trace.Wait100Continue = e.markAsked
		e.mu.Lock()
		e.blocking = e.body.Wrap(length)
		e.blocking.Hold = e.markReading
		e.mu.Unlock()
	}
	return httptrace.WithClientTrace(e, trace)
}

// Watch calls w when the context ends, at once if it has ended already.
func (e *Exchange) Watch(w Watcher) {
	if !e.endable {
		return
	}
	e.mu.Lock()
	e.watcher = w
	over := e.err != nil
	e.mu.Unlock()
	if over {
		w.StreamEnded()
	}
}

// CloseUnread closes a body of which nothing will be read, though net/http may not be through
// with the stream then.
func (e *Exchange) CloseUnread(body io.Closer) {
	e.mu.Lock()
	e.lingers = true
	e.mu.Unlock()
	body.Close() // it has no error to report
}

// End ends the exchange: complete says that the response's body was read to its end and
// closed. The exchange must not be used any more then, and may be another request's. If it is
// not complete only Facts may be asked.
func (e *Exchange) End(complete bool) {
	reuse := complete && !e.body.Present() // else what is still being sent uses the context
	if e.unwatch != nil && !e.unwatch() {
		reuse = false
	}
	if e.isTimed() && e.conn.alarm.remove(e) {
		reuse = false
	}
	e.mu.Lock()
	e.watcher = nil
	reuse = reuse && e.err == nil && !e.lingers
	if !reuse && e.err == nil {
		e.err, e.cause = context.Canceled, context.Canceled
		close(e.done)
	}
	e.mu.Unlock()
	if reuse {
		free := e.conn.free
		e.clearForReuse()
		free.Put(e)
	}
}

func (e *Exchange) clearForReuse() {
	e.Context, e.unwatch, e.conn, e.body, e.blocking, e.req = nil, nil, nil, nil, nil, http.Request{}
	e.total, e.sockRead = 0, 0
	e.silence.Store(0)
	e.sent, e.headed, e.slow, e.expects = false, false, false, false
}

// Facts is what has happened during an exchange.
type Facts struct {
	Ended error // why the context has ended: its cause, or nil while it lasts
	Sent  bool  // the request is on its way, as far as is known
}

// Facts says what has happened so far.
func (e *Exchange) Facts() Facts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Facts{Ended: e.cause, Sent: e.sent}
}

// Unsent reports whether the request is still being sent.
func (e *Exchange) Unsent() bool { return e.body.Present() && !e.Facts().Sent }
