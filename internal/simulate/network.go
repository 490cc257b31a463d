package simulate

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

// network is where client and servers meet. It knows both ends of every connection,
// and loses some, as the plan says.
type network struct {
	*memnet.Network
	mu    sync.Mutex
	conns map[string]*link // by the address of the client
	wires map[Host][]Op
	down  map[Host]Op // the fault of dials, as long as there is one

	patience time.Duration // for what is about to be closed

	sockets bool            // of loopback, in place of memory
	ports   map[Host]string // where they listen then
}

// link is one connection.
type link struct {
	host   Host
	open   bool   // the client has not closed it
	busy   bool   // an answer of HTTP/1 is under way
	policy string // under which it was made, as far as a server can tell
}

func newNetwork(p *Plan) *network {
	n := &network{
		Network: memnet.New(), conns: map[string]*link{},
		wires: map[Host][]Op{}, down: map[Host]Op{}, ports: map[Host]string{}, patience: time.Microsecond,
	}
	n.SetBuffers(p.toServer(), p.Client.Buffer)
	for _, op := range p.Ops {
		if op.Kind == Wire {
			n.wires[op.Host] = append(n.wires[op.Host], op)
		}
	}
	return n
}

// toServer is what a connection holds on its way to a server. Where there is HTTP/2,
// that is all: net/http writes under a mutex, and time in a bubble stands still while
// somebody waits for one.
func (p *Plan) toServer() int {
	for _, op := range p.Ops {
		if op.Host == TLS2 || slices.Contains(op.redirects(), TLS2) {
			return 16 << 20
		}
	}
	return p.Client.Buffer
}

// dial is the client's.
func (n *network) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	name, _, _ := net.SplitHostPort(addr)
	host := Host(name)
	n.mu.Lock()
	fault, hit := n.down[host]
	n.mu.Unlock()
	if hit {
		if err := fail(ctx, fault, addr); err != nil {
			return nil, err
		}
	}
	if n.sockets { // as it is: a connector looks at sockets in its own way
		return n.dialSocket(ctx, host)
	}
	conn, err := n.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &link{host: host, open: true}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns[conn.LocalAddr().String()] = l
	return &clientConn{conn, n, l}, nil
}

// fail is what a fault makes of a dial.
func fail(ctx context.Context, op Op, addr string) error {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	switch op.Fault {
	case NoName:
		return &net.DNSError{Err: "server misbehaving", Name: addr, IsTemporary: true}
	case Hole:
		<-ctx.Done()
		return ctx.Err()
	case Late:
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(op.For):
			return nil
		}
	default:
		return refused
	}
}

// open is how many connections the client has not closed.
func (n *network) open() (open int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.conns {
		if l.open {
			open++
		}
	}
	return open
}

// clientConn is the client's end.
type clientConn struct {
	net.Conn
	net  *network
	link *link
}

// Close tells the network before it happens.
func (c *clientConn) Close() error {
	c.net.mu.Lock()
	c.link.open = false
	c.net.mu.Unlock()
	return c.Conn.Close()
}

// listen is where the servers of a host listen.
func (n *network) listen(host Host) (net.Listener, error) {
	if !n.sockets {
		return n.Listen(host.addr())
	}
	ln, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n.ports[host] = ln.Addr().String()
	return ln, nil
}

// dialSocket is dial over loopback.
func (n *network) dialSocket(ctx context.Context, host Host) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", n.ports[host])
}

// listener gives servers the connections of one host, with their faults.
type listener struct {
	net.Listener
	host Host
	net  *network
	done <-chan struct{} // closed when stalls end

	mu    sync.Mutex
	count int
}

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &serverConn{Conn: nc, left: -1, done: l.done}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, op := range l.net.wires[l.host] {
		if op.Nth == l.count {
			c.fault, c.left = op, op.Offset
		}
	}
	l.count++
	return c, nil
}

// serverConn is the server's end. After so many bytes it meets its fault.
type serverConn struct {
	net.Conn
	fault Op
	done  <-chan struct{}
	mu    sync.Mutex
	left  int // bytes until then; -1: never
}

func (c *serverConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	left := c.left
	if left >= 0 {
		c.left = max(left-len(p), -1)
	}
	c.mu.Unlock()
	if left < 0 || len(p) <= left {
		return c.Conn.Write(p)
	}
	if c.fault.Fault == Flip {
		q := append([]byte(nil), p...)
		q[left] ^= 0x10
		return c.Conn.Write(q)
	}
	n, err := c.Conn.Write(p[:left])
	if err != nil {
		return n, err
	}
	switch c.fault.Fault {
	case Reset:
		c.reset()
		return n, syscall.ECONNRESET
	case Cut:
		c.Close()
		return n, syscall.EPIPE
	default:
	}
	rest(c.done, c.fault.For)
	m, err := c.Conn.Write(p[left:])
	return n + m, err
}

// reset loses the connection.
func (c *serverConn) reset() {
	switch nc := c.Conn.(type) {
	case *memnet.Conn:
		nc.Reset()
	case *net.TCPConn:
		nc.SetLinger(0)
		nc.Close()
	}
}

// rest waits, for ever if d is zero: until the servers are shut down.
func rest(done <-chan struct{}, d time.Duration) {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-done:
	case <-after:
	}
}

func (n *network) link(addr string) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.conns[addr]
}

// enter begins an exchange on a connection of HTTP/1, and says which limit that
// breaks. What the client has closed counts no more; that a slot is given back a
// moment before its connection is closed, nobody can see.
func (n *network) enter(l *link, policy string, c *Client) string {
	if n.sockets {
		return ""
	}
	if l == nil {
		return "a connection that nobody has made"
	}
	n.mu.Lock()
	l.busy, l.policy = true, policy
	n.mu.Unlock()
	text := n.tooMany(l, c)
	for wait := time.Microsecond; text != "" && wait <= n.patience; wait *= 4 {
		time.Sleep(wait)
		text = n.tooMany(l, c)
	}
	return text
}

// tooMany says which limit is broken. That of a host is one for each policy that its
// connections are made under.
func (n *network) tooMany(l *link, c *Client) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all, same, origin := 0, 0, 0
	for _, other := range n.conns {
		if !other.open || !other.busy {
			continue
		}
		all++
		if other.host == l.host {
			origin++
			if other.policy == l.policy {
				same++
			}
		}
	}
	shared := l.host.isProxy() || l.host == Evil // hosts share a proxy, and policies do not show
	switch {
	case all > c.Limit:
		return fmt.Sprintf("%d requests under way, Limit allows %d", all, c.Limit)
	case c.PerHost > 0 && same > c.PerHost && !shared:
		return fmt.Sprintf("%d requests under way to one host, LimitPerHost allows %d", same, c.PerHost)
	case c.has("concurrency") && !c.has("hedge") && origin > c.Slots && !shared:
		return fmt.Sprintf("%d requests under way to one host, Concurrency allows %d", origin, c.Slots)
	}
	return ""
}

func (n *network) leave(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l != nil {
		l.busy = false
	}
}

// breakDials has dials to a host fail for a while.
func (n *network) breakDials(op Op) {
	n.mu.Lock()
	n.down[op.Host] = op
	n.mu.Unlock()
	time.Sleep(op.For)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down[op.Host].ID == op.ID {
		delete(n.down, op.Host)
	}
}
