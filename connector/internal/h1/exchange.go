package h1

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// Exchange is one request and its response on a Conn. The zero value is ready for Begin,
// and after End for another one.
type Exchange struct {
	conn     *Conn
	settings *Settings
	req      *http.Request // the caller's own: never changed
	wire     *http.Request // what net/http writes, which may be the same
	trace    *httptrace.ClientTrace

	unwatch     func() bool // ends the watch over the context; nil: there is none
	upload      *upload     // nil: the request was written on the caller's goroutine
	small       bool        // it is written there
	lateCheck   bool        // the write of the request has to check that the conn is alive
	keeps       bool        // both sides keep the connection, as far as is known
	gotContinue bool        // the 100 Continue has come that was asked for
	br          *bufio.Reader
}

// smallWrite is how much of a request is written on the caller's goroutine: what a socket's
// buffer takes without the peer reading it.
const smallWrite = 8 << 10

// Begin starts an exchange on c for the request orig, whose body is body. wire is what
// net/http is to write; it may be orig, and is the exchange's from now on if it is not.
// s must stay as it is. From here on End has to be called, whatever happens.
//
// The end of ctx closes the connection. trace is that of the request's context, or nil.
func (x *Exchange) Begin(ctx context.Context, c *Conn, orig, wire *http.Request, body *reqbody.Body, trace *httptrace.ClientTrace, now time.Time, s *Settings) (reused bool) {
	*x = Exchange{conn: c, settings: s, req: orig, wire: wire, trace: trace}
	x.keeps = !wire.Close && orig.Method != http.MethodConnect && (!s.Connection || !httprule.HasToken(wire.Header, "Connection", "close"))
	x.small = !body.Present() || body.InMemory() && orig.ContentLength > 0 && orig.ContentLength <= smallWrite
	x.lateCheck = s.LateCheck && c.CanCheckLate()
	sockRead := s.SockRead
	if !x.small {
		sockRead = 0 // not while the body is sent
	}
	reused = c.beginExchange(now, s, max(sockRead, 0))
	c.armWrite(now, s.Total)
	if ctx.Done() != nil {
		if c.abort == nil {
			c.abort = c.abortExchange // one for all exchanges
		}
		x.unwatch = context.AfterFunc(ctx, c.abort)
	}
	if s.HTTP10 {
		c.http10.Store(true)
	}
	return reused
}

// RoundTrip sends the request and waits for the head of its response. The response's body
// must be read with [Exchange.Read]. After an error [Exchange.Facts] says more.
func (x *Exchange) RoundTrip(body *reqbody.Body) (*http.Response, error) {
	expects := body.Present() && !x.settings.HTTP10 && httprule.HasToken(x.req.Header, "Expect", "100-continue")
	if x.small && !expects && x.conn.prompt && x.wireSize() <= smallWrite {
		return x.roundTripHere()
	}
	if x.lateCheck && x.conn.CheckIdle() != nil {
		return nil, ErrDied
	}
	x.startUpload(body, expects)
	resp, err := x.readHead()
	x.upload.endCallerWait()
	if err == nil {
		return resp, nil
	}
	if u := x.upload; u.hasFailed() {
		err = u.exchangeError(err)
	}
	return nil, err
}

// wireSize is about how many bytes the request is: enough to know that it is small.
func (x *Exchange) wireSize() int64 {
	u := x.req.URL
	n := len(x.req.Method) + len(u.Path) + len(u.RawPath) + len(u.RawQuery) + len(u.Host) + len(u.Opaque) + len(x.req.Host) + 64
	return int64(n+x.settings.FieldBytes) + max(x.req.ContentLength, 0)
}

// roundTripHere is RoundTrip on the caller's goroutine.
func (x *Exchange) roundTripHere() (*http.Response, error) {
	if err := x.writeHere(); err != nil {
		return nil, err
	}
	defer x.conn.held.discard() // if the socket has failed before it went out
	return x.readHead()
}

// writeHere writes the request, or has it written by the first Read of its response. That
// the socket fails is no error yet: there may be an answer.
func (x *Exchange) writeHere() error {
	c := x.conn
	bw := getWriter(c)
	done := false
	defer func() {
		c.unchecked, c.last = false, false
		if !done {
			x.keeps = false // a hook has panicked: who knows what is out
		}
		if c.held.writer == nil {
			putWriter(bw)
		}
	}()
	c.unchecked = x.lateCheck
	err := writeRequest(x.wire, bw, x.settings.Absolute)
	if err == nil {
		c.last = true
		err = bw.Flush()
	}
	done = true
	if err == nil {
		c.held.keepWriter(bw)
		return nil
	}
	c.held = heldRequest{}
	x.keeps = false
	if c.dead {
		return ErrDied
	}
	if c.facts().WriteErr == nil {
		return err
	}
	c.awaitLateAnswer(x.settings.SockRead)
	return nil
}

// lateAnswer is how long a server may be silent, once sending has failed, whose answer is
// looked for: what it has given before it closed is on its way, or never comes.
const lateAnswer = 250 * time.Millisecond

// StartReadTimer starts sock_read if the sending has kept it off: the response has begun.
func (x *Exchange) StartReadTimer() {
	if !x.small {
		x.conn.startReadTimer(x.settings.SockRead)
	}
}

// LimitReading bounds what is left of the response to d from now.
func (x *Exchange) LimitReading(d time.Duration) { x.conn.limitReading(d) }

// writeWait is how long the end of a response waits for that of the request, as net/http
// does: the server may have answered with the last of it on its way.
const writeWait = 50 * time.Millisecond

// End ends the exchange, and reports whether the conn can serve another: complete says that
// the response was read to its end. Else the conn is to be closed by its owner, which also
// ends an upload; the body of one that is under way is closed here.
func (x *Exchange) End(complete bool) (keep bool) {
	keep = complete && x.keeps && (x.br == nil || x.br.Buffered() == 0)
	if x.upload != nil && (!keep || !x.upload.awaitEnd(writeWait)) {
		keep = false
		x.upload.closeUnsent()
	}
	if x.unwatch != nil && !x.unwatch() {
		keep = false // the conn is about to be closed
	}
	return x.conn.endExchange() && keep
}

// ReleaseReader gives the reader's buffer back. It must not run beside a Read, and nothing
// of the response can be read any more.
func (x *Exchange) ReleaseReader() {
	if x.br != nil {
		putReader(x.br)
		x.br = nil
	}
}

// ChunkAt returns where the chunk ends to which a byte of the body belongs, or 0 if that is
// not known yet, and how many bytes of that chunk can be had without waiting. lost says that
// neither will ever be known.
func (x *Exchange) ChunkAt(offset int64) (end, ready int64, lost bool) {
	c := x.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chunks == nil {
		return 0, 0, true
	}
	end = c.chunks.End(offset)
	return end, min(end, c.chunks.Seen()) - offset, end == 0 && c.chunks.Lost()
}

// RawHead is the head of the response as it came, if the limits say to keep it.
func (x *Exchange) RawHead() []rawhead.Field { return x.conn.rawHead() }

// Wrote is when the upload's last write ended; zero: the request was written at once, or is
// on its way.
func (x *Exchange) Wrote() time.Time {
	if x.upload == nil {
		return time.Time{}
	}
	return x.upload.wroteAt()
}

// Facts says what has happened so far.
func (x *Exchange) Facts() Facts { return x.conn.facts() }

// Unsent reports whether the request is still being sent, or could not be to its end.
func (x *Exchange) Unsent() bool {
	u := x.upload
	return u != nil && (!u.hasEnded() || u.err != nil && u.err != errBodyNotWanted)
}
