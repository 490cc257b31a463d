package happyeyeballs_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// The addresses of the tests, by name: v4 and v6 ones, all with port 80.
func addr(name string) netip.AddrPort {
	ip := "10.0.0." + name[1:]
	if name[0] == 's' { // six
		ip = "2001:db8::" + name[1:]
	}
	return netip.AddrPortFrom(netip.MustParseAddr(ip), 80)
}

func addrs(names string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, name := range strings.Fields(names) {
		list = append(list, addr(name))
	}
	return list
}

func name(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	text := a.Addr().String()
	if a.Addr().Is4() {
		return "f" + text[strings.LastIndexByte(text, '.')+1:] // four
	}
	return "s" + text[strings.LastIndexByte(text, ':')+1:]
}

func names(list []netip.AddrPort) string {
	var out []string
	for _, a := range list {
		out = append(out, name(a))
	}
	return strings.Join(out, " ")
}

// server is what is behind an address. Its zero value connects at once.
type server struct {
	takes time.Duration
	err   error
	deaf  bool // does not listen to the context
}

// network is what Attempt connects to. It records what happens, and when.
type network struct {
	servers map[string]server
	begun   time.Time

	mu     sync.Mutex
	log    []string // "name@time since begun"
	conns  []*conn
	ended  []string // whose attempt was ended by its context
	active int
	peak   int
}

func newNetwork(servers map[string]server) *network {
	return &network{servers: servers, begun: time.Now()}
}

func (n *network) attempt(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	who := name(a)
	s := n.servers[who]
	n.mu.Lock()
	n.log = append(n.log, fmt.Sprintf("%s@%v", who, time.Since(n.begun)))
	n.active++
	n.peak = max(n.peak, n.active)
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.active--
		n.mu.Unlock()
	}()
	done := ctx.Done()
	if s.deaf {
		done = nil
	}
	select {
	case <-time.After(s.takes):
	case <-done:
		n.mu.Lock()
		n.ended = append(n.ended, who)
		n.mu.Unlock()
		return nil, ctx.Err()
	}
	if s.err != nil {
		return nil, s.err
	}
	c := &conn{name: who}
	n.mu.Lock()
	n.conns = append(n.conns, c)
	n.mu.Unlock()
	return c, nil
}

// open are the connections that nobody has closed.
func (n *network) open() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for _, c := range n.conns {
		if !c.isClosed() {
			out = append(out, c.name)
		}
	}
	return strings.Join(out, " ")
}

func (n *network) attempts() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.log, " ")
}

// conn is a connection that only closes.
type conn struct {
	net.Conn
	name   string
	mu     sync.Mutex
	closed bool
}

func (c *conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	return nil
}

func (c *conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// refused is what a server without a listener answers.
func refused(who string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(addr(who)), Err: syscall.ECONNREFUSED}
}

// never is longer than any test waits.
const never = 1000 * time.Hour

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
