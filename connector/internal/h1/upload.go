package h1

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
)

// upload is the writing of a request on a goroutine of its own, because its body may block,
// or the connection. It ends with the write; closing the connection and the body ends that.
// It holds on to nothing of the exchange, which may be over, or another one.
type upload struct {
	conn     *Conn
	req      http.Request // net/http reads its Body late: nobody else may change it
	body     reqbody.Body
	sockRead time.Duration
	absolute bool
	gate     *gate     // what holds the body back, or nil
	wrote    time.Time // see wroteAt; under the conn's lock
	done     chan struct{}
	err      error // set before done is closed, as is panicked
	panicked any   // what RoundTrip is to panic with; nil: nothing
	caller   atomic.Uint32
}

// What becomes of a panic depends on where its caller is: one that RoundTrip cannot raise
// any more is one of the upload's goroutine.
const (
	callerWaits  = iota // for the head
	callerLeft          // RoundTrip
	callerRaises        // it finds the panic at the end of its wait
)

// startUpload starts the writing.
func (x *Exchange) startUpload(body *reqbody.Body, expects bool) {
	u := &upload{
		conn: x.conn, req: *x.wire, sockRead: x.settings.SockRead, absolute: x.settings.Absolute,
		done: make(chan struct{}),
	}
	if expects {
		x.holdBack(u, body)
	}
	u.body = *body
	u.req.Body = nil
	if body.Present() {
		u.req.Body = body.ForWire()
	}
	x.upload = u
	go u.runAndReport()
}

// holdBack has the body wait for the server to ask for it. Of some methods net/http would
// read a body of unknown length before it writes the head; chunks are what comes of it.
func (x *Exchange) holdBack(u *upload, body *reqbody.Body) {
	c, sockRead, trace := x.conn, u.sockRead, x.trace
	u.gate = &gate{
		timeout: x.settings.ExpectContinue,
		decided: make(chan struct{}),
		begin: func() {
			c.startReadTimer(sockRead)
			if trace != nil && trace.Wait100Continue != nil {
				trace.Wait100Continue()
			}
		},
		opened: c.stopReadTimer,
	}
	body.Wrap(x.req.ContentLength).Hold = u.gate.awaitDecision
	if x.req.ContentLength <= 0 && len(u.req.TransferEncoding) == 0 {
		u.req.TransferEncoding = []string{"chunked"}
	}
}

// runAndReport is the upload's goroutine. It recovers a panic if RoundTrip can still raise it.
func (u *upload) runAndReport() {
	returned := false
	defer func() {
		if returned {
			return
		}
		u.err = ErrGoexit
		if u.caller.CompareAndSwap(callerWaits, callerRaises) {
			if v := recover(); v != nil {
				u.panicked = panicOf(v)
			}
		}
		close(u.done)
		u.conn.abortExchange()
	}()
	u.writeRequest()
	returned = true
}

func (u *upload) writeRequest() {
	bw := getWriter(u.conn)
	err := writeRequest(&u.req, bw, u.absolute)
	if err == nil {
		err = bw.Flush()
	}
	putWriter(bw)
	if err == nil {
		u.noteWritten(time.Now())
		u.conn.startReadTimer(u.sockRead)
		close(u.done) // from here on the conn may be another exchange's
		return
	}
	u.err = u.failureCause(err)
	close(u.done) // but not after an error
	switch {
	case u.err == errBodyNotWanted:
		// There is an answer.
	case u.conn.facts().WriteErr != nil:
		u.conn.awaitLateAnswer(u.sockRead)
	default:
		u.conn.abortExchange() // the body's own fault: nothing more will come of it
	}
}

// failureCause is why the writing failed: the body's error, the socket's or the file's, which
// the error of Request.Write may hide.
func (u *upload) failureCause(err error) error {
	if err == nil {
		return nil
	}
	if gone := u.body.Err(); gone != nil {
		return gone
	}
	if u.gate != nil && u.gate.hasRefused() {
		return errBodyNotWanted
	}
	facts := u.conn.facts()
	switch {
	case facts.WriteErr != nil:
		return facts.WriteErr
	case facts.FileErr != nil:
		return facts.FileErr
	}
	return err
}

func (u *upload) noteWritten(now time.Time) {
	u.conn.mu.Lock()
	u.wrote = now
	u.conn.mu.Unlock()
}

// wroteAt is when the last write ended; zero: not yet, or with an error.
func (u *upload) wroteAt() time.Time {
	u.conn.mu.Lock()
	defer u.conn.mu.Unlock()
	return u.wrote
}

func (u *upload) hasEnded() bool { return isClosed(u.done) }

func (u *upload) hasFailed() bool { return u.hasEnded() && u.err != nil }

// exchangeError is the error of an exchange whose upload has failed: a SendError if the body
// was at fault, and err, the reader's, otherwise.
func (u *upload) exchangeError(err error) error {
	if u.err == errBodyNotWanted || u.conn.facts().WriteErr != nil {
		return err
	}
	return &SendError{u.err}
}

// SendError is a request that could not be sent to its end, because its body or something in
// it is at fault, and not the connection.
type SendError struct{ Err error }

func (e *SendError) Error() string { return e.Err.Error() }

// Unwrap returns what was wrong.
func (e *SendError) Unwrap() error { return e.Err }

// awaitEnd waits for the end of the sending, and reports whether it was a good one. A body
// whose source is silent is not waited for.
func (u *upload) awaitEnd(d time.Duration) (ok bool) {
	if o := u.body.Blocking(); o != nil && o.WaitsForSource() {
		d /= 10
	}
	return awaitClosed(u.done, d) && u.err == nil
}

// AwaitUnsent reports whether nothing of the request was sent, once the conn is closed. That
// ends a write under way, and only its return says what has come of it.
func (x *Exchange) AwaitUnsent() bool {
	if f := x.Facts(); x.upload != nil && f.Sent == 0 && !f.Unsent {
		awaitClosed(x.upload.done, writeWait)
	}
	return x.Facts().Unsent
}

// closeUnsent ends an upload whose exchange is over: a body that is still being sent is
// closed, since closing the connection does not end its Read.
func (u *upload) closeUnsent() {
	if u.gate != nil {
		u.gate.decide(true)
	}
	if !u.hasEnded() {
		u.body.Close()
	}
}
