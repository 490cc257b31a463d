package connector

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// send writes the request on the connection and waits for the head.
func (x *exchange) send() (*http.Response, error) {
	ctx := x.orig.Context() // what net/http gets
	x.ctx, x.unwatch, x.stream = ctx, nil, nil
	switch {
	case x.conn.mux:
		x.stream = x.c.newStream(ctx, x.total)
		if !x.uploads() {
			x.stream.listen(x.timeout.SockRead)
		}
		ctx, x.ctx = x.stream, x.stream
	case ctx.Done() != nil:
		// net/http would make a child of the context, and leave it behind when
		// it fails on a ClientConn. All that it does when the context ends is to
		// close the connection.
		x.unwatch = context.AfterFunc(ctx, x.conn.aborter())
		x.values.Context = ctx
		ctx = &x.values
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
	x.req = x.orig
	if x.room != nil || x.stream != nil || x.c.forceClose || x.trustEnv || x.http10 || x.proxies {
		x.copyRequest(ctx)
	}
	if x.upload.mayBlock() {
		return x.sendBlocking()
	}
	return x.conn.cc.RoundTrip(x.req)
}

// copyRequest makes the request that net/http gets another one than the
// caller's. It has a frame of its own because it needs a large one, which would
// else be on the stack of all that net/http does.
//
//go:noinline
func (x *exchange) copyRequest(ctx context.Context) {
	switch {
	case x.stream != nil:
		x.req = &x.stream.req
	case x.room != nil:
		x.req = x.room
	default:
		x.req = new(http.Request)
	}
	*x.req = *x.orig.WithContext(ctx)
	x.req.Body = x.upload.forWire()
	if x.c.forceClose && len(x.req.Header["Upgrade"]) == 0 { // what is upgraded ends otherwise
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
}

// values is a context that never ends.
type values struct{ context.Context } //nolint:containedctx // it is one itself

func (values) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }
func (values) Done() <-chan struct{}                   { return nil }
func (values) Err() error                              { return nil }

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
