package memnet

import (
	"io"
	"net"
	"time"
)

// Conn is one end of a connection in memory, a net.Conn with CloseWrite and
// Reset. It is safe for concurrent use; concurrent writes do not mix.
type Conn struct {
	local, remote Addr
	in, out       *half
}

// Pipe returns the two ends of a connection that nobody had to dial. The sizes
// are what each direction holds before a write blocks; zero or less is 64 KiB.
func Pipe(toServer, toClient int) (client, server *Conn) {
	return newPipe("client:1", "server:1", toServer, toClient)
}

func newPipe(local, remote Addr, toServer, toClient int) (client, server *Conn) {
	up, down := newHalf(toServer), newHalf(toClient)
	client = &Conn{local: local, remote: remote, in: down, out: up}
	server = &Conn{local: remote, remote: local, in: up, out: down}
	return client, server
}

// Read reads what the peer has written. It gives io.EOF after the last byte
// before the peer's Close or CloseWrite, and ECONNRESET after the last byte
// before its Reset.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.wrapError("read", err)
}

// Write blocks while the buffer is full. After the peer's Close it gives EPIPE.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.wrapError("write", err)
}

// Close ends both directions. The peer can still read what was written before;
// what it has written, or writes now, is lost.
func (c *Conn) Close() error {
	err := c.out.closeWriter()
	c.in.closeReader()
	return c.wrapError("close", err)
}

// CloseWrite ends the sending direction: the peer reads io.EOF in the end, later
// writes give EPIPE.
func (c *Conn) CloseWrite() error { return c.wrapError("close", c.out.closeSending()) }

// Reset loses the connection: calls that are under way or come later give
// ECONNRESET at both ends, until the end itself is closed. The peer can read
// what it was sent before; on this side nothing can be read any more.
func (c *Conn) Reset() {
	c.out.abort(true)
	c.in.abort(false)
}

// LocalAddr is the own address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline bounds present and future reads: from t on they give
// os.ErrDeadlineExceeded, even if there are bytes to read. The zero time means
// no deadline.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.wrapError("set", c.in.setReadDeadline(t)) }

// SetWriteDeadline bounds present and future writes. The zero time means no
// deadline.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.wrapError("set", c.out.setWriteDeadline(t))
}

func (c *Conn) wrapError(op string, err error) error {
	if err == nil || err == io.EOF { // io.EOF is returned bare, as net.Conn demands
		return err
	}
	return &net.OpError{Op: op, Net: "mem", Source: c.local, Addr: c.remote, Err: err}
}
