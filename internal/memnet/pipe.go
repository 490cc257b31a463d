package memnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is one end of a connection in memory.
type Conn struct {
	local, remote Addr
	in, out       *half
}

func pipe(local, remote string, buffer int) (client, server *Conn) {
	up, down := newHalf(buffer), newHalf(buffer)
	client = &Conn{local: Addr(local), remote: Addr(remote), in: down, out: up}
	server = &Conn{local: Addr(remote), remote: Addr(local), in: up, out: down}
	return client, server
}

// half is one direction.
type half struct {
	mu     sync.Mutex
	change chan struct{} // closed, and made anew, whenever something changes
	data   []byte
	limit  int
	eof    bool  // the writer has ended
	gone   bool  // the reader has closed
	closed bool  // the writer has closed its conn
	reset  error // both have lost the connection
	read   deadline
	write  deadline
}

type deadline struct {
	t     time.Time
	timer *time.Timer
}

func newHalf(limit int) *half { return &half{change: make(chan struct{}), limit: limit} }

// changed wakes whoever waits. The lock is held.
func (h *half) changed() {
	close(h.change)
	h.change = make(chan struct{})
}

func (h *half) update(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	h.changed()
}

func (d *deadline) passed() bool { return !d.t.IsZero() && !time.Now().Before(d.t) }

func (h *half) setDeadline(d *deadline, t time.Time) {
	h.update(func() {
		if d.timer != nil {
			d.timer.Stop()
			d.timer = nil
		}
		if d.t = t; !t.IsZero() {
			if wait := time.Until(t); wait > 0 {
				d.timer = time.AfterFunc(wait, func() { h.update(func() {}) })
			}
		}
	})
}

func (h *half) stopTimers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range []*deadline{&h.read, &h.write} {
		if d.timer != nil {
			d.timer.Stop()
		}
	}
}

func (h *half) Read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.gone:
			return 0, net.ErrClosed
		case h.reset != nil:
			return 0, h.reset
		case h.read.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(h.data) > 0:
			n := copy(p, h.data)
			h.data = h.data[n:]
			h.changed()
			return n, nil
		case h.eof:
			return 0, io.EOF
		}
		h.wait()
	}
}

func (h *half) Write(p []byte) (n int, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.closed:
			return n, net.ErrClosed
		case h.reset != nil:
			return n, h.reset
		case h.eof, h.gone:
			return n, syscall.EPIPE
		case h.write.passed():
			return n, os.ErrDeadlineExceeded
		case len(p) == n:
			return n, nil
		case len(h.data) < h.limit:
			m := min(len(p)-n, h.limit-len(h.data))
			h.data = append(h.data, p[n:n+m]...)
			n += m
			h.changed()
			continue
		}
		h.wait()
	}
}

// wait lets go of the lock until something changes.
func (h *half) wait() {
	change := h.change
	h.mu.Unlock()
	<-change
	h.mu.Lock()
}

// Read reads what the peer has written.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	return n, c.wrap("read", err)
}

// Write blocks while the buffer is full.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	return n, c.wrap("write", err)
}

func (c *Conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "mem", Source: c.local, Addr: c.remote, Err: err}
}

// Close ends both directions. The peer can read what was written before.
func (c *Conn) Close() error {
	var again bool
	c.out.update(func() { again, c.out.closed, c.out.eof = c.out.closed, true, true })
	c.in.update(func() { c.in.gone = true })
	c.out.stopTimers()
	c.in.stopTimers()
	if again {
		return c.wrap("close", net.ErrClosed)
	}
	return nil
}

// CloseWrite ends the sending direction.
func (c *Conn) CloseWrite() error {
	c.out.update(func() { c.out.eof = true })
	return nil
}

// Reset breaks the connection off, for both ends and what is under way.
func (c *Conn) Reset() {
	for _, h := range []*half{c.in, c.out} {
		h.update(func() { h.reset, h.data = syscall.ECONNRESET, nil })
		h.stopTimers()
	}
}

// LocalAddr is the own address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)  //nolint:errcheck,gosec // always nil
	c.SetWriteDeadline(t) //nolint:errcheck,gosec // always nil
	return nil
}

// SetReadDeadline bounds present and future reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.read, t)
	return nil
}

// SetWriteDeadline bounds present and future writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.write, t)
	return nil
}
