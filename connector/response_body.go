package connector

import (
	"io"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/copybuf"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// Read is the response's body. Every error but io.EOF has its class.
func (x *exchange) Read(p []byte) (int, error) {
	x.reading.Lock()
	defer x.reading.Unlock()
	if x.closed.Load() {
		return 0, errors.ErrConnectionClosed
	}
	if x.readErr != nil {
		return 0, x.readErr
	}
	var now time.Time
	mayBeLate := x.begunReading && !x.settings.Total.IsZero()
	x.begunReading = true
	if mayBeLate || x.h2 != nil && x.timeout.SockRead > 0 {
		now = time.Now()
	}
	if mayBeLate && !now.Before(x.settings.Total) {
		// What has arrived in time may still lie in a buffer, where no
		// deadline of the connection can see it.
		return 0, x.failRead(x.totalTimeoutError(errors.PhaseBody))
	}
	var n int
	var err error
	switch {
	case x.h2 != nil:
		n, err = x.h2.Read(x.body, p, now)
	case x.notesChunks():
		n, err = x.readChunk(p)
	default:
		n, err = x.body.Read(p)
	}
	x.received += int64(n)
	switch err {
	case nil:
	case io.EOF:
		if x.response.Trailer != nil {
			if bad := rawhead.CheckTrailer(x.response.Trailer, x.settings.Limits); bad != nil {
				return n, x.failRead(x.badHeadError(bad))
			}
		}
		x.readErr = io.EOF
		x.closeBody()
		x.finish(true)
		x.releaseReader()
	default:
		err = x.failRead(err)
	}
	return n, err
}

// smallCopy is the size of the buffer for bodies that are known to be no larger, of which
// there may be very many at the same time.
const smallCopy = 4 << 10

var smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallCopy); return &b }}

// WriteTo copies the rest of the body with a large buffer, unless that would be
// the most of its cost.
func (x *exchange) WriteTo(w io.Writer) (int64, error) {
	if 0 <= x.expected && x.expected <= smallCopy {
		buf := smallBuffers.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
		defer smallBuffers.Put(buf)
		return copybuf.Copy(w, x, *buf)
	}
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	return copybuf.Copy(w, x, *buf)
}

const (
	// drainBytes and drainTime bound what Close reads to keep a connection.
	drainBytes = 64 << 10
	drainTime  = 5 * time.Millisecond
)

// Close gives the connection back. What is left of the body is read if it is
// short and at hand, so that the connection can be used again.
func (x *exchange) Close() error {
	if !x.closed.CompareAndSwap(false, true) {
		return nil
	}
	if !x.reading.TryLock() { // a Read is under way, and must be woken
		x.closeBody()
		x.finish(false)
		return nil
	}
	defer x.reading.Unlock()
	if x.readErr != nil {
		return nil // Read has ended the exchange
	}
	complete := x.drainBody()
	x.closeBody()
	x.finish(complete)
	x.releaseReader()
	return nil
}

// releaseReader gives the buffer of HTTP/1 back; nothing can be read any more. net/http's
// body, which leads to it, is let go of: the timer of a dial that was stopped may hold on to
// the exchange for a while.
func (x *exchange) releaseReader() {
	x.h1.ReleaseReader()
	if x.h2 == nil {
		x.body = nil
	}
}

// closeBody closes net/http's body of HTTP/2. A stream it then sees to its end, so that it
// is free when the pool lends it again; but not before the request's body has let
// go, which may take for ever unless the context ends. That of HTTP/1 is never closed: it
// would read to its end.
func (x *exchange) closeBody() {
	if x.h2 == nil {
		return
	}
	if x.upload.MayBlock() && !x.upload.Sent() {
		x.h2.Cancel(nil)
	}
	x.body.Close() // it has no error to report
}

// drainBody reads the rest of the body and reports whether that was all.
func (x *exchange) drainBody() bool {
	if x.done.Load() || x.ctx.Err() != nil || x.c.forceClose {
		return false
	}
	if x.expected-x.received > drainBytes {
		return false
	}
	if x.h2 != nil {
		return false // ending the stream is cheaper
	}
	x.h1.LimitReading(drainTime)
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	for n := 0; n <= drainBytes; {
		m, err := x.body.Read((*buf)[:drainBytes])
		n += m
		if err != nil {
			return err == io.EOF
		}
	}
	return false
}

// upgraded is the body of a 101 response: the connection itself, which keeps
// its slot until it is closed.
type upgraded struct {
	*h1.Upgraded
	conn    *conn
	unwatch func() // nil: nobody looks for leaks
}

// Close closes the connection and frees its slot.
func (u *upgraded) Close() error {
	if u.unwatch != nil {
		u.unwatch()
	}
	u.conn.Close()
	return nil
}
