package wiretest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// Server runs a script for each connection that it accepts. It is safe for
// concurrent use.
type Server struct {
	t      testing.TB
	ln     net.Listener
	scheme string
	script func(*Conn)
	done   chan struct{} // closed by Close

	proceed chan struct{}
	wg      sync.WaitGroup

	mu       sync.Mutex
	isClosed bool
	conns    []*Conn
	heads    []string
}

// New starts a server on a free port of loopback. It ends, with all its
// connections, when the test does.
func New(t testing.TB, script func(*Conn)) *Server {
	t.Helper()
	return NewOn(t, listenLoopback(t), script)
}

// NewTLS is [New] with TLS. A failed handshake ends the connection before the
// script is run.
func NewTLS(t testing.TB, cfg *tls.Config, script func(*Conn)) *Server {
	t.Helper()
	return NewTLSOn(t, listenLoopback(t), cfg, script)
}

// NewOn is [New] on any listener, which it closes in the end.
func NewOn(t testing.TB, ln net.Listener, script func(*Conn)) *Server {
	t.Helper()
	return startServer(t, ln, "http", script)
}

// NewTLSOn is [NewTLS] on any listener, which it closes in the end.
func NewTLSOn(t testing.TB, ln net.Listener, cfg *tls.Config, script func(*Conn)) *Server {
	t.Helper()
	return startServer(t, tls.NewListener(ln, cfg), "https", script)
}

func listenLoopback(t testing.TB) net.Listener {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func startServer(t testing.TB, ln net.Listener, scheme string, script func(*Conn)) *Server {
	s := &Server{t: t, ln: ln, scheme: scheme, script: script, done: make(chan struct{}), proceed: make(chan struct{}, maxProceed)}
	s.wg.Go(s.acceptAll)
	t.Cleanup(s.Close)
	return s
}

func (s *Server) acceptAll() {
	for {
		nc, err := s.ln.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.isClosed {
			s.mu.Unlock()
			closeRaw(nc)
			return
		}
		c := &Conn{N: len(s.conns), srv: s, nc: nc}
		c.br = bufio.NewReader(io.TeeReader(nc, &c.tape))
		s.conns = append(s.conns, c)
		s.wg.Go(c.runScript)
		s.mu.Unlock()
	}
}

// Close ends the server and its connections, and waits for the scripts. The
// test's cleanup calls it; calling it again does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	again := s.isClosed
	s.isClosed = true
	conns := slices.Clone(s.conns)
	s.mu.Unlock()
	if !again {
		close(s.done)
		s.ln.Close() // it is over
		for _, c := range conns {
			closeRaw(c.nc)
		}
	}
	s.wg.Wait()
}

// closeRaw closes a connection without TLS's goodbye, which could block.
func closeRaw(nc net.Conn) {
	rawConn(nc).Close() // it may be gone already
}

func rawConn(nc net.Conn) net.Conn {
	if tc, ok := nc.(*tls.Conn); ok {
		return tc.NetConn()
	}
	return nc
}

// maxProceed is how many calls of Proceed there can be that no script has met.
const maxProceed = 64

// Proceed lets one script of this server go on that waits in [Conn.AwaitProceed], now or
// later. It does not wait.
func (s *Server) Proceed() {
	select {
	case s.proceed <- struct{}{}:
	default:
		s.t.Error("wiretest: no script waits to proceed")
	}
}

// Receive takes what a script gives the test, and fails the test if nothing comes.
func Receive[T any](t testing.TB, ch <-chan T) (v T) {
	t.Helper()
	timer := time.NewTimer(receiveTime)
	defer timer.Stop()
	select {
	case v = <-ch:
	case <-timer.C:
		t.Fatal("wiretest: nothing comes")
	}
	return v
}

const receiveTime = 10 * time.Second

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

// Requests are the heads that scripts have read, of all connections, in the
// order of their end.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heads)
}

// Received are the bytes that connection n has sent so far, as far as they were
// read, and not more than the first MiB. With TLS they are the plain text.
func (s *Server) Received(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 || n >= len(s.conns) {
		return ""
	}
	return s.conns[n].tape.String()
}

func (s *Server) recordHead(head string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads = append(s.heads, head)
}
