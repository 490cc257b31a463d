//go:build interop && linux

package interop_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// startMicrosocks runs one, and returns its "host:port".
func startMicrosocks(t *testing.T, args ...string) string {
	t.Helper()
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	start(t, workDir(t), []string{addr}, "microsocks", append([]string{"-i", host, "-p", port}, args...)...)
	return addr
}

// startDante runs one that refuses connections to a port.
func startDante(t *testing.T, refused string) string {
	t.Helper()
	dir := workDir(t)
	// It takes only addresses that an interface is said to have.
	port := freePort(t, "127.0.0.1")
	addr := net.JoinHostPort("127.0.0.1", port)
	config := expand(`
logoutput: $(dir)/dante.log
internal: 127.0.0.1 port = $(port)
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {
	from: 127.0.0.0/8 to: 0.0.0.0/0
}
socks block {
	from: 0.0.0.0/0 to: 0.0.0.0/0 port = $(refused)
	log: connect error
}
socks pass {
	from: 0.0.0.0/0 to: 0.0.0.0/0
	log: connect error
}
`, map[string]string{"dir": dir, "port": port, "refused": refused})
	start(t, dir, []string{addr}, "danted", "-N", "1", "-f", file(t, dir, "danted.conf", config))
	return addr
}

// names is a resolver that knows one name, and counts.
type names struct {
	name  string
	addr  string
	asked atomic.Int32
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.asked.Add(1)
	if host != n.name {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr(n.addr)}, nil
}

// viaSOCKS asks an origin through a proxy whose URL begins with socks5: and goes
// on as given.
func viaSOCKS(t *testing.T, authority string) {
	t.Helper()
	viaProxy(t, "socks5://"+authority, nil)
	viaProxy(t, "socks5h://"+authority, nil)

	o := newOrigin(t, false)
	known := &names{name: "only-here.test", addr: "127.0.0.1"}
	s := newSession(t, connector.Config{Proxy: "socks5://" + authority, Resolver: known})
	resp, err := s.Get(t.Context(), "http://only-here.test:"+o.port(t))
	if got := tellsSeen(t, resp, err); got.Host != "only-here.test:"+o.port(t) {
		t.Errorf("socks5: got host %s", got.Host)
	}
	if known.asked.Load() == 0 {
		t.Error("socks5: the name was not resolved here")
	}
	none := &names{}
	s = newSession(t, connector.Config{Proxy: "socks5h://" + authority, Resolver: none})
	resp, err = s.Get(t.Context(), "http://localhost:"+o.port(t))
	if got := tellsSeen(t, resp, err); got.Host != "localhost:"+o.port(t) {
		t.Errorf("socks5h: got host %s", got.Host)
	}
	if n := none.asked.Load(); n != 0 {
		t.Errorf("socks5h: %d names were resolved here", n)
	}
	err = fails(t, s, "http://127.0.0.1:"+freePort(t, "127.0.0.1"))
	if !errors.Is(err, errors.ErrClientConnector) || errors.Is(err, errors.ErrServerTimeout) {
		t.Errorf("a dead origin: got %v", err)
	}
	err = fails(t, s, "http://no-such-name.invalid/")
	if !errors.Is(err, errors.ErrClientConnector) {
		t.Errorf("a name that the proxy does not find: got %v", err)
	}
}

func TestInteropMicrosocks(t *testing.T) {
	t.Parallel()
	viaSOCKS(t, startMicrosocks(t))
}

func TestInteropMicrosocksLogin(t *testing.T) {
	t.Parallel()
	addr := startMicrosocks(t, "-u", "me", "-P", "secret")
	viaSOCKS(t, "me:secret@"+addr)

	o := newOrigin(t, true)
	s := newSession(t, connector.Config{TLS: o.leaf.Client()})
	resp, err := s.Get(t.Context(), o.URL, session.Proxy("socks5://"+addr), session.ProxyAuth("me", "secret"))
	tellsSeen(t, resp, err)
	for name, opts := range map[string][]session.Option{
		"no login":       {session.Proxy("socks5://" + addr)},
		"wrong password": {session.Proxy("socks5h://" + addr), session.ProxyAuth("me", "wrong")},
		"wrong user":     {session.Proxy("socks5://you:secret@" + addr)},
	} {
		err := fails(t, s, o.URL, opts...)
		if !errors.Is(err, errors.ErrClientProxyConnection) {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: the error has the password: %v", name, err)
		}
	}
	// A proxy that is not there.
	err = fails(t, s, o.URL, session.Proxy("socks5://"+freeAddr(t)))
	if !errors.Is(err, errors.ErrClientProxyConnection) {
		t.Errorf("no proxy: got %v", err)
	}
}

func TestInteropDante(t *testing.T) {
	t.Parallel()
	refused := newOrigin(t, false)
	addr := startDante(t, refused.port(t))
	viaSOCKS(t, addr)
	s := newSession(t, connector.Config{Proxy: "socks5://" + addr})
	err := fails(t, s, refused.URL)
	if !errors.Is(err, errors.ErrClientConnector) || !strings.Contains(err.Error(), "ruleset") {
		t.Errorf("refused by a rule: got %v", err)
	}
	if n := len(refused.requests()); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}
