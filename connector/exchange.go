package connector

import (
	"context"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
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
	req  http.Request // what net/http gets: never the caller's own
	key  key

	timeout ClientTimeout
	retry   bool
	limits  rawhead.Limits
	// What the settings ask for, and few do.
	trustEnv, http10, notUntilEOF bool

	timing Timing
	record *Recorder // where the caller wants that; nil: nowhere

	start  time.Time // of the exchange
	began  time.Time // of what the total timeout bounds
	total  time.Time // when that strikes, or zero
	gotten time.Time // when the conn was there
	head   time.Time // when the response's head was there

	ctx    context.Context         //nolint:containedctx // the exchange lives as long as the request's context
	cancel context.CancelCauseFunc // nil for a context that cannot be cancelled

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
	}
}

// connect gets a connection: an idle one, or a new one if fresh or if there is
// none. Only the way that takes time pays for its timeouts.
func (x *exchange) connect(fresh bool) error {
	p := x.c.pool
	now := x.start
	if x.timing.Retried {
		now = time.Now()
	}
	c, h, err := p.tryAcquire(x.key, now, fresh)
	if c != nil && !c.enter() {
		c, h = nil, nil
	}
	if c == nil && err == nil {
		c, now, err = x.connectSlowly(h, fresh, now)
	}
	if err != nil {
		return err
	}
	x.conn = c
	x.gotten = now
	silence := x.timeout.SockRead
	if x.uploads() || silence < 0 {
		silence = 0
	}
	x.reused = c.begin(now, x.total, silence, x.limits)
	t := &x.timing
	t.Reused, t.Remote = x.reused, c.remote
	if c.mux && closes(x.orig) {
		p.drain(c)
	}
	return nil
}

// smallUpload is what a socket's buffer takes without the peer reading it.
const smallUpload = 8 << 10

// uploads reports whether sending the body may take a time of its own, in which
// the peer has no reason to say anything.
func (x *exchange) uploads() bool {
	small := x.upload.plain != nil && x.orig.ContentLength > 0 && x.orig.ContentLength <= smallUpload
	return x.upload.present() && !small
}

// connectSlowly waits for a slot if h is nil, and dials if the slot comes
// without a connection, all within the connect and total timeouts.
func (x *exchange) connectSlowly(h *host, fresh bool, now time.Time) (*conn, time.Time, error) {
	ctx, deadline := x.orig.Context(), x.total
	if x.timeout.Connect > 0 {
		if d := now.Add(x.timeout.Connect); deadline.IsZero() || d.Before(deadline) {
			deadline = d
		}
	}
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline, errTotalDeadline)
		defer cancel()
	}
	p := x.c.pool
	var c *conn
	var err error
	at := x.key.endpoint(errors.PhasePool)
	if h == nil {
		c, h, err = x.queue(ctx, now, fresh)
	}
	if err == nil && c == nil {
		var d *dial
		c, d, err = x.c.dialer.open(ctx, h, max(x.timeout.SockConnect, 0))
		at = d.at
		t := &x.timing
		t.DNS, t.Connect, t.TLS, t.CachedDNS = d.timing.DNS, d.timing.Connect, d.timing.TLS, d.timing.CachedDNS
		if err != nil {
			p.forfeit(h, ctx.Err() == nil)
		}
	}
	if err != nil {
		return nil, now, x.connectError(ctx, err, at, now)
	}
	return c, time.Now(), nil
}

// queue waits for a connection, or for a slot to make one.
func (x *exchange) queue(ctx context.Context, now time.Time, fresh bool) (*conn, *host, error) {
	start := now
	defer func() { x.timing.Queue += time.Since(start) }()
	for {
		c, h, err := x.c.pool.acquire(ctx, x.key, now, fresh)
		if err != nil || c == nil || c.enter() {
			return c, h, err
		}
		now = time.Now()
	}
}

// connectError gives the failure to get a connection its class. Whose deadline
// struck is decided by the contexts and the clock, not by the error: a socket
// that runs into any deadline says "i/o timeout".
func (x *exchange) connectError(ctx context.Context, err error, at errors.Endpoint, since time.Time) error {
	if own := x.orig.Context(); own.Err() != nil {
		return contextError(own)
	}
	if ctx.Err() == nil {
		return errors.ConnectFailure(err, at)
	}
	if now := time.Now(); x.total.IsZero() || now.Before(x.total) {
		return &errors.TimeoutError{
			Kind: errors.ErrConnectionTimeout, Phase: at.Phase, Limit: x.timeout.Connect,
			Elapsed: now.Sub(since), Host: x.key.addr(),
		}
	}
	return x.totalTimeout(at.Phase)
}

