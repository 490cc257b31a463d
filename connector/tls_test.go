package connector_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestCertificates: what a certificate may be, under which policy.
func TestCertificates(t *testing.T) {
	t.Parallel()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	issue := func(opts certs.Options) *certs.Leaf {
		leaf, err := ca.Issue(opts)
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	for _, tt := range []struct {
		name string
		leaf *certs.Leaf
		ok   bool
	}{
		{"good", issue(certs.Options{}), true},
		{"expired", issue(certs.Options{Validity: certs.Expired}), false},
		{"not yet valid", issue(certs.Options{Validity: certs.NotYetValid}), false},
		{"another name", issue(certs.Options{Names: []string{"origin.example"}}), false},
		{"of a stranger", certs.For(t, certs.Options{}), false},
		{"a client's", issue(certs.Options{Client: true}), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.NewTLS(t, tt.leaf.Server(), fine)
			c := newConnector(t, connector.Config{TLS: &tls.Config{RootCAs: ca.Pool}})
			pin := sha256Pin(t, tt.leaf.DER)
			for name, policy := range map[string]*connector.TLSPolicy{"verified": nil, "pin and verified": {Pin: pin.Verified()}} {
				_, err := try(t, c, srv.URL(), connector.Settings{TLS: policy})
				if tt.ok {
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					continue
				}
				var bad *errors.ClientConnectorCertificateError
				if !errors.As(err, &bad) || fmt.Sprintf("%s:%d", bad.Host, bad.Port) != mustURL(t, srv.URL()).Host || bad.CertificateError() == nil {
					t.Errorf("%s: got %v", name, err)
				}
			}
			mustGet(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Insecure: true}})
			mustGet(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Pin: pin}})
		})
	}
}

// TestPin: each kind of digest, of the right certificate and of another, directly
// and through a proxy. The error has both digests and the server's address.
func TestPin(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"whoever.example"}}) // and trusted by nobody
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	proxy := new(testProxy).start(t, "http", nil)
	digests := map[string]func([]byte) []byte{
		"sha256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
		"sha1":   func(b []byte) []byte { s := sha1.Sum(b); return s[:] },
		"md5":    func(b []byte) []byte { s := md5.Sum(b); return s[:] },
	}
	for kind, sum := range digests {
		for _, through := range []*connector.Proxy{nil, {URL: proxy.url(nil)}} {
			t.Run(fmt.Sprintf("%s/%v", kind, through != nil), func(t *testing.T) {
				t.Parallel()
				right, wrong := sum(leaf.DER), sum(leaf.TLS.Certificate[1]) // the authority's is not the leaf
				c := newConnector(t, connector.Config{})
				s := connector.Settings{TLS: &connector.TLSPolicy{Pin: legacyPin(t, right)}, Proxy: through}
				mustGet(t, c, srv.URL(), s)
				s.TLS = &connector.TLSPolicy{Pin: legacyPin(t, wrong)}
				_, err := try(t, c, srv.URL(), s)
				var mismatch *errors.ServerFingerprintMismatch
				if !errors.As(err, &mismatch) || !errors.Is(err, errors.ErrServerFingerprintMismatch) {
					t.Fatalf("got %v", err)
				}
				if !slices.Equal(mismatch.Expected, wrong) || !slices.Equal(mismatch.Got, right) {
					t.Errorf("got %x for %x, want %x for %x", mismatch.Got, mismatch.Expected, right, wrong)
				}
				if at := fmt.Sprintf("%s:%d", mismatch.Host, mismatch.Port); at != srv.Addr() {
					t.Errorf("got the address %s, want %s", at, srv.Addr())
				}
			})
		}
	}
	t.Run("plain http", func(t *testing.T) {
		t.Parallel()
		plain := wiretest.New(t, fine)
		c := newConnector(t, connector.Config{Fingerprint: digests["sha256"](nil)})
		get(t, c, plain.URL())
	})
}

