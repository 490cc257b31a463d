package connector_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestProxyNotThere: nobody listens, or nobody knows the name.
func TestProxyNotThere(t *testing.T) {
	t.Parallel()
	addr := wiretest.RefusedAddr(t)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, target := range []string{"http://127.0.0.1/", "https://127.0.0.1/"} {
			t.Run(scheme+"/"+target, func(t *testing.T) {
				t.Parallel()
				dns := &proxyDNS{}
				c := newConnector(t, connector.Config{Proxy: scheme + "://user:canary@" + addr, Resolver: dns})
				_, err := try(t, c, target, connector.Settings{})
				var failure *errors.ClientProxyConnectionError
				if !errors.As(err, &failure) || !errors.Is(err, syscall.ECONNREFUSED) || fmt.Sprintf("%s:%d", failure.Host, failure.Port) != addr {
					t.Errorf("got %v, want a refused connection to %s", err, addr)
				}
				wantNoSecret(t, err)

				_, err = try(t, c, target, connector.Settings{Proxy: &connector.Proxy{URL: mustURL(t, scheme+"://user:canary@nowhere.example")}})
				var unknown *errors.ClientConnectorDNSError
				if !errors.As(err, &unknown) || unknown.Host != "nowhere.example" {
					t.Errorf("got %v, want an unknown name", err)
				}
				wantNoSecret(t, err)
			})
		}
	}
}

// TestProxyTargetUnknown: with socks5 it is the server's name that is not found,
// and no other address of the proxy is asked.
func TestProxyTargetUnknown(t *testing.T) {
	t.Parallel()
	p := new(testProxy).start(t, "socks5", nil)
	dns := &proxyDNS{names: map[string]string{"proxy.example": "127.0.0.1 127.0.0.2"}}
	c := newConnector(t, connector.Config{Proxy: hostname(t, p.text(), "proxy.example"), Resolver: dns})
	_, err := try(t, c, "https://nowhere.example:444/", connector.Settings{})
	var unknown *errors.ClientConnectorDNSError
	if !errors.As(err, &unknown) || unknown.Host != "nowhere.example" || unknown.Port != 444 {
		t.Errorf("got %v", err)
	}
	if p.srv.Conns() > 1 || len(p.tunnels()) != 0 {
		t.Errorf("%d connections, %q asked for", p.srv.Conns(), p.tunnels())
	}
}

// TestProxyAllowAddr: the guard is asked about the proxy's address, and about
// the server's where it is resolved here.
func TestProxyAllowAddr(t *testing.T) {
	t.Parallel()
	refused := errors.New("not that one")
	for scheme, want := range map[string]string{
		"http": "127.0.0.1", "https": "127.0.0.1", "socks5h": "127.0.0.1", "socks5": "192.0.2.7",
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			p := (&testProxy{config: originLeaf(t).Server()}).start(t, scheme, nil)
			c := newConnector(t, connector.Config{Proxy: p.text(), AllowAddr: func(a netip.AddrPort) error {
				if a.Addr().String() == want {
					return refused
				}
				return nil
			}})
			_, err := try(t, c, "http://192.0.2.7/", connector.Settings{})
			if !errors.Is(err, refused) || !errors.Is(err, errors.ErrClientConnector) {
				t.Errorf("got %v", err)
			}
			if len(p.tunnels()) != 0 {
				t.Errorf("asked for %q", p.tunnels())
			}
		})
	}
}

