package wiretest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// Conn is a connection as its script sees it. A client that has gone makes its
// methods return false or do nothing. It is for one goroutine, but Close, Reset
// and CloseWrite may be called from others.
type Conn struct {
	// N is the number of the connection, from 0 in the order of Accept.
	N int

	srv  *Server
	nc   net.Conn
	br   *bufio.Reader
	tape tape
}

func (c *Conn) runScript() {
	defer c.Close()
	if tc, ok := c.nc.(*tls.Conn); ok && tc.HandshakeContext(c.srv.t.Context()) != nil {
		return
	}
	c.srv.script(c)
}

// NetConn is the connection itself, a *tls.Conn with TLS. Bytes that it reads
// are not recorded, and may come after some that the script has not seen yet.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Write writes s as it is.
func (c *Conn) Write(s string) bool {
	_, err := io.WriteString(c.nc, s)
	return err == nil
}

// WriteSlow writes s in pieces of n bytes with a pause between them. It is false
// as well if the test ends meanwhile.
func (c *Conn) WriteSlow(s string, n int, pause time.Duration) bool {
	for first := true; s != ""; first = false {
		if !first && !c.Pause(pause) {
			return false
		}
		piece := s[:min(max(n, 1), len(s))]
		s = s[len(piece):]
		if !c.Write(piece) {
			return false
		}
	}
	return true
}

// Drip is [Conn.WriteSlow].
func (c *Conn) Drip(s string, n int, pause time.Duration) bool { return c.WriteSlow(s, n, pause) }

// Pause waits. It is false if the test ends first.
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

// Await waits until ch gives something or is closed. It is false if the test ends
// first: a script must not wait for anything else of a test, which may have failed
// before it came to that.
func (c *Conn) Await(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	case <-c.srv.done:
		return false
	}
}

// AwaitProceed waits for a [Server.Proceed]. It is false if the test ends first.
func (c *Conn) AwaitProceed() bool { return c.Await(c.srv.proceed) }

// Stall answers nothing until the client closes the connection or the test ends.
// It goes on reading, so that it sees the client go.
func (c *Conn) Stall() { io.Copy(io.Discard, c.br) } // however it ends

// Hang does not even read any more, until the test ends: the client's writes
// block once the buffers are full.
func (c *Conn) Hang() { <-c.srv.done }

// Close ends the connection; with TLS it says so first. The client can read what
// was written before.
func (c *Conn) Close() { c.nc.Close() } // it may be gone already

// CloseWrite ends the sending side. The client's end of file is the first that
// it hears of it.
func (c *Conn) CloseWrite() {
	if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
		w.CloseWrite() // as Close
	}
}

// Reset breaks the connection off: the client gets ECONNRESET after what was
// written before, with TLS as well.
func (c *Conn) Reset() {
	nc := rawConn(c.nc)
	switch r := nc.(type) {
	case interface{ Reset() }:
		r.Reset()
	case interface{ SetLinger(sec int) error }:
		r.SetLinger(0) // as Close
	}
	nc.Close() // as Close
}

// maxTape is how much of what a client sends is kept.
const maxTape = 1 << 20

// tape keeps the start of what is written to it.
type tape struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[:min(len(p), maxTape-len(t.buf))]...)
	return len(p), nil
}

func (t *tape) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}
