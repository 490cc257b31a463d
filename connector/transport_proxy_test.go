package connector_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// Each kind of proxy does what it does for a Connector.
func TestTransportProxy(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	plain := wiretest.New(t, fine)
	secure := newH2Server(t, h2Options{}, proto)
	pin := sha256Pin(t, secure.TLSConfig.Certificates[0].Certificate[0])
	user := url.UserPassword("user", "pass word")
	plainURL, secureURL := hostname(t, plain.URL(), "a.test"), hostname(t, secure.url, "a.test")
	for _, tt := range []struct {
		scheme, plain string
		resolved      bool // the server's name is looked up here
	}{
		{"http", "forwarded", false},
		{"https", "forwarded", false},
		{"socks5", "ok", true},
		{"socks5h", "ok", false},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			t.Parallel()
			p := &testProxy{user: user, config: leaf.Server(), targets: map[string]string{
				mustURL(t, plainURL).Host: plain.Addr(), mustURL(t, secureURL).Host: mustURL(t, secure.url).Host,
			}}
			p.start(t, tt.scheme, nil)
			dns := &proxyDNS{names: map[string]string{"a.test": "127.0.0.1"}}
			client := leaf.Client()
			client.ServerName = "another.test" // the server's, of which the proxy's certificate knows nothing
			tr := newTransport(t, connector.Config{
				Proxy: p.text(), ProxyAuth: user, ProxyHeader: http.Header{"x-asked": {"yes"}},
				Resolver: dns, TLS: client, Pin: pin,
			})
			resp, err := tr.RoundTrip(newRequest(t, t.Context(), "GET", plainURL, nil))
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, resp); got != tt.plain || resp.TLS != nil {
				t.Errorf("got %q with TLS %v, want %q without", got, resp.TLS, tt.plain)
			}
			if got := get(t, tr, secureURL); got != "HTTP/2.0" {
				t.Errorf("got %q over TLS", got)
			}
			if got := slices.Contains(dns.lookups(), "a.test"); got != tt.resolved {
				t.Errorf("looked up here: %v, want %v", got, tt.resolved)
			}
			for _, head := range p.srv.Requests() {
				isConnect := strings.HasPrefix(head, "CONNECT ")
				if strings.Contains(head, "X-Asked: yes") != isConnect || strings.Contains(head, "User-Agent") == isConnect {
					t.Errorf("the proxy has got %q", head)
				}
			}
			if got := p.tunnels(); len(got) == 0 || !tt.resolved && !strings.HasPrefix(got[len(got)-1], "a.test:") {
				t.Errorf("got the tunnels %q", got)
			}
			wrong := newTransport(t, connector.Config{Proxy: p.text(), ProxyAuth: user, Resolver: dns, TLS: client, Pin: sha256Pin(t, nil)})
			if err := fetch(t.Context(), wrong, "GET", secureURL).err; !errors.Is(err, errors.ErrServerFingerprintMismatch) {
				t.Errorf("got %v of a wrong pin", err)
			}
		})
	}
}

// Who may not use a proxy, and a proxy that is not the one that was meant.
func TestTransportProxyFails(t *testing.T) {
	t.Parallel()
	leaf, stranger := originLeaf(t), certs.For(t, certs.Options{})
	secure := wiretest.NewTLS(t, leaf.Server(), fine)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		p := (&testProxy{user: url.UserPassword("user", "right"), config: leaf.Server()}).start(t, scheme, nil)
		tr := newTransport(t, connector.Config{Proxy: p.text(), ProxyAuth: url.UserPassword("user", "wrong"), TLS: leaf.Client()})
		if got := fetch(t.Context(), tr, "GET", secure.URL()); got.err == nil || strings.Contains(got.err.Error(), "wrong") {
			t.Errorf("%s: got %q, %v", scheme, got.text, got.err)
		}
	}
	p := (&testProxy{config: stranger.Server()}).start(t, "https", nil)
	tr := newTransport(t, connector.Config{Proxy: p.text(), TLS: leaf.Client()})
	if err := fetch(t.Context(), tr, "GET", secure.URL()).err; !errors.Is(err, errors.ErrClientConnectorCertificate) || len(p.srv.Requests()) != 0 {
		t.Errorf("got %v", err)
	}
	refused := newTransport(t, connector.Config{Proxy: p.text(), Insecure: true, AllowAddr: connector.RefusePrivate})
	if err := fetch(t.Context(), refused, "GET", "http://origin.example").err; err == nil {
		t.Error("AllowAddr was not asked about the proxy")
	}
}

// The environment is read for every request, and what a Transport cannot do with a
// proxy that it names is refused.
func TestTransportTrustEnv(t *testing.T) {
	clearEnv(t)
	leaf := originLeaf(t)
	secure := wiretest.NewTLS(t, leaf.Server(), fine)
	target := hostname(t, secure.URL(), "origin.example")
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1"}}
	targets := map[string]string{mustURL(t, target).Host: secure.Addr()}
	pinned := connector.Config{TLS: leaf.Client(), TrustEnv: true, ForceClose: true, Resolver: dns, Pin: sha256Pin(t, leaf.DER)}
	usual := pinned
	usual.Pin = connector.Pin{}
	named := usual
	named.TLS = leaf.Client()
	named.TLS.ServerName = "origin.example"
	distrusting := usual
	distrusting.TrustEnv = false
	for _, tt := range []struct {
		name, scheme string // of the proxy, or none
		cfg          connector.Config
		asked, ok    bool
	}{
		{"nothing", "", usual, false, true},
		{"http", "http", pinned, true, true},
		{"https", "https", usual, true, true},
		{"socks5h", "socks5h", pinned, true, true},
		{"socks5", "socks5", usual, false, false},
		{"https with a pin", "https", pinned, false, false},
		{"https with a name", "https", named, false, false},
		{"not trusted", "http", distrusting, false, true},
	} {
		p := &testProxy{config: leaf.Server(), targets: targets}
		t.Setenv("https_proxy", "")
		if tt.scheme != "" {
			p.start(t, tt.scheme, nil)
			t.Setenv("https_proxy", p.text())
		}
		got := fetch(t.Context(), newTransport(t, tt.cfg), "GET", target)
		if (got.err == nil) != tt.ok || len(p.tunnels()) > 0 != tt.asked {
			t.Errorf("%s: got %q, %v, tunnels %q", tt.name, got.text, got.err, p.tunnels())
		}
		if e, ok := errors.AsType[*errors.InvalidRequestError](got.err); !tt.ok && (!ok || e.Field != "TrustEnv") {
			t.Errorf("%s: got %v", tt.name, got.err)
		}
	}
}
