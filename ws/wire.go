package ws

import (
	"bufio"
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
}

func newWire(c *Conn, rwc io.ReadWriteCloser, agreed *agreement) *wire {
	w := &wire{rwc: rwc, agreed: agreed}
	w.in.br = bufio.NewReader(&pulse{rwc, c})
	w.in.limit = c.opts.MaxMessageSize
	w.in.deflate = agreed != nil
	w.in.control = c.control
	w.out.body = rwc
	w.out.start = c.workers.Go
	w.out.fail = c.writeFailed
	return w
}

// Read is for the codec.
func (w *wire) Read(p []byte) (int, error) { return w.in.Read(p) }

// Write is for the codec.
func (w *wire) Write(p []byte) (int, error) { return w.out.Write(p) }

// Close is for the codec, which has no say in when the connection ends.
func (w *wire) Close() error { return nil }

// netConn is the connection below, or nil if the body hides it.
func (w *wire) netConn() net.Conn {
	if b, ok := w.rwc.(interface{ NetConn() net.Conn }); ok {
		return b.NetConn()
	}
	nc, _ := w.rwc.(net.Conn) //nolint:errcheck // nil is an answer
	return nc
}

// deadliner is what interrupts the connection's reads: the body itself, or what
// is known to be below it.
func (w *wire) deadliner(below net.Conn) deadliner {
	if d, ok := w.rwc.(deadliner); ok {
		return d
	}
	if below != nil {
		return below
	}
	return nil
}

// pulse reads from the connection and notes when something came.
type pulse struct {
	r io.Reader
	c *Conn
}

func (p *pulse) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if n > 0 && p.c.opts.Heartbeat > 0 {
		p.c.heard.Store(int64(time.Since(p.c.born)))
	}
	return n, err
}
