// Package memnet is a network in memory. It needs nothing but channels, so that
// it works in a bubble of testing/synctest, where hours pass in no time.
package memnet

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

// Network connects listeners and dialers by address, "host:port".
type Network struct {
	mu        sync.Mutex
	buffer    int
	listeners map[string]*Listener
	hooks     map[string]hook
	dials     map[string]int
}

type hook struct {
	refuse, blackhole bool
	delay             time.Duration
}

// New returns a network with nobody on it.
func New() *Network {
	return &Network{
		buffer: 64 << 10, listeners: map[string]*Listener{}, hooks: map[string]hook{}, dials: map[string]int{},
	}
}

// SetBuffer sets how much later connections hold in each direction before a
// write blocks; the default is 64 KiB.
func (n *Network) SetBuffer(bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.buffer = bytes
}

// Refuse makes dials to addr fail as if nobody listened.
func (n *Network) Refuse(addr string) { n.hook(addr, hook{refuse: true}) }

// Blackhole makes dials to addr hang until their context ends.
func (n *Network) Blackhole(addr string) { n.hook(addr, hook{blackhole: true}) }

// Delay makes dials to addr take d.
func (n *Network) Delay(addr string, d time.Duration) { n.hook(addr, hook{delay: d}) }

// Restore makes dials to addr work again.
func (n *Network) Restore(addr string) { n.hook(addr, hook{}) }

func (n *Network) hook(addr string, h hook) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hooks[addr] = h
}

// Dials is how often addr was dialed.
func (n *Network) Dials(addr string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[addr]
}

// Listen takes an address. Closing the listener gives it back.
func (n *Network) Listen(addr string) (*Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[addr] != nil {
		return nil, opError("listen", addr, syscall.EADDRINUSE)
	}
	l := &Listener{net: n, addr: Addr(addr), accept: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[addr] = l
	return l, nil
}

// DialContext connects to a listener, with the signature that a connector
// wants. The network's name does not matter.
func (n *Network) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dials[addr]++
	h, l, buffer := n.hooks[addr], n.listeners[addr], n.buffer
	n.mu.Unlock()
	if h.blackhole {
		<-ctx.Done()
		return nil, opError("dial", addr, ctx.Err())
	}
	if h.delay > 0 {
		timer := time.NewTimer(h.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, opError("dial", addr, ctx.Err())
		}
	}
	if h.refuse || l == nil {
		return nil, opError("dial", addr, syscall.ECONNREFUSED)
	}
	client, server := pipe("client", addr, buffer)
	select {
	case l.accept <- server:
		return client, nil
	case <-l.closed:
		return nil, opError("dial", addr, syscall.ECONNREFUSED)
	case <-ctx.Done():
		return nil, opError("dial", addr, ctx.Err())
	}
}

func opError(op, addr string, err error) error {
	return &net.OpError{Op: op, Net: "mem", Addr: Addr(addr), Err: err}
}

// Addr is an address on a network in memory.
type Addr string

// Network is "mem".
func (Addr) Network() string { return "mem" }

func (a Addr) String() string { return string(a) }

// Listener is a net.Listener.
type Listener struct {
	net    *Network
	addr   Addr
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Accept waits for a dial.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, opError("accept", string(l.addr), net.ErrClosed)
	}
}

// Close gives the address back. Connections stay.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.net.mu.Lock()
		defer l.net.mu.Unlock()
		delete(l.net.listeners, string(l.addr))
	})
	return nil
}

// Addr is the address.
func (l *Listener) Addr() net.Addr { return l.addr }