// TestProxyCertificate: an https proxy is verified under its own name, whatever
// pin or name there is for the server.
func TestProxyCertificate(t *testing.T) {
	t.Parallel()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(opts certs.Options) *certs.Leaf {
		l, err := ca.Issue(opts)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	origin, good := leaf(certs.Options{}), leaf(certs.Options{Names: []string{"proxy.example"}})
	srv := wiretest.NewTLS(t, origin.Server(), fine)
	tests := []struct {
		name   string
		leaf   *certs.Leaf
		policy *connector.TLSPolicy
		ok     bool
	}{
		{"good", good, nil, true},
		{"good, name for the server", good, &connector.TLSPolicy{ServerName: "localhost"}, true},
		{"good, pin for the server", good, &connector.TLSPolicy{Pin: sha256Pin(t, origin.DER)}, true},
		{"other name", origin, nil, false},
		{"other name, insecure", origin, &connector.TLSPolicy{Insecure: true}, true},
		{"other name, pinned server", origin, &connector.TLSPolicy{Pin: sha256Pin(t, origin.DER)}, false},
		{"expired", leaf(certs.Options{Names: []string{"proxy.example"}, Validity: certs.Expired}), nil, false},
		{"stranger", certs.For(t, certs.Options{Names: []string{"proxy.example"}}), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := (&testProxy{config: tt.leaf.Server()}).start(t, "https", nil)
			dns := &proxyDNS{names: map[string]string{"proxy.example": "127.0.0.1"}}
			c := newConnector(t, connector.Config{
				Proxy: hostname(t, p.text(), "proxy.example"), Resolver: dns, TLS: &tls.Config{RootCAs: ca.Pool},
			})
			for _, target := range []string{srv.URL(), "http://plain.example/"} {
				_, err := try(t, c, target, connector.Settings{TLS: tt.policy})
				if tt.ok {
					if err != nil {
						t.Errorf("%s: %v", target, err)
					}
					continue
				}
				var bad *errors.ClientConnectorCertificateError
				if !errors.As(err, &bad) || bad.Host != "proxy.example" || !bad.TLS {
					t.Errorf("%s: got %v, want the proxy's certificate refused", target, err)
				}
			}
			if !tt.ok && len(p.srv.Requests()) != 0 {
				t.Errorf("sent %q", p.srv.Requests())
			}
		})
	}
}

// TestProxyNotTLS: https to a proxy that speaks none.
func TestProxyNotTLS(t *testing.T) {
	t.Parallel()
	p := wiretest.New(t, func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		c.Stall()
	})
	c := newConnector(t, connector.Config{Proxy: "https://" + p.Addr()})
	_, err := try(t, c, "https://origin.example/", connector.Settings{})
	var bad *errors.ClientConnectorSSLError
	if !errors.As(err, &bad) || fmt.Sprintf("%s:%d", bad.Host, bad.Port) != p.Addr() {
		t.Errorf("got %v", err)
	}
}

// brokenProxies do wrong in a phase, after what script does right.
func brokenProxies() map[string]func(*wiretest.Conn) {
	connect := func(answer string) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			if c.ReadHead(); answer != "" {
				c.Write(answer)
			}
		}
	}
	greeted := func(answer string) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			c.ReadBody(3)
			c.Write("\x05\x00")
			c.ReadBody(4 + 1 + len("origin.example") + 2)
			c.Write(answer)
		}
	}
	return map[string]func(*wiretest.Conn){
		"http cut":              connect(""),
		"http cut in the head":  connect("HTTP/1.1 200 Conn"),
		"http garbage":          connect("SSH-2.0-canary\r\n\r\n"),
		"http upgrade":          connect("HTTP/1.1 2xx Fine\r\n\r\n"),
		"socks5h cut":           func(c *wiretest.Conn) { c.ReadBody(3) },
		"socks5h other version": func(c *wiretest.Conn) { c.ReadBody(3); c.Write("\x04\x00") },
		"socks5h HTTP":          func(c *wiretest.Conn) { c.ReadBody(3); c.Write("HTTP/1.1 400 Bad Request\r\n\r\n") },
		"socks5h not offered":   func(c *wiretest.Conn) { c.ReadBody(3); c.Write("\x05\x02") },
		"socks5h cut later":     greeted(""),
		"socks5h cut in reply":  greeted("\x05\x00\x00\x01"),
		"socks5h odd address":   greeted("\x05\x00\x00\x09\x00\x00\x00\x00\x00\x00"),
	}
}

func TestProxyBroken(t *testing.T) {
	t.Parallel()
	for name, script := range brokenProxies() {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, reset), func(t *testing.T) {
				t.Parallel()
				srv := wiretest.New(t, func(c *wiretest.Conn) {
					if script(c); reset {
						c.Reset()
					}
				})
				scheme, _, _ := strings.Cut(name, " ")
				c := newConnector(t, connector.Config{Proxy: scheme + "://" + srv.Addr()})
				_, err := try(t, c, "https://origin.example/", connector.Settings{})
				wantProxyFailure(t, err, &testProxy{srv: srv})
				wantNoSecret(t, err)
				if n := srv.Conns(); n != 1 {
					t.Errorf("%d connections, want 1", n)
				}
			})
		}
	}
}