// TestPinNextAddress: an address whose server has another certificate is out,
// and the next one is tried.
func TestPinNextAddress(t *testing.T) {
	t.Parallel()
	good, bad := originLeaf(t), originLeaf(t)
	wrong := wiretest.NewTLS(t, bad.Server(), fine)
	_, port, _ := net.SplitHostPort(wrong.Addr())
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:"+port)
	if err != nil {
		t.Skip("there is no second address of loopback:", err)
	}
	right := wiretest.NewTLSOn(t, ln, good.Server(), fine)
	for name, policy := range map[string]*connector.TLSPolicy{
		"pin": {Pin: sha256Pin(t, good.DER)}, "pin and verified": {Pin: sha256Pin(t, good.DER).Verified()}, "verified": nil,
	} {
		dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1 127.0.0.2", "other.example": "127.0.0.1"}}
		c := newConnector(t, connector.Config{Resolver: dns, TLS: good.Client()})
		rec := new(connector.Recorder)
		mustGet(t, c, "https://origin.example:"+port, connector.Settings{TLS: policy, Recorder: rec})
		if got := rec.Conn().Remote.String(); got != right.Addr() {
			t.Errorf("%s: served by %s, want %s", name, got, right.Addr())
		}
		_, err := try(t, c, "https://other.example:"+port, connector.Settings{TLS: policy})
		var mismatch *errors.ServerFingerprintMismatch
		switch {
		case name == "pin" && (!errors.As(err, &mismatch) || mismatch.Host != "other.example"):
			t.Errorf("%s: got %v", name, err)
		case name != "pin" && !errors.Is(err, errors.ErrClientConnectorCertificate):
			t.Errorf("%s: got %v", name, err)
		}
	}
	if n := len(wrong.Requests()); n != 0 {
		t.Errorf("the wrong server has seen %d requests", n)
	}
}

// TestPinResumed: the check is made for resumed sessions too, and so is one of
// the caller's own.
func TestPinResumed(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	var mu sync.Mutex
	var resumed []bool
	own := errors.New("the caller does not want it")
	cfg := leaf.Client()
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		mu.Lock()
		defer mu.Unlock()
		if resumed = append(resumed, state.DidResume); len(resumed) > 2 {
			return own
		}
		return nil
	}
	c := newConnector(t, connector.Config{TLS: cfg, Pin: sha256Pin(t, leaf.DER), ForceClose: true})
	get(t, c, srv.URL())
	get(t, c, srv.URL())
	if _, err := try(t, c, srv.URL(), connector.Settings{}); !errors.Is(err, own) {
		t.Errorf("got %v", err)
	}
	if !slices.Equal(resumed, []bool{false, true, true}) {
		t.Errorf("verified with resumed %v", resumed)
	}
}

// TestOwnConfig: a configuration is used as it is, and stays as it was.
func TestOwnConfig(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	cfg := leaf.Server()
	cfg.MaxVersion = tls.VersionTLS12
	srv := wiretest.NewTLS(t, cfg, fine)
	base, own := leaf.Client(), leaf.Client()
	own.MinVersion = tls.VersionTLS13
	c := newConnector(t, connector.Config{TLS: base})
	mustGet(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{ServerName: "origin.example", Insecure: true}})
	mustGet(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Pin: sha256Pin(t, leaf.DER)}})
	_, err := try(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Config: own}})
	var bad *errors.ClientConnectorSSLError
	if !errors.As(err, &bad) || errors.Is(err, errors.ErrClientConnectorCertificate) {
		t.Errorf("got %v, want a failure of TLS", err)
	}
	for _, cfg := range []*tls.Config{base, own} {
		if cfg.InsecureSkipVerify || cfg.ServerName != "" || cfg.NextProtos != nil || cfg.ClientSessionCache != nil || cfg.VerifyConnection != nil {
			t.Errorf("the configuration was changed: %+v", cfg)
		}
	}
}

// TestServerName: the name that the server is asked for, and that its certificate
// is for.
func TestServerName(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	proxy := new(testProxy)
	names := make(chan string, 1)
	cfg := leaf.Server()
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- hello.ServerName
		return nil, nil
	}
	srv := wiretest.NewTLS(t, cfg, fine)
	_, port, _ := net.SplitHostPort(srv.Addr())
	proxy.targets = map[string]string{"origin.example:" + port: srv.Addr(), "nobody.example:" + port: srv.Addr()}
	proxy.start(t, "http", nil)
	dns := &proxyDNS{names: map[string]string{
		"origin.example": "127.0.0.1", "origin.example.": "127.0.0.1", "nobody.example": "127.0.0.1",
	}}
	c := newConnector(t, connector.Config{TLS: leaf.Client(), Resolver: dns, ForceClose: true})
	fixed := leaf.Client()
	fixed.ServerName = "other.example"
	for _, tt := range []struct {
		host   string
		policy *connector.TLSPolicy
		sni    string
		ok     bool
	}{
		{"origin.example", nil, "origin.example", true},
		{"ORIGIN.example.", nil, "origin.example", true},
		{"127.0.0.1", nil, "", true},
		{"nobody.example", nil, "nobody.example", false},
		{"nobody.example", &connector.TLSPolicy{ServerName: "origin.example"}, "origin.example", true},
		{"127.0.0.1", &connector.TLSPolicy{ServerName: "origin.example"}, "origin.example", true},
		{"origin.example", &connector.TLSPolicy{ServerName: "nobody.example"}, "nobody.example", false},
		{"nobody.example", &connector.TLSPolicy{Config: fixed}, "other.example", true},
		{"nobody.example", &connector.TLSPolicy{Config: fixed, ServerName: "origin.example"}, "origin.example", true},
		{"nobody.example", &connector.TLSPolicy{Insecure: true}, "nobody.example", true},
	} {
		for _, through := range []*connector.Proxy{nil, {URL: proxy.url(nil)}} {
			_, err := try(t, c, "https://"+tt.host+":"+port+"/", connector.Settings{TLS: tt.policy, Proxy: through})
			select {
			case got := <-names:
				if got != tt.sni {
					t.Errorf("%s: asked for %q, want %q", tt.host, got, tt.sni)
				}
			default:
				t.Errorf("%s: there was no handshake: %v", tt.host, err)
			}
			var wrong x509.HostnameError
			if tt.ok && err != nil || !tt.ok && !errors.As(err, &wrong) {
				t.Errorf("%s: got %v", tt.host, err)
			}
		}
	}
	for _, head := range srv.Requests() {
		if strings.Contains(head, "Host: other.example") {
			t.Errorf("the name for TLS has become the host: %q", head)
		}
	}
}

