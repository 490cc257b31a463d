package connector_test

import (
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestProxyForward: an HTTP proxy gets the requests of http in the absolute form
// (RFC 9112 3.2.2), on a connection that is kept.
func TestProxyForward(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			p := (&testProxy{config: leaf.Server()}).start(t, scheme, nil)
			c := newConnector(t, connector.Config{Proxy: p.text(), TLS: leaf.Client(), ProxyHeader: http.Header{"X-Proxy": {"1"}}})
			tests := []struct {
				name string
				s    connector.Settings
				line string
			}{
				{"plain", connector.Settings{}, "GET http://origin.example/a?b=c HTTP/1.1\r\nHost: origin.example\r\n"},
				{"version 1.1", connector.Settings{HTTP1: true}, "GET http://origin.example/a?b=c HTTP/1.1\r\nHost: origin.example\r\n"},
				{"version 1.0", connector.Settings{HTTP10: true}, "GET http://origin.example/a?b=c HTTP/1.0\r\nHost: origin.example\r\n"},
			}
			for i, tt := range tests {
				rec := new(connector.Recorder)
				tt.s.Recorder = rec
				if got := mustGet(t, c, "http://origin.example/a?b=c", tt.s); got != "forwarded" {
					t.Errorf("%s: got %q", tt.name, got)
				}
				head := p.srv.Requests()[i]
				if !strings.HasPrefix(head, tt.line) {
					t.Errorf("%s: sent %q, want %q first", tt.name, head, tt.line)
				}
				if strings.Contains(head, "X-Proxy") {
					t.Errorf("%s: what is for CONNECT was sent without one: %q", tt.name, head)
				}
				if info := rec.Conn(); info.TLS != nil || info.Reused != (i > 0) || info.Remote.String() != p.srv.Addr() {
					t.Errorf("%s: got %+v", tt.name, info)
				}
			}
			if got := p.srv.Conns(); got != 1 {
				t.Errorf("%d connections, want 1", got)
			}
		})
	}
}

// TestProxyTunnel: https goes through CONNECT, and so does what upgrades. The
// proxy hears of the server's address and of what is meant for it, and of
// nothing else.
func TestProxyTunnel(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, scheme := range []string{"http", "https", "socks5h"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.NewTLS(t, leaf.Server(), fine)
			target := hostname(t, srv.URL(), "origin.example")
			address := mustURL(t, target).Host
			p := &testProxy{config: leaf.Server(), user: url.UserPassword("u", "p"), targets: map[string]string{address: srv.Addr()}}
			p.start(t, scheme, nil)
			c := newConnector(t, connector.Config{TLS: leaf.Client()})
			ctx := with(t, connector.Settings{Proxy: &connector.Proxy{
				URL: p.url(nil), Auth: p.user, Header: http.Header{"X-Proxy": {"1"}},
			}})
			for range 2 {
				req := newRequest(t, ctx, "GET", target+"/a", nil)
				req.Header = http.Header{"Authorization": {"Bearer secret"}, "Cookie": {"a=secret"}, "Proxy-Authorization": {"Basic other"}, "User-Agent": {"mine"}}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if read(t, resp); resp.TLS == nil || resp.TLS.ServerName != "origin.example" {
					t.Errorf("got the state %+v", resp.TLS)
				}
				if got := req.Header.Get("Proxy-Authorization"); got != "Basic other" {
					t.Errorf("the caller's request was changed: %q", got)
				}
			}
			if srv.Conns() != 1 || !slices.Equal(p.tunnels(), []string{address}) {
				t.Errorf("%d connections through %q, want 1 to %s", srv.Conns(), p.tunnels(), address)
			}
			for _, head := range srv.Requests() {
				if strings.Contains(head, "Proxy-Authorization") || strings.Contains(head, "X-Proxy") {
					t.Errorf("the server was sent what is the proxy's: %q", head)
				}
				if !strings.HasPrefix(head, "GET /a HTTP/1.1\r\n") || !strings.Contains(head, "Bearer secret") {
					t.Errorf("the server was sent %q", head)
				}
			}
			if scheme == "socks5h" {
				return
			}
			want := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address +
				"\r\nProxy-Authorization: " + basic(p.user) + "\r\nX-Proxy: 1\r\n\r\n"
			if heads := p.srv.Requests(); len(heads) != 1 || heads[0] != want {
				t.Errorf("the proxy was sent %q, want %q", heads, want)
			}
		})
	}
}

// TestProxyUpgrade: a WebSocket without TLS needs a tunnel too, unlike what
// aiohttp does. The TLS of the way there is not the server's.
func TestProxyUpgrade(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				c.ReadRequest()
				c.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
				c.Stall()
			})
			p := (&testProxy{config: leaf.Server()}).start(t, scheme, nil)
			c := newConnector(t, connector.Config{TLS: leaf.Client(), Proxy: p.text()})
			for _, name := range []string{"http", "ws"} {
				req := newRequest(t, t.Context(), "GET", name+"://"+srv.Addr()+"/chat", nil)
				req.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode != http.StatusSwitchingProtocols || resp.TLS != nil {
					t.Errorf("got %s with the TLS state %v", resp.Status, resp.TLS)
				}
				hello := make([]byte, 5)
				if _, err := resp.Body.Read(hello); err != nil || string(hello) != "hello" {
					t.Errorf("got %q, %v", hello, err)
				}
				resp.Body.Close()
			}
			if got := p.tunnels(); !slices.Equal(got, []string{srv.Addr(), srv.Addr()}) {
				t.Errorf("asked for %q, want two tunnels", got)
			}
			for _, head := range srv.Requests() {
				if !strings.HasPrefix(head, "GET /chat HTTP/1.1\r\n") {
					t.Errorf("the server was sent %q", head)
				}
			}
		})
	}
}