func (x *exchange) totalTimeout(phase errors.Phase) error {
	return &errors.TimeoutError{
		Kind: errors.ErrTotalTimeout, Phase: phase, Limit: x.total.Sub(x.began),
		Elapsed: time.Since(x.began), Host: x.key.addr(),
	}
}

func (x *exchange) silence(phase errors.Phase) error {
	return &errors.TimeoutError{
		Kind: errors.ErrSocketTimeout, Phase: phase, Limit: x.timeout.SockRead,
		Elapsed: time.Since(x.gotten), Host: x.key.addr(),
	}
}

// contextError is why the caller's context ended: its error, and its cause if
// it was given another one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || stderrors.Is(cause, err) {
		return err
	}
	return &causedError{err, cause}
}

type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }

// send writes the request on the connection and waits for the head.
func (x *exchange) send() (*http.Response, error) {
	ctx := x.orig.Context()
	x.cancel, x.stream = nil, nil
	switch {
	case x.conn.mux:
		x.stream = x.c.newStream(ctx, x.total)
		if !x.uploads() {
			x.stream.listen(x.timeout.SockRead)
		}
		ctx = x.stream
	case ctx.Done() != nil:
		// net/http leaves a child of the context behind when it fails on a
		// ClientConn; this one takes it along.
		ctx, x.cancel = context.WithCancelCause(ctx)
	}
	if x.uploads() && x.timeout.SockRead > 0 {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { x.boundSilence() },
		})
	}
	x.ctx = ctx
	x.copyRequest(ctx)
	x.req.Body = x.upload.forWire()
	if x.c.forceClose {
		x.req.Close = true
	}
	if x.trustEnv {
		x.req.Header = x.authorize(x.req.Header)
	}
	if x.http10 {
		x.asHTTP10()
	}
	if len(x.req.Header["Proxy-Authorization"]) > 0 && x.key.tunneled() {
		// It is the proxy's, and this is the server.
		x.req.Header = x.req.Header.Clone()
		x.req.Header.Del("Proxy-Authorization")
	}
	if x.upload.mayBlock() {
		return x.sendBlocking()
	}
	return x.conn.cc.RoundTrip(&x.req)
}

// copyRequest has a frame of its own because it needs a large one, which would
// else be on the stack of all that net/http does.
//
//go:noinline
func (x *exchange) copyRequest(ctx context.Context) { x.req = *x.orig.WithContext(ctx) }

// asHTTP10 makes the request one of HTTP/1.0, which asks for being kept.
func (x *exchange) asHTTP10() {
	x.conn.http10.Store(true)
	if x.req.Close || len(x.req.Header["Connection"]) > 0 {
		return
	}
	x.req.Header = x.req.Header.Clone()
	if x.req.Header == nil {
		x.req.Header = http.Header{}
	}
	x.req.Header.Set("Connection", "keep-alive")
}

// boundSilence starts sock_read once the request is on its way.
func (x *exchange) boundSilence() {
	if x.stream != nil {
		x.stream.sent(x.timeout.SockRead)
		return
	}
	x.conn.boundSilence(x.timeout.SockRead)
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
	return errors.HeadFailure(err, errors.Exchange{Host: x.key.addr(), Received: a.rx, ReadErr: a.readErr})
}

// endless reports whether a body would go on until the server closes, and the
// caller does not want that.
func (x *exchange) endless(resp *http.Response) bool {
	return x.notUntilEOF && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !x.conn.mux
}

// badHead is a response whose head breaks a limit or a rule.
func (x *exchange) badHead(cause error) error {
	return &errors.BadHTTPMessageError{ClientResponseError: errors.ClientResponseError{
		Status: http.StatusBadRequest, Message: "bad response from " + x.key.addr(), Err: cause,
	}}
}

// respond makes net/http's response the caller's.
func (x *exchange) respond(resp *http.Response) *http.Response {
	x.head = time.Now()
	resp.Request = x.orig
	resp.TLS = x.conn.tls
	x.answered(resp)
	if rwc, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		x.conn.upgrade()
		if x.cancel != nil {
			x.cancel(nil)
		}
		resp.Body = &upgraded{rwc, x.conn}
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
		keep = keep && complete && c.cc.Available() > 0
	}
	now := time.Now()
	x.settleTiming(now)
	if keep {
		c.end()
	}
	switch {
	case x.stream != nil:
		// What is still being sent goes on using the context.
		x.stream.end(x.c, complete && !x.upload.present())
	case x.cancel != nil:
		x.cancel(nil)
	}
	if !x.c.pool.release(c, keep, now) {
		c.shut()
	}
}