// phases are where a connection by way of a proxy can stall, and how many
// layers are made before.
var phases = []struct {
	name   string
	scheme string
	stalls func(t *testing.T, n *memnet.Network, leaf *certs.Leaf)
	phase  errors.Phase
}{
	{"dial", "http", func(_ *testing.T, n *memnet.Network, _ *certs.Leaf) { n.Blackhole("proxy.example:3128") }, errors.PhaseDial},
	{"proxy TLS", "https", func(t *testing.T, n *memnet.Network, _ *certs.Leaf) {
		t.Helper()
		wiretest.NewOn(t, memListen(t, n, "proxy.example:3128"), (*wiretest.Conn).Stall)
	}, errors.PhaseTLS},
	{"CONNECT", "http", func(t *testing.T, n *memnet.Network, _ *certs.Leaf) {
		t.Helper()
		wiretest.NewOn(t, memListen(t, n, "proxy.example:3128"), (*wiretest.Conn).Stall)
	}, errors.PhaseProxy},
	{"CONNECT over TLS", "https", func(t *testing.T, n *memnet.Network, leaf *certs.Leaf) {
		t.Helper()
		wiretest.NewTLSOn(t, memListen(t, n, "proxy.example:3128"), leaf.Server(), (*wiretest.Conn).Stall)
	}, errors.PhaseProxy},
	{"half an answer", "http", func(t *testing.T, n *memnet.Network, _ *certs.Leaf) {
		t.Helper()
		wiretest.NewOn(t, memListen(t, n, "proxy.example:3128"), answer("HTTP/1.1 200 OK\r\n"))
	}, errors.PhaseProxy},
	{"SOCKS", "socks5h", func(t *testing.T, n *memnet.Network, _ *certs.Leaf) {
		t.Helper()
		wiretest.NewOn(t, memListen(t, n, "proxy.example:3128"), (*wiretest.Conn).Stall)
	}, errors.PhaseProxy},
	{"TLS", "http", func(t *testing.T, n *memnet.Network, _ *certs.Leaf) {
		t.Helper()
		wiretest.NewOn(t, memListen(t, n, "proxy.example:3128"), answer("HTTP/1.1 200 OK\r\n\r\n"))
	}, errors.PhaseTLS},
	{"TLS in TLS", "https", func(t *testing.T, n *memnet.Network, leaf *certs.Leaf) {
		t.Helper()
		wiretest.NewTLSOn(t, memListen(t, n, "proxy.example:3128"), leaf.Server(), answer("HTTP/1.1 200 OK\r\n\r\n"))
	}, errors.PhaseTLS},
}

func memListen(t *testing.T, n *memnet.Network, addr string) net.Listener {
	t.Helper()
	ln, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// TestProxyTimeouts: each timeout, and the caller's cancelling, ends each phase
// in its time, and leaves nothing behind.
func TestProxyTimeouts(t *testing.T) {
	t.Parallel()
	const after = 3 * time.Second
	for _, ph := range phases {
		for _, kind := range []string{"sock_connect", "connect", "total", "deadline", "cancel", "close"} {
			t.Run(ph.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					n := memnet.New()
					leaf := certs.For(t, certs.Options{Names: []string{"proxy.example"}})
					ph.stalls(t, n, leaf)
					c := newConnector(t, connector.Config{
						Proxy: ph.scheme + "://proxy.example:3128", DialContext: n.DialContext, TLS: leaf.Client(),
					})
					s, want := connector.Settings{}, errors.ErrConnectionTimeout
					ctx := t.Context()
					switch kind {
					case "sock_connect":
						s.Timeout.SockConnect = after
					case "connect":
						s.Timeout.Connect = after
					case "total":
						s.Timeout.Total, want = after, errors.ErrTotalTimeout
					case "deadline":
						c, cancel := context.WithTimeout(ctx, after)
						defer cancel()
						ctx, want = c, context.DeadlineExceeded
					case "cancel":
						c, cancel := context.WithCancel(ctx)
						time.AfterFunc(after, cancel)
						ctx, want = c, context.Canceled
					case "close":
						time.AfterFunc(after, func() { c.Close() })
						want = errors.ErrConnectorClosed
					}
					start := time.Now()
					_, err := c.RoundTrip(newRequest(t, connector.WithSettings(ctx, s), "GET", "https://origin.example/", nil))
					if !errors.Is(err, want) {
						t.Errorf("got %v, want %v", err, want)
					}
					if took := time.Since(start); took != after {
						t.Errorf("took %v, want %v", took, after)
					}
					var timeout *errors.TimeoutError
					if errors.As(err, &timeout) && (timeout.Phase != ph.phase || timeout.Limit != after) {
						t.Errorf("got %+v, want phase %s", timeout, ph.phase)
					}
					if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
						t.Errorf("left: %+v", st)
					}
				})
			})
		}
	}
}
