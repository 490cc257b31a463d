package session_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// loopback resolves every name to 127.0.0.1.
type loopback struct{}

func (loopback) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// wireProxy passes tunnels on to a server, and answers the rest itself, with a
// redirect if there is a target for one.
func wireProxy(t *testing.T, server, redirect string) *wiretest.Server {
	t.Helper()
	return wiretest.New(t, func(c *wiretest.Conn) {
		req := c.ReadRequest()
		switch {
		case req.Method == "CONNECT":
			up, err := new(net.Dialer).DialContext(t.Context(), "tcp", server)
			if err != nil {
				t.Error(err)
				return
			}
			defer up.Close()
			c.Write("HTTP/1.1 200 OK\r\n\r\n")
			go func() {
				io.Copy(up, c.NetConn()) // however it ends
				up.Close()
			}()
			io.Copy(c.NetConn(), up)
		case redirect != "":
			c.Write("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + redirect + "\r\n\r\n")
		default:
			c.Write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nproxy")
		}
	})
}

func wireSession(t *testing.T, cfg connector.Config, scfg session.Config) *session.Session {
	t.Helper()
	cfg.Resolver = loopback{}
	c, err := connector.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	scfg.Connector = c
	s, err := session.New(scfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		c.Close()
	})
	return s
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestProxyOptions: what is for the proxy reaches the proxy, and what is for the
// server the server: the session's headers are not sent with CONNECT.
func TestProxyOptions(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"origin.example"}})
	srv := wiretest.NewTLS(t, leaf.Server(), func(c *wiretest.Conn) {
		for {
			c.ReadRequest()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	one, two := wireProxy(t, srv.Addr(), ""), wireProxy(t, srv.Addr(), "")
	s := wireSession(t, connector.Config{TLS: leaf.Client()}, session.Config{Options: []session.Option{
		session.Bearer("canary"), session.Header("X-Session", "canary"), session.Cookie("c", "canary"),
		session.Proxy(one.URL()), session.ProxyAuth("user", "one"), session.ProxyHeader("X-Proxy", "one"),
	}})
	send := func(opts ...session.Option) {
		t.Helper()
		resp, err := s.Get(t.Context(), "https://origin.example:"+port(t, srv.Addr())+"/", opts...)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := resp.Text(); err != nil || text != "ok" {
			t.Errorf("got %q, %v", text, err)
		}
	}
	send()
	send(session.Proxy(two.URL())) // without what was said to the other
	send(session.Proxy(two.URL()), session.ProxyAuth("user", "two"))
	send(session.Proxy(""))
	if n := srv.Conns(); n != 4 {
		t.Errorf("%d connections, want one for each way", n)
	}
	for i, head := range append(one.Requests(), two.Requests()...) {
		if !strings.HasPrefix(head, "CONNECT origin.example:") || strings.Contains(head, "canary") || strings.Contains(head, "User-Agent") {
			t.Errorf("a proxy was sent %q", head)
		}
		if got, want := strings.Contains(head, "Proxy-Authorization"), i != 1; got != want {
			t.Errorf("credentials sent: %v, want %v: %q", got, want, head)
		}
		if got, want := strings.Contains(head, "X-Proxy: one"), i == 0; got != want {
			t.Errorf("header sent: %v, want %v: %q", got, want, head)
		}
	}
	for _, head := range srv.Requests() {
		if strings.Contains(head, "Proxy") || strings.Count(head, "canary") != 3 {
			t.Errorf("the server was sent %q", head)
		}
	}
}

// TestTLSOptions: the options of a request take the place of the connector's and
// the session's policy, and join with each other.
func TestTLSOptions(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"origin.example"}})
	sum := sha256.Sum256(leaf.DER)
	pin, err := connector.NewPin(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	srv := wiretest.NewTLS(t, leaf.Server(), func(c *wiretest.Conn) {
		c.ReadRequest()
		c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	s := wireSession(t, connector.Config{Insecure: true}, session.Config{})
	for _, tt := range []struct {
		name, host string
		opts       []session.Option
		want       error
	}{
		{"the connector's", "any.example", nil, nil},
		{"own configuration", "origin.example", opt(session.TLS(leaf.Client())), nil},
		{"own configuration, wrong name", "any.example", opt(session.TLS(leaf.Client())), errors.ErrClientConnectorCertificate},
		{"and the name", "any.example", opt(session.TLS(leaf.Client()), session.ServerName("origin.example")), nil},
		{"unknown authority", "origin.example", opt(session.TLS(&tls.Config{MinVersion: tls.VersionTLS12})), errors.ErrClientConnectorCertificate},
		{"insecure later", "any.example", opt(session.TLS(leaf.Client()), session.Insecure()), nil},
		{"insecure earlier", "any.example", opt(session.Insecure(), session.TLS(leaf.Client())), errors.ErrClientConnectorCertificate},
		{"fingerprint", "any.example", opt(session.Fingerprint(sum[:])), nil},
		{"fingerprint after insecure", "any.example", opt(session.Insecure(), session.Fingerprint(make([]byte, 32))), errors.ErrServerFingerprintMismatch},
		{"pin and verified", "origin.example", opt(session.TLS(leaf.Client()), session.Pin(pin.Verified())), nil},
		{"pin and verified, wrong name", "any.example", opt(session.TLS(leaf.Client()), session.Pin(pin.Verified())), errors.ErrClientConnectorCertificate},
		{"short fingerprint", "any.example", opt(session.Fingerprint(sum[:20])), errors.ErrInvalidRequest},
		{"auth without a proxy", "any.example", opt(session.ProxyAuth("u", "p")), errors.ErrInvalidRequest},
		{"scheme of the proxy", "any.example", opt(session.Proxy("socks4://proxy.example")), errors.ErrInvalidURL},
	} {
		before := len(srv.Requests())
		resp, err := s.Get(t.Context(), "https://"+tt.host+":"+port(t, srv.Addr())+"/", tt.opts...)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if err == nil {
			resp.Close()
		} else if n := len(srv.Requests()); n != before {
			t.Errorf("%s: the server has seen the request", tt.name)
		}
	}
}

// TestTrustEnvHops: each hop of a redirect finds its own proxy in the
// environment, or none.
func TestTrustEnvHops(t *testing.T) {
	for _, name := range []string{"http", "https", "all", "no"} {
		t.Setenv(name+"_proxy", "")
		t.Setenv(strings.ToUpper(name)+"_PROXY", "")
	}
	t.Setenv("REQUEST_METHOD", "")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "direct"+r.Header.Get("Proxy-Authorization"))
	}))
	defer srv.Close()
	target := "http://direct.example:" + port(t, strings.TrimPrefix(srv.URL, "http://")) + "/"
	p := wireProxy(t, "", target)
	t.Setenv("HTTP_PROXY", "http://user:canary@"+p.Addr())
	t.Setenv("NO_PROXY", "direct.example")
	s := wireSession(t, connector.Config{}, session.Config{TrustEnv: true})
	resp, err := s.Get(t.Context(), "http://origin.example/")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || text != "direct" {
		t.Errorf("got %q, %v", text, err)
	}
	if heads := p.Requests(); len(heads) != 1 || !strings.HasPrefix(heads[0], "GET http://origin.example/ ") || !strings.Contains(heads[0], "Proxy-Authorization: Basic ") {
		t.Errorf("the proxy was sent %q", heads)
	}
}