// TestClientCertificate: shown to the server that asks, and by the policy that
// has it only.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	leaf, client := originLeaf(t), certs.For(t, certs.Options{Client: true})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			cfg := leaf.Server()
			cfg.MaxVersion, cfg.ClientAuth, cfg.ClientCAs = version, tls.RequireAndVerifyClientCert, client.Pool
			srv := wiretest.NewTLS(t, cfg, fine)
			own := leaf.Client()
			own.Certificates = []tls.Certificate{client.TLS}
			c := newConnector(t, connector.Config{TLS: leaf.Client()})
			if _, err := try(t, c, srv.URL(), connector.Settings{}); !errors.Is(err, errors.ErrClientConnection) {
				t.Errorf("without a certificate: got %v", err)
			}
			mustGet(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Config: own}})
			if _, err := try(t, c, srv.URL(), connector.Settings{}); !errors.Is(err, errors.ErrClientConnection) {
				t.Errorf("after another one's certificate: got %v", err)
			}
			pinned := newConnector(t, connector.Config{TLS: own, Pin: sha256Pin(t, leaf.DER)})
			get(t, pinned, srv.URL())
		})
	}
}

// TestNotTLS: https to a server that speaks none.
func TestNotTLS(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		c.Stall()
	})
	c := newConnector(t, connector.Config{})
	_, err := try(t, c, "https://"+srv.Addr(), connector.Settings{})
	var bad *errors.ClientConnectorSSLError
	if !errors.As(err, &bad) || !errors.Is(err, errors.ErrClientConnector) {
		t.Errorf("got %v", err)
	}
}

// TestHTTP2ThroughProxies: HTTP/2 is negotiated through tunnels too, TLS in TLS
// included, and policies stay apart there as well.
func TestHTTP2ThroughProxies(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto+" "+r.Header.Get("Proxy-Authorization"))
	}))
	srv.EnableHTTP2, srv.TLS = true, leaf.Server()
	srv.StartTLS()
	t.Cleanup(srv.Close)
	for _, scheme := range []string{"direct", "http", "https", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			user := url.UserPassword("u", "p")
			s := connector.Settings{}
			if scheme != "direct" {
				p := (&testProxy{config: leaf.Server(), user: user}).start(t, scheme, nil)
				s.Proxy = &connector.Proxy{URL: p.url(user)}
			}
			c := newConnector(t, connector.Config{TLS: leaf.Client()})
			locals := map[string]string{}
			for range 2 {
				for _, p := range policies(t, leaf)[:6] {
					rec := new(connector.Recorder)
					s.TLS, s.Recorder = p.policy, rec
					if got := mustGet(t, c, srv.URL, s); got != "HTTP/2.0 " {
						t.Errorf("%s: got %q", p.name, got)
					}
					if by := rec.Conn().Local.String(); locals[by] != "" && locals[by] != p.name {
						t.Errorf("%s was served by the connection of %s", p.name, locals[by])
					} else {
						locals[by] = p.name
					}
				}
			}
			if len(locals) != 6 {
				t.Errorf("%d connections, want 6", len(locals))
			}
			s.TLS, s.HTTP1 = nil, true
			if got := mustGet(t, c, srv.URL, s); got != "HTTP/1.1 " {
				t.Errorf("got %q", got)
			}
		})
	}
}