// TestProxySOCKSNames: with socks5 names are resolved here, with socks5h by the
// proxy.
func TestProxySOCKSNames(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	target := hostname(t, srv.URL(), "origin.example")
	address := mustURL(t, target).Host
	for _, tt := range []struct {
		scheme, asked string
		lookups       []string
	}{
		{"socks5", srv.Addr(), []string{"origin.example"}},
		{"socks5h", address, nil},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			t.Parallel()
			dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1"}}
			p := (&testProxy{targets: map[string]string{address: srv.Addr()}}).start(t, tt.scheme, nil)
			c := newConnector(t, connector.Config{Proxy: p.text(), Resolver: dns})
			if got := mustGet(t, c, target, connector.Settings{}); got != "ok" {
				t.Errorf("got %q", got)
			}
			if got := p.tunnels(); !slices.Equal(got, []string{tt.asked}) {
				t.Errorf("asked for %q, want %s", got, tt.asked)
			}
			if got := dns.lookups(); !slices.Equal(got, tt.lookups) {
				t.Errorf("looked up %q, want %q", got, tt.lookups)
			}
		})
	}
}

// TestNewProxy is aiohttp 0.17's ProxyConnector: each connection is closed after
// its response, unless it is asked to be kept.
func TestNewProxy(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, tt := range []struct {
		name  string
		cfg   connector.Config
		conns int
	}{
		{"default", connector.Config{}, 3},
		{"closed on demand", connector.Config{ForceClose: true}, 3},
		{"kept", connector.Config{KeepAlive: connector.DefaultKeepAlive}, 1},
		{"kept for ever", connector.Config{KeepAlive: -1}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.NewTLS(t, leaf.Server(), fine)
			p := new(testProxy).start(t, "http", nil)
			tt.cfg.TLS = leaf.Client()
			c, err := connector.NewProxy(p.text(), tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if c.ForceClose() != (tt.conns > 1) {
				t.Errorf("ForceClose is %v", c.ForceClose())
			}
			for range 3 {
				get(t, c, srv.URL())
				get(t, c, "http://plain.example/")
			}
			if srv.Conns() != tt.conns || p.srv.Conns() != 2*tt.conns {
				t.Errorf("%d connections to the server and %d to the proxy, want %d and twice that", srv.Conns(), p.srv.Conns(), tt.conns)
			}
			for _, head := range p.srv.Requests() {
				if closes := strings.Contains(head, "Connection: close"); closes != (c.ForceClose() && strings.HasPrefix(head, "GET")) {
					t.Errorf("sent %q", head)
				}
			}
		})
	}
}

// TestProxyNone: a request can do without the connector's proxy, and have one of
// its own.
func TestProxyNone(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	one, two := new(testProxy).start(t, "http", nil), new(testProxy).start(t, "http", nil)
	c := newConnector(t, connector.Config{Proxy: one.text(), ProxyAuth: url.UserPassword("u", "p")})
	for _, tt := range []struct {
		name  string
		proxy *connector.Proxy
		want  string
	}{
		{"the connector's", nil, "forwarded"},
		{"none", &connector.Proxy{}, "ok"},
		{"its own", &connector.Proxy{URL: two.url(nil)}, "forwarded"},
	} {
		req := newRequest(t, with(t, connector.Settings{Proxy: tt.proxy}), "GET", srv.URL(), nil)
		req.Header["proxy-authorization"] = []string{"Basic mine"}
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if head := one.srv.Requests()[0]; !strings.Contains(head, "Proxy-Authorization: "+basic(url.UserPassword("u", "p"))) || strings.Contains(head, "mine") {
		t.Errorf("the connector's proxy was sent %q", head)
	}
	if head := srv.Requests()[0]; strings.Contains(strings.ToLower(head), "proxy-authorization") {
		t.Errorf("the server was sent %q", head)
	}
	if head := two.srv.Requests()[0]; !strings.Contains(head, "proxy-authorization: Basic mine") {
		t.Errorf("the request's proxy was sent %q", head)
	}
}

// TestProxyUnix: a local socket is spoken to directly, whatever the environment
// says; to ask for a proxy there is a mistake.
func TestProxyUnix(t *testing.T) {
	clearEnv(t)
	t.Setenv("ALL_PROXY", "http://proxy.example:3128")
	path := filepath.Join(t.TempDir(), "s")
	ln, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Skip("no Unix sockets:", err)
	}
	srv := wiretest.NewOn(t, ln, fine)
	c, err := connector.NewUnix(path, connector.Config{TrustEnv: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	get(t, c, "http://origin.example/a")
	mustGet(t, c, "http://origin.example/a", connector.Settings{Proxy: &connector.Proxy{}})
	_, err = try(t, c, "http://origin.example/a", connector.Settings{Proxy: &connector.Proxy{URL: mustURL(t, "http://proxy.example")}})
	if !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v", err)
	}
	if heads := srv.Requests(); len(heads) != 2 || !strings.HasPrefix(heads[0], "GET /a HTTP/1.1\r\n") {
		t.Errorf("the server was sent %q", heads)
	}
}
