package connector

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

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
		var asking atomic.Bool
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest:    func(httptrace.WroteRequestInfo) { x.boundSilence() },
			Wait100Continue: func() { asking.Store(true); x.boundSilence() },
			Got100Continue: func() {
				if asking.CompareAndSwap(true, false) { // a server may say it at any time
					x.freeSilence()
				}
			},
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
	if x.proxies {
		x.req.Header = proxyAuthorized(x.req.Header, x.key)
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

// freeSilence stops sock_read while the body is sent.
func (x *exchange) freeSilence() {
	if x.stream != nil {
		x.stream.rest()
		return
	}
	x.conn.freeSilence()
}

// blockGrace is how long a RoundTrip whose connection is gone may take to
// return by itself, before its caller stops waiting for it.
const blockGrace = 100 * time.Millisecond

// sendBlocking is send for a body whose Read may block: net/http does not come
// back from a RoundTrip while its Read is under way, whatever happened. The
// goroutine ends when that Read returns; Close has told it to. That a stream is
// lost shows in net/http closing the body.
func (x *exchange) sendBlocking() (*http.Response, error) {
	type result struct {
		resp *http.Response
		err  error
	}
	results := make(chan result)
	abandoned := make(chan struct{})
	c, req := x.conn, x.req.WithContext(x.ctx)
	go func() {
		resp, err := c.cc.RoundTrip(req)
		select {
		case results <- result{resp, err}:
		case <-abandoned:
			if resp != nil {
				resp.Body.Close() // nobody is there to hear
			}
		}
	}()
	lost := c.done()
	if c.mux {
		lost = x.upload.opaque.closed
	}
	for waits := true; waits; {
		select {
		case r := <-results:
			return r.resp, r.err
		case <-x.ctx.Done():
			close(abandoned)
			x.upload.close()
			if !c.mux {
				c.shut()
			}
			return nil, contextError(x.ctx)
		case <-lost:
			if waits = c.mux && x.upload.sent(); waits {
				lost = nil // it was closed in good order
			}
		}
	}
	x.upload.close()
	grace := time.NewTimer(blockGrace)
	defer grace.Stop()
	select {
	case r := <-results:
		return r.resp, r.err
	case <-grace.C:
	}
	if c.mux {
		x.stream.cancel(nil) // only now net/http says what has happened to the stream
		r := <-results
		return r.resp, r.err
	}
	close(abandoned)
	return nil, io.ErrUnexpectedEOF
}
