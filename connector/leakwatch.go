package connector

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// maxStack is how many calls of a leak's stack are told.
const maxStack = 64

// leak is a response that may be dropped: what to report, and what to close.
// Nothing in it may lead back to what the caller holds.
type leak struct {
	stack  []uintptr
	report func(stack string)
	x      *exchange // nil for an upgraded connection
	conn   *conn
}

// skipOwn leaves out the connector's own frames: Callers, newLeak, wrapResponse,
// runAttempts, roundTrip and RoundTrip.
const skipOwn = 6

// newLeak notes where the present request came from.
func (x *exchange) newLeak() leak {
	stack := make([]uintptr, maxStack)
	n := runtime.Callers(skipOwn, stack)
	if mark, ok := x.ctx.Value(httprule.LeakKey{}).(httprule.LeakMark); ok {
		mark.MarkWatched(stack[:n:n])
	}
	return leak{stack[:n:n], x.c.config.OnLeak, x, x.conn}
}

// closeAndReport is the cleanup (runtime.AddCleanup) of the body that the caller held.
func (l leak) closeAndReport() {
	if l.x != nil && !l.x.closeDropped() {
		return
	}
	if l.x == nil {
		l.conn.Close()
	}
	l.report(l.stackText())
}

// stackText is the stack in the form of runtime/debug.Stack, without arguments and offsets.
func (l leak) stackText() string {
	var b strings.Builder
	for frames := runtime.CallersFrames(l.stack); ; {
		f, more := frames.Next()
		fmt.Fprintf(&b, "%s(...)\n\t%s:%d\n", f.Function, f.File, f.Line)
		if !more {
			return b.String()
		}
	}
}

// closeDropped closes a body that nobody can close any more, and reports whether
// nobody had.
func (x *exchange) closeDropped() bool {
	if x.done.Load() || !x.closed.CompareAndSwap(false, true) {
		return false
	}
	x.closeBody()
	x.finish(false)
	x.releaseReader() // nobody can be in Read
	return true
}

// watched is the body of a response whose dropping is to be noticed. The
// exchange must not lead back to it, so its response is a copy of the one that
// net/http has, and the trailer comes over at the end.
type watched struct {
	x    *exchange
	resp *http.Response
}

// watchBody gives the caller a response whose body is reported when it is dropped.
func (x *exchange) watchBody(resp *http.Response, l leak) *http.Response {
	held := *resp
	w := &watched{x, &held}
	held.Body = w
	runtime.AddCleanup(w, leak.closeAndReport, l)
	return &held
}

// Read is that of the exchange.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.x.Read(p)
	if err == io.EOF {
		w.resp.Trailer = w.x.response.Trailer
	}
	runtime.KeepAlive(w)
	return n, err
}

// WriteTo is that of the exchange.
func (w *watched) WriteTo(to io.Writer) (int64, error) {
	n, err := w.x.WriteTo(to)
	if err == nil {
		w.resp.Trailer = w.x.response.Trailer
	}
	runtime.KeepAlive(w)
	return n, err
}

// Close is that of the exchange.
func (w *watched) Close() error {
	err := w.x.Close()
	runtime.KeepAlive(w)
	return err
}

// watchConn is watchBody for an upgraded connection, until it is closed.
func (u *upgraded) watchConn(l leak) {
	l.x = nil
	u.unwatch = runtime.AddCleanup(u, leak.closeAndReport, l).Stop
}
