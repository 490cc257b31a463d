package h2

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Transport has net/http begin HTTP/2 on connections that are there already.
type Transport struct {
	t    *http.Transport
	free sync.Pool // of *Exchange, for the conns; one for all would cross bubbles of synctest
}

// NewTransport returns one for connections with these settings of HTTP/2. A zero
// expectContinue is no wait for "100 Continue"; maxHead bounds the head of a response.
//
// MaxConnsPerHost must stay 0: with it, closing a ClientConn panics. net/http speaks HTTP/2
// on a connection that is none of its own TLS as if there were no TLS at all, and only where
// HTTP/1 is off.
func NewTransport(settings *http.HTTP2Config, expectContinue time.Duration, maxHead int64) *Transport {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &Transport{t: &http.Transport{
		DialContext:            dialFromContext,
		DialTLSContext:         dialFromContext,
		Protocols:              protocols,
		HTTP2:                  settings,
		DisableCompression:     true,
		ExpectContinueTimeout:  expectContinue,
		MaxResponseHeaderBytes: maxHead,
	}}
}

type connKey struct{}

func (t *Transport) newClientConn(ctx context.Context, c *Conn, addr string) (*http.ClientConn, error) {
	return t.t.NewClientConn(context.WithValue(ctx, connKey{}, c), "http", addr)
}

// dialFromContext is the dial function of net/http's Transport: it returns the connection
// that newClientConn has put into the context.
func dialFromContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c := ctx.Value(connKey{}).(*Conn) //nolint:errcheck // newClientConn has put it there
	return &wire{Conn: c.nc, conn: c}, nil
}
