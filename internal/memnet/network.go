package memnet

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// defaultBuffer is what a direction holds if nobody says otherwise.
const defaultBuffer = 64 << 10

// Network connects dialers to listeners by address, "host:port", compared as
// text. It is safe for concurrent use; make it with [New].
type Network struct {
	mu        sync.Mutex
	toServer  int
	toClient  int
	listeners map[string]*Listener
	hooks     map[string]hook
	dials     map[string]int
	clients   int // port of the latest client
	ports     int // latest port given for ":0"
}

// hook is what happens to dials instead of, or before, connecting.
type hook struct {
	err       error
	blackhole bool
	delay     time.Duration
}

// New returns a network with nobody on it.
func New() *Network {
	return &Network{
		toServer:  defaultBuffer,
		toClient:  defaultBuffer,
		listeners: map[string]*Listener{},
		hooks:     map[string]hook{},
		dials:     map[string]int{},
	}
}

// SetBuffer sets how many bytes later connections hold in each direction before
// a write blocks. Zero or less is the default, 64 KiB.
func (n *Network) SetBuffer(bytes int) { n.SetBuffers(bytes, bytes) }

// SetBuffers is [Network.SetBuffer] with a size for each direction.
func (n *Network) SetBuffers(toServer, toClient int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.toServer, n.toClient = toServer, toClient
}

// Refuse makes dials to addr fail with ECONNREFUSED although somebody listens.
func (n *Network) Refuse(addr string) { n.Fail(addr, syscall.ECONNREFUSED) }

// Fail makes dials to addr fail with err, wrapped in a *net.OpError.
func (n *Network) Fail(addr string, err error) { n.setHook(addr, hook{err: err}) }

// Blackhole makes dials to addr hang until their context is done. They return
// the context's error as it is.
func (n *Network) Blackhole(addr string) { n.setHook(addr, hook{blackhole: true}) }

// Delay makes dials to addr take d before they connect.
func (n *Network) Delay(addr string, d time.Duration) { n.setHook(addr, hook{delay: d}) }

// Restore undoes [Network.Refuse], [Network.Fail], [Network.Blackhole] and
// [Network.Delay]. Of these, the latest call for an address counts. Dials that
// hang already go on hanging.
func (n *Network) Restore(addr string) { n.setHook(addr, hook{}) }

func (n *Network) setHook(addr string, h hook) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hooks[addr] = h
}

// Dials is how often addr was dialed, failures included.
func (n *Network) Dials(addr string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials[addr]
}

// Listen takes an address; port 0 gives a free port of the host. Closing the
// listener gives the address back. An address in use is EADDRINUSE.
func (n *Network) Listen(addr string) (*Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for host, taken := strings.CutSuffix(addr, ":0"); taken; _, taken = n.listeners[addr] {
		n.ports++
		addr = host + ":" + strconv.Itoa(n.ports)
	}
	if n.listeners[addr] != nil {
		return nil, opError("listen", "mem", addr, syscall.EADDRINUSE)
	}
	l := &Listener{net: n, addr: Addr(addr), queue: make(chan *Conn, backlog), closed: make(chan struct{})}
	n.listeners[addr] = l
	return l, nil
}

// DialContext connects to the listener at addr; the network's name appears in
// errors only. Nobody listening is ECONNREFUSED, a context that is done is the
// context's own error. The signature is that of net.Dialer's method.
func (n *Network) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	n.mu.Lock()
	n.dials[addr]++
	h := n.hooks[addr]
	n.mu.Unlock()
	if err := h.apply(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, opError("dial", network, addr, err)
	}
	n.mu.Lock()
	l := n.listeners[addr]
	n.clients++
	client, server := newPipe(Addr("client:"+strconv.Itoa(n.clients)), Addr(addr), n.toServer, n.toClient)
	n.mu.Unlock()
	if l == nil {
		return nil, opError("dial", network, addr, syscall.ECONNREFUSED)
	}
	if err := l.handOver(ctx, server); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, opError("dial", network, addr, err)
	}
	return client, nil
}

// apply lets a dial through, after its delay, or says why not.
func (h hook) apply(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.blackhole {
		<-ctx.Done()
		return ctx.Err()
	}
	if h.delay > 0 {
		timer := time.NewTimer(h.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return h.err
}

func opError(op, network, addr string, err error) error {
	return &net.OpError{Op: op, Net: network, Addr: Addr(addr), Err: err}
}

// Addr is an address on a network in memory.
type Addr string

// Network is "mem".
func (Addr) Network() string { return "mem" }

// String is the address itself.
func (a Addr) String() string { return string(a) }
