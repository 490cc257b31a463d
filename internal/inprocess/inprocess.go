// Package inprocess serves an http.Handler within the process, over a pipe in the place
// of a socket.
package inprocess

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Transport is one whose server, whatever the URL, is h; nil is
// [http.DefaultServeMux]. Nothing has to be closed.
func Transport(h http.Handler) http.RoundTripper {
	dial := func(secure bool) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			ctx, cancel := context.WithCancel(context.Background())
			serveConn(ctx, h, server, secure) //nolint:contextcheck // the connection outlives the dialling
			return &clientConn{client, cancel}, nil
		}
	}
	return &transport{&http.Transport{
		DialContext: dial(false), DialTLSContext: dial(true),
		MaxIdleConnsPerHost: -1, // a connection is for one request
		DisableCompression:  true,
	}}
}

// clientConn is the client's end. When it is closed, so is the handler's context: a
// server of net/http notices that only once it has read the request's body.
type clientConn struct {
	net.Conn
	cancel context.CancelFunc
}

// Close ends the handler's context, too.
func (c *clientConn) Close() error {
	c.cancel()
	return c.Conn.Close()
}

// transport returns when the request's context ends, where net/http's waits for a read
// from the request's body to return.
type transport struct{ native *http.Transport }

// RoundTrip sends one with a body in a goroutine of its own.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Body == nil || req.Body == http.NoBody || ctx.Done() == nil {
		return t.native.RoundTrip(req)
	}
	body := &onceBody{ReadCloser: req.Body}
	sent := req.WithContext(ctx) // a copy
	sent.Body = body
	type answer struct {
		resp *http.Response
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		resp, err := t.native.RoundTrip(sent) //nolint:bodyclose // the caller does, or the goroutine below
		answers <- answer{resp, err}
	}()
	select {
	case a := <-answers:
		if a.resp != nil {
			a.resp.Request = req
		}
		return a.resp, a.err
	case <-ctx.Done():
		body.Close() // the context's end is the error
		go func() {
			if a := <-answers; a.resp != nil {
				a.resp.Body.Close()
			}
		}()
		return nil, httprule.ContextError(ctx)
	}
}

// onceBody is closed once, by whoever comes first.
type onceBody struct {
	io.ReadCloser
	once sync.Once
	err  error
}

// Close closes what is below.
func (b *onceBody) Close() error {
	b.once.Do(func() { b.err = b.ReadCloser.Close() })
	return b.err
}

// serveConn serves the one connection, in the background.
func serveConn(ctx context.Context, h http.Handler, conn net.Conn, secure bool) {
	if h == nil {
		h = http.DefaultServeMux
	}
	srv := &http.Server{ //nolint:gosec // the client is not slow on purpose
		BaseContext: func(net.Listener) context.Context { return ctx },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			req.RemoteAddr = handlerPeer
			if secure {
				req.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: serverName(req.Host)}
			}
			h.ServeHTTP(w, req)
		}),
	}
	go srv.Serve(&onlyConn{conn: conn}) //nolint:errcheck // that there are no more connections is no error
}

// handlerPeer is where requests come from: an address for documentation (RFC 5737), as
// in package httptest.
const handlerPeer = "192.0.2.1:1234"

func serverName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// onlyConn is a listener with one connection, which outlives it.
type onlyConn struct {
	mu   sync.Mutex
	conn net.Conn // nil: it was accepted
}

// Accept is that of net.Listener.
func (l *onlyConn) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn := l.conn
	if conn == nil {
		return nil, io.EOF
	}
	l.conn = nil
	return conn, nil
}

// Close is that of net.Listener.
func (*onlyConn) Close() error { return nil }

// Addr is that of net.Listener.
func (*onlyConn) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
