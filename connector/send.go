package connector

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
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
	x.ctx, x.req = ctx, x.orig
	if x.room != nil || x.stream != nil || x.c.forceClose || x.trustEnv || x.http10 || x.proxies {
		x.copyRequest()
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
func (x *exchange) copyRequest() {
	if x.room == nil {
		x.room = new(http.Request)
	}
	x.req = x.room
	*x.req = *x.orig.WithContext(x.ctx)
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
}

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
