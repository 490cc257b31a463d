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
)

// Transport is one whose server, whatever the URL, is h; nil is
// [http.DefaultServeMux]. Nothing has to be closed.
func Transport(h http.Handler) *http.Transport {
	dial := func(secure bool) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			serveConn(h, server, secure)
			return client, nil
		}
	}
	return &http.Transport{
		DialContext: dial(false), DialTLSContext: dial(true),
		MaxIdleConnsPerHost: -1, // a connection is for one request
		DisableCompression:  true,
	}
}

// serveConn serves the one connection, in the background.
func serveConn(h http.Handler, conn net.Conn, secure bool) {
	if h == nil {
		h = http.DefaultServeMux
	}
	srv := &http.Server{ //nolint:gosec // the client is not slow on purpose
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
