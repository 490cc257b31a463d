package memnet

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// backlog is how many dials succeed before somebody accepts.
const backlog = 128

// Listener is a net.Listener. It is safe for concurrent use.
type Listener struct {
	net    *Network
	addr   Addr
	queue  chan *Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a dial. After Close it returns an error that is
// net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	if !l.isClosed() {
		select {
		case c := <-l.queue:
			return c, nil
		case <-l.closed:
		}
	}
	return nil, opError("accept", "mem", string(l.addr), net.ErrClosed)
}

// Close gives the address back and resets connections that nobody has accepted;
// the others stay. Closing again does nothing.
func (l *Listener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.listeners, string(l.addr))
		l.net.mu.Unlock()
		close(l.closed)
		l.resetQueued()
	})
	return nil
}

// Addr is the address that was listened on, with the port that was given for 0.
func (l *Listener) Addr() net.Addr { return l.addr }

// handOver hands a connection to a later Accept. A full queue makes it wait, as
// dials wait whose SYN is dropped.
func (l *Listener) handOver(ctx context.Context, c *Conn) error {
	if l.isClosed() {
		return syscall.ECONNREFUSED
	}
	select {
	case l.queue <- c:
		if l.isClosed() { // perhaps after its drop
			l.resetQueued()
		}
		return nil
	case <-l.closed:
		return syscall.ECONNREFUSED
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Listener) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// resetQueued resets what nobody has accepted.
func (l *Listener) resetQueued() {
	for {
		select {
		case c := <-l.queue:
			c.Reset()
		default:
			return
		}
	}
}
