package ws

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// wire stands between the codec and the connection: an io.ReadWriteCloser that
// filters what comes and buffers what goes.
type wire struct {
	in     inbound
	out    outbound
	rwc    io.ReadWriteCloser
	agreed *agreement // nil without compression
	open   bool       // the handshake has passed
}

func newWire(c *Conn, rwc io.ReadWriteCloser, agreed *agreement) *wire {
	w := &wire{rwc: rwc, agreed: agreed}
	w.in.br = bufio.NewReader(&timedReader{rwc, c})
	w.in.limit = c.opts.MaxMessageSize
	w.in.deflate = agreed != nil
	w.in.control = c.handleControl
	w.out.body = rwc
	w.out.goWorker = c.workers.Go
	w.out.onWriteError = c.writeFailed
	return w
}

// Read is for the codec, which reads before the end of the handshake only to
// explain why it fails.
func (w *wire) Read(p []byte) (int, error) {
	if !w.open {
		return 0, io.EOF
	}
	return w.in.Read(p)
}

// Write is for the codec.
func (w *wire) Write(p []byte) (int, error) { return w.out.Write(p) }

// Close is for the codec, which has no say in when the connection ends.
func (w *wire) Close() error { return nil }

// netConn is the connection below, or nil if the body hides it.
func (w *wire) netConn() net.Conn {
	if b, ok := w.rwc.(interface{ NetConn() net.Conn }); ok {
		return b.NetConn()
	}
	nc, _ := w.rwc.(net.Conn) // nil is an answer
	return nc
}

// deadlineSetters are those of the body, or of the connection that is known to be below
// it; nil if there are none. Writes have one without TLS only: crypto/tls cannot
// go on after a write that was interrupted.
func (w *wire) deadlineSetters(below net.Conn, secure bool) (read, write func(time.Time) error) {
	if below != nil {
		read, write = below.SetReadDeadline, below.SetWriteDeadline
	}
	if d, ok := w.rwc.(interface{ SetReadDeadline(t time.Time) error }); ok {
		read = d.SetReadDeadline
	}
	if d, ok := w.rwc.(interface{ SetWriteDeadline(t time.Time) error }); ok {
		write = d.SetWriteDeadline
	}
	if _, ok := below.(*tls.Conn); ok || secure {
		write = nil
	}
	return read, write
}

// timedReader reads from the connection and notes when bytes came, for the heartbeat.
type timedReader struct {
	r io.Reader
	c *Conn
}

func (p *timedReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if n > 0 && p.c.opts.Heartbeat > 0 {
		p.c.lastRead.Store(int64(time.Since(p.c.opened)))
	}
	return n, err
}
