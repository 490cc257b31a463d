// Package wiretest is a server that writes exactly the bytes that a test tells
// it to, and breaks connections exactly where it is told to.
package wiretest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server runs a script for each connection that it accepts.
type Server struct {
	ln     net.Listener
	scheme string
	script func(*Conn)
	done   chan struct{}
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns []*Conn
	heads []string
}

// New starts a server on loopback. It ends, with all its connections, when the
// test does.
func New(t testing.TB, script func(*Conn)) *Server {
	t.Helper()
	return NewOn(t, listen(t), script)
}

// NewTLS is New with TLS. A failed handshake ends the connection before the
// script is run.
func NewTLS(t testing.TB, cfg *tls.Config, script func(*Conn)) *Server {
	t.Helper()
	s := NewOn(t, tls.NewListener(listen(t), cfg), func(c *Conn) {
		if tc, ok := c.nc.(*tls.Conn); ok && tc.HandshakeContext(t.Context()) != nil {
			return
		}
		script(c)
	})
	s.scheme = "https"
	return s
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// NewOn is New on a listener, which it closes in the end.
func NewOn(t testing.TB, ln net.Listener, script func(*Conn)) *Server {
	t.Helper()
	s := &Server{ln: ln, scheme: "http", script: script, done: make(chan struct{})}
	s.wg.Go(s.accept)
	t.Cleanup(s.Close)
	return s
}

func (s *Server) accept() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		c := &Conn{N: len(s.conns), srv: s, nc: nc, br: bufio.NewReader(nc)}
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wg.Go(func() {
			defer c.Close()
			s.script(c)
		})
	}
}

// Close ends the server and its connections, and waits for the scripts.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.done:
		s.mu.Unlock()
		return
	default:
	}
	close(s.done)
	s.ln.Close() //nolint:errcheck,gosec // it is over
	for _, c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Addr is the server's host:port.
func (s *Server) Addr() string { return s.ln.Addr().String() }

// URL is the server's URL without a path.
func (s *Server) URL() string { return s.scheme + "://" + s.Addr() }

// Conns is how many connections were accepted.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Requests are the heads that were read, in their order, of all connections.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heads...)
}

// Conn is a connection as its script sees it. A client that has gone makes its
// methods return false or do nothing; that is no failure of the test.
type Conn struct {
	N   int // the number of the connection, from 0
	srv *Server
	nc  net.Conn
	br  *bufio.Reader
}

// NetConn is the connection itself.
func (c *Conn) NetConn() net.Conn { return c.nc }

// ReadHead reads a head to the empty line that ends it.
func (c *Conn) ReadHead() (string, bool) {
	var b strings.Builder
	for {
		line, err := c.br.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return b.String(), false
		}
		if line == "\r\n" {
			break
		}
	}
	c.srv.mu.Lock()
	c.srv.heads = append(c.srv.heads, b.String())
	c.srv.mu.Unlock()
	return b.String(), true
}

// ReadBody reads n bytes.
func (c *Conn) ReadBody(n int) (string, bool) {
	b := make([]byte, n)
	_, err := io.ReadFull(c.br, b)
	return string(b), err == nil
}

// ReadChunked reads to the end of a chunked body and returns it as it came,
// framing and all.
func (c *Conn) ReadChunked() (string, bool) {
	var b strings.Builder
	for {
		line, err := c.br.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return b.String(), false
		}
		if line == "\r\n" && strings.HasSuffix(b.String(), "0\r\n\r\n") {
			return b.String(), true
		}
	}
}

// Write writes s.
func (c *Conn) Write(s string) bool {
	_, err := io.WriteString(c.nc, s)
	return err == nil
}

// Drip writes s in pieces of n bytes with a pause between them.
func (c *Conn) Drip(s string, n int, pause time.Duration) bool {
	for s != "" {
		piece := s[:min(n, len(s))]
		if s = s[len(piece):]; !c.Write(piece) {
			return false
		}
		if !c.Pause(pause) {
			return false
		}
	}
	return true
}

// Pause waits, unless the test ends.
func (c *Conn) Pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.srv.done:
		return false
	}
}

// Stall does nothing more until the client closes the connection or the test
// ends.
func (c *Conn) Stall() { io.Copy(io.Discard, c.br) } //nolint:errcheck,gosec // however it ends

// Hang does not even read any more, until the test ends.
func (c *Conn) Hang() { <-c.srv.done }

// Close closes the connection.
func (c *Conn) Close() { c.nc.Close() } //nolint:errcheck,gosec // it may be gone already

// CloseWrite ends the sending side.
func (c *Conn) CloseWrite() {
	if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
		w.CloseWrite() //nolint:errcheck,gosec // as Close
	}
}

// Reset breaks the connection off: the client gets ECONNRESET.
func (c *Conn) Reset() {
	nc := c.nc
	if tc, ok := nc.(*tls.Conn); ok {
		nc = tc.NetConn()
	}
	switch r := nc.(type) {
	case interface{ Reset() }:
		r.Reset()
	case *net.TCPConn:
		r.SetLinger(0) //nolint:errcheck,gosec // as Close
	}
	nc.Close() //nolint:errcheck,gosec // as Close
}
