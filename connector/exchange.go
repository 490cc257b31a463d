package connector

import (
	"context"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// exchange is one request and its response: everything that a RoundTrip needs,
// in one piece of memory. It is also the response's body.
type exchange struct {
	c    *Connector
	orig *http.Request
	req  *http.Request // what net/http gets: the caller's own, which then is as it must be, or a copy
	room *http.Request // for the copy, or nil
	key  key

	timeout ClientTimeout
	retry   bool
	limits  rawhead.Limits
	// What the settings ask for, and few do.
	trustEnv, http10, notUntilEOF bool
	chunks                        bool // their ends are to be noted
	proxies                       bool // there is one, or might have been

	timing   Timing
	record   *Recorder     // where the caller wants that; nil: nowhere
	chunkEnd *atomic.Int64 // the record's, or nil if the body has no chunks or nobody asks
	trace    *Trace

	total  time.Time // when the total timeout strikes, or zero
	gotten time.Time // when the conn was there
	head   time.Time // when the response's head was there

	ctx     context.Context //nolint:containedctx // the caller's, or the stream: what can end the exchange
	unwatch func() bool     // ends the watch over ctx; nil: there is none
	values  values          // what net/http has of ctx then

	conn   *conn
	reused bool
	upload requestBody
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
	for attempt, fresh := 1, false; ; attempt++ {
		x.timing.Retried = attempt > 1
		if err := x.connect(fresh); err != nil {
			x.upload.close()
			return nil, err
		}
		resp, err := x.send()
		if err == nil && x.conn.mux {
			err = x.checkHead(resp)
		}
		if err == nil {
			return x.respond(resp), nil
		}
		refused := x.conn.mux && refusedStream(err)
		again := x.replayable(refused, attempt)
		fresh = !refused
		err = x.headError(err)
		x.finish(false)
		if !again || !x.upload.rewind(x.orig) {
			x.upload.close()
			return nil, err
		}
		x.done.Store(false)
		x.c.pool.countRetry()
		call(x.trace.Retried)
	}
}

// stale reports whether the connection was dead before the request reached the
// peer, so that sending it again on another one cannot do it twice, or does no
// harm (RFC 9110 9.2.2). The error says too little: a dead connection shows as
// EOF, ECONNRESET, EPIPE or an error of net/http's own.
func (x *exchange) stale() bool {
	if !x.retry || x.ctx.Err() != nil || x.upload.failed() != nil {
		return false
	}
	if x.conn.mux {
		// It shows in net/http that the connection is gone, and not just a stream.
		return x.reused && idempotent(x.orig) && x.conn.cc.Err() != nil
	}
	a := x.conn.account()
	if !x.reused {
		return false
	}
	if a.rx > 0 || isDeadline(a.readErr) {
		return false
	}
	return a.tx == 0 || idempotent(x.orig)
}

func isDeadline(err error) bool {
	return stderrors.Is(err, errTotalDeadline) || stderrors.Is(err, errReadDeadline)
}

// headError gives a failed send its class.
func (x *exchange) headError(err error) error {
	if own := x.orig.Context(); own.Err() != nil {
		return contextError(own)
	}
	a := x.conn.account()
	phase := errors.PhaseResponse
	if x.upload.present() && !x.upload.sent() {
		phase = errors.PhaseRequest
	}
	struck := a.readErr
	if x.stream != nil {
		struck = x.stream.why()
	}
	switch {
	case stderrors.Is(struck, errTotalDeadline):
		return x.totalTimeout(phase)
	case stderrors.Is(struck, errReadDeadline):
		return x.silence(phase)
	case x.upload.failed() != nil:
		return &errors.ClientOSError{Op: "read request body", Err: x.upload.failed()}
	case x.c.pool.isClosed():
		return errors.ErrConnectorClosed
	}
	if bad, ok := stderrors.AsType[*rawhead.Error](stderrors.Join(a.readErr, err)); ok {
		return x.badHead(bad)
	}
	if stderrors.Is(a.readErr, net.ErrClosed) {
		a.readErr = nil // it was our side that closed
	}
	return errors.HeadFailure(err, errors.Exchange{Host: x.key.Addr(), Received: a.rx, ReadErr: a.readErr})
}

// endless reports whether a body would go on until the server closes, and the
// caller does not want that.
func (x *exchange) endless(resp *http.Response) bool {
	return x.notUntilEOF && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !x.conn.mux
}

// badHead is a response whose head breaks a limit or a rule.
func (x *exchange) badHead(cause error) error {
	return &errors.BadHTTPMessageError{ClientResponseError: errors.ClientResponseError{
		Status: http.StatusBadRequest, Message: "bad response from " + x.key.Addr(), Err: cause,
	}}
}

// respond makes net/http's response the caller's.
func (x *exchange) respond(resp *http.Response) *http.Response {
	x.head = time.Now()
	resp.Request = x.orig
	resp.TLS = x.conn.info.TLS
	x.answered(resp)
	if rwc, ok := upgradedBody(resp); ok {
		x.conn.upgrade()
		if x.unwatch != nil {
			x.unwatch()
		}
		u := &upgraded{ReadWriteCloser: rwc, conn: x.conn}
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
		return resp
	}
	if x.stream != nil {
		x.stream.answered()
	} else if x.uploads() && x.timeout.SockRead > 0 {
		x.boundSilence()
	}
	if x.endless(resp) {
		resp.Body.Close() // there is none
		x.finish(false)
		resp.Body = http.NoBody
		return resp
	}
	x.response = resp
	x.body, x.expected = resp.Body, resp.ContentLength
	if x.c.config.OnLeak != nil {
		return x.watch(resp, x.newLeak())
	}
	resp.Body = x
	if x.stream != nil {
		x.stream.deliver(x)
	}
	return resp
}

// upgradedBody is the connection that a 101 has for a body.
func upgradedBody(resp *http.Response) (io.ReadWriteCloser, bool) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, false
	}
	rwc, ok := resp.Body.(io.ReadWriteCloser)
	return rwc, ok
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
		keep = keep && complete && c.cc.Available() > 0
	}
	now := time.Now()
	x.settleTiming(now)
	if x.unwatch != nil && !x.unwatch() {
		keep = false // it is about to be aborted
	}
	keep = keep && c.end()
	if x.stream != nil {
		// What is still being sent goes on using the context.
		x.stream.end(x.c, complete && !x.upload.present())
	}
	if !x.c.pool.release(c, keep, now) {
		c.shut()
	}
}
