package connector_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func newTransport(t *testing.T, cfg connector.Config) *http.Transport {
	t.Helper()
	tr, err := connector.NewTransport(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// protocolSet is made of the names http1, http2 and h2c.
func protocolSet(names string) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(strings.Contains(names, "http1"))
	p.SetHTTP2(strings.Contains(names, "http2"))
	p.SetUnencryptedHTTP2(strings.Contains(names, "h2c"))
	return p
}

// What a Transport cannot do is refused, by the name of its field.
func TestTransportRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field string
		cfg   connector.Config
	}{
		{"Limit", connector.Config{Limit: 1}},
		{"MaxConnAge", connector.Config{MaxConnAge: time.Hour}},
		{"MaxLineSize", connector.Config{MaxLineSize: 1}},
		{"MaxFieldSize", connector.Config{MaxFieldSize: 1}},
		{"MaxHeaders", connector.Config{MaxHeaders: 1}},
		{"Timeout.Total", connector.Config{Timeout: connector.ClientTimeout{Total: time.Hour}}},
		{"Timeout.Connect", connector.Config{Timeout: connector.ClientTimeout{Connect: time.Hour}}},
		{"Timeout.SockRead", connector.Config{Timeout: connector.ClientTimeout{SockRead: time.Hour}}},
		{"OnLeak", connector.Config{OnLeak: func(string) {}}},
		{"DisableStaleRetry", connector.Config{DisableStaleRetry: true}},
		{"ProxyHeader", connector.Config{Proxy: "http://p", ProxyHeader: http.Header{"proxy-authorization": {"Bearer x"}}}},
		{"Protocols", connector.Config{Protocols: protocolSet("http1 h2c")}},
		{"Protocols", connector.Config{Protocols: protocolSet("h2c"), Proxy: "http://p"}},
		{"Protocols", connector.Config{Protocols: protocolSet("h2c"), TrustEnv: true}},
		// And what New refuses, too.
		{"Family", connector.Config{Family: "ip5"}},
		{"KeepAlive", connector.Config{KeepAlive: 1, ForceClose: true}},
		{"Insecure", connector.Config{Insecure: true, Fingerprint: make([]byte, 32)}},
	} {
		tr, err := connector.NewTransport(tt.cfg)
		if e, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || e.Field != tt.field || tr != nil {
			t.Errorf("got %v, want %s to be refused", err, tt.field)
		}
	}
	if _, err := connector.NewTransport(connector.Config{Proxy: "ftp://p"}); !errors.Is(err, errors.ErrInvalidURL) {
		t.Errorf("got %v of a proxy of ftp", err)
	}
	off := connector.ClientTimeout{Total: -1, Connect: -1, SockConnect: -1, SockRead: -1}
	for name, cfg := range map[string]connector.Config{
		"zero":    {},
		"off":     {Limit: -1, LimitPerHost: -1, KeepAlive: -1, MaxConnAge: -1, MaxLineSize: -1, MaxFieldSize: -1, MaxHeaders: -1, Timeout: off},
		"lenient": {Lenient: true}, // as net/http is
		"h2c":     {Protocols: protocolSet("h2c"), Proxy: "socks5h://p"},
	} {
		if _, err := connector.NewTransport(cfg); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Fields that are the same under another name.
func TestTransportFields(t *testing.T) {
	t.Parallel()
	usual := newTransport(t, connector.Config{})
	if usual.IdleConnTimeout != connector.DefaultKeepAlive || usual.TLSHandshakeTimeout != connector.DefaultSockConnect ||
		!usual.DisableCompression || usual.DisableKeepAlives || usual.MaxConnsPerHost != 0 || usual.MaxIdleConns != 0 ||
		usual.Proxy != nil || usual.ExpectContinueTimeout <= 0 || usual.MaxResponseHeaderBytes != 1<<20 {
		t.Errorf("got %+v", usual)
	}
	off := newTransport(t, connector.Config{
		LimitPerHost: -1, KeepAlive: -1, Timeout: connector.ClientTimeout{SockConnect: -1},
	})
	if off.IdleConnTimeout != 0 || off.TLSHandshakeTimeout != 0 || off.MaxConnsPerHost != 0 {
		t.Errorf("got %+v", off)
	}
	h2 := &http.HTTP2Config{MaxReadFrameSize: 1 << 20}
	own := newTransport(t, connector.Config{
		LimitPerHost: 7, KeepAlive: time.Hour, Timeout: connector.ClientTimeout{SockConnect: time.Second}, HTTP2: h2,
	})
	if own.IdleConnTimeout != time.Hour || own.TLSHandshakeTimeout != time.Second || own.MaxConnsPerHost != 7 || own.HTTP2 != h2 {
		t.Errorf("got %+v", own)
	}
}

// Connections are kept, or not; the DNS cache is asked again for each of them.
func TestTransportKeepAlive(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		cfg            connector.Config
		conns, lookups int
	}{
		{"kept", connector.Config{}, 1, 1},
		{"closed", connector.Config{ForceClose: true}, 3, 1},
		{"without a cache", connector.Config{ForceClose: true, DisableDNSCache: true}, 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, fine)
			dns := &proxyDNS{names: map[string]string{"a.test": "127.0.0.1"}}
			tt.cfg.Resolver = dns
			tr := newTransport(t, tt.cfg)
			for range 3 {
				if got := get(t, tr, hostname(t, srv.URL(), "A.test")); got != "ok" {
					t.Errorf("got %q", got)
				}
			}
			if got := len(dns.lookups()); srv.Conns() != tt.conns || got != tt.lookups {
				t.Errorf("got %d connections and %d look-ups, want %d and %d", srv.Conns(), got, tt.conns, tt.lookups)
			}
		})
	}
}

// The addresses race, and AllowAddr and LocalAddr choose among them.
func TestTransportAddresses(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	url := hostname(t, srv.URL(), "a.test")
	both := &proxyDNS{names: map[string]string{"a.test": "127.0.0.2 127.0.0.1"}}
	s := &sockets{hole: "127.0.0.2", filled: make(chan struct{})}
	t.Cleanup(func() { close(s.filled) })
	tr := newTransport(t, connector.Config{Resolver: both, Control: s.control, HappyEyeballsDelay: 20 * time.Millisecond})
	if get(t, tr, url); !slices.Equal(s.tried(), []string{"127.0.0.2", "127.0.0.1"}) {
		t.Errorf("got %q", s.tried())
	}
	no := errors.New("not this one")
	refuse := func(addr netip.AddrPort) error {
		if addr.Addr().String() == "127.0.0.1" {
			return no
		}
		return nil
	}
	one := &proxyDNS{names: map[string]string{"a.test": "127.0.0.1"}}
	for name, cfg := range map[string]connector.Config{
		"AllowAddr":     {Resolver: one, AllowAddr: refuse},
		"RefusePrivate": {Resolver: one, AllowAddr: connector.RefusePrivate},
		"LocalAddr":     {Resolver: one, LocalAddr: netip.MustParseAddrPort("[::1]:0")},
	} {
		for _, target := range []string{url, srv.URL()} {
			tr := newTransport(t, cfg)
			resp, err := tr.RoundTrip(newRequest(t, t.Context(), "GET", target, nil))
			if err == nil {
				resp.Body.Close()
			}
			if _, ok := errors.AsType[*errors.ClientConnectorError](err); !ok || name == "AllowAddr" && !errors.Is(err, no) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
	if srv.Conns() != 1 {
		t.Errorf("got %d connections, want 1", srv.Conns())
	}
}

// SockConnect bounds each attempt, and the handshake of TLS.
func TestTransportSockConnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		n.Blackhole("hole:80")
		ln, err := n.Listen("silent:443")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, func(c *wiretest.Conn) { c.Stall() })
		tr := newTransport(t, connector.Config{DialContext: n.DialContext, Timeout: connector.ClientTimeout{SockConnect: 4 * time.Second}})
		for _, url := range []string{"http://hole/", "https://silent/"} {
			start := time.Now()
			resp, err := tr.RoundTrip(newRequest(t, t.Context(), "GET", url, nil))
			if err == nil {
				resp.Body.Close()
			}
			timeout, ok := errors.AsType[net.Error](err)
			if !ok || !timeout.Timeout() || time.Since(start) != 4*time.Second {
				t.Errorf("%s: got %v after %v", url, err, time.Since(start))
			}
		}
	})
}

// No more connections than LimitPerHost, however many requests.
func TestTransportLimitPerHost(t *testing.T) {
	t.Parallel()
	const limit = 2
	var mu sync.Mutex
	var now, most int
	s := newH2Server(t, h2Options{h1: true}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		proto(w, r)
		mu.Lock()
		now--
		mu.Unlock()
	})
	cfg := s.config()
	cfg.LimitPerHost = limit
	tr := newTransport(t, cfg)
	for _, r := range fetchAll(t.Context(), tr, 20, s.url) {
		if r.err != nil {
			t.Error(r.err)
		}
	}
	if got := s.conns.Load(); got > limit || most > limit {
		t.Errorf("got %d connections, %d requests at a time, want at most %d", got, most, limit)
	}
}

// The protocol is the best of those that both sides have.
func TestTransportProtocols(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		server h2Options
		client string // empty: as it comes
		want   string // empty: a failure
	}{
		{"both", h2Options{}, "", "HTTP/2.0"},
		{"a server without", h2Options{h1: true}, "", "HTTP/1.1"},
		{"HTTP/1 alone", h2Options{}, "http1", "HTTP/1.1"},
		{"HTTP/2 alone", h2Options{}, "http2", "HTTP/2.0"},
		{"HTTP/2 alone, a server without", h2Options{h1: true}, "http2", ""},
		{"h2c", h2Options{h2c: true}, "h2c", "HTTP/2.0"},
		{"h2c alone over TLS", h2Options{}, "h2c", "HTTP/1.1"}, // as a Connector
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newH2Server(t, tt.server, proto)
			cfg := s.config()
			if tt.client != "" {
				cfg.Protocols = protocolSet(tt.client)
			}
			got := fetch(t.Context(), newTransport(t, cfg), "GET", s.url)
			if got.text != tt.want || (got.err == nil) != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got.text, got.err, tt.want)
			}
			c := newConnector(t, cfg)
			if other := fetch(t.Context(), c, "GET", s.url); other.text != got.text || (other.err == nil) != (got.err == nil) {
				t.Errorf("a Connector got %q, %v", other.text, other.err)
			}
		})
	}
}

// A server that knows nothing of ALPN is no server of HTTP/2.
func TestTransportNoALPN(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	if got := get(t, newTransport(t, connector.Config{TLS: leaf.Client()}), srv.URL()); got != "ok" {
		t.Errorf("got %q", got)
	}
	tr := newTransport(t, connector.Config{TLS: leaf.Client(), Protocols: protocolSet("http2")})
	if got := fetch(t.Context(), tr, "GET", srv.URL()); got.err == nil || len(srv.Requests()) != 1 {
		t.Errorf("got %q over HTTP/2 alone", got.text)
	}
}

// countedSessions counts the sessions that are resumed.
type countedSessions struct {
	tls.ClientSessionCache
	hits atomic.Int64
}

func (c *countedSessions) Get(key string) (*tls.ClientSessionState, bool) {
	session, ok := c.ClientSessionCache.Get(key)
	if ok {
		c.hits.Add(1)
	}
	return session, ok
}

// A pin holds with every protocol, and for resumed sessions.
func TestTransportPin(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]h2Options{"HTTP/1.1": {h1: true}, "HTTP/2.0": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newH2Server(t, o, proto)
			right := sha256Pin(t, s.TLSConfig.Certificates[0].Certificate[0])
			wrong := sha256Pin(t, nil)
			sessions := &countedSessions{ClientSessionCache: tls.NewLRUClientSessionCache(0)}
			pinned := func(pin connector.Pin, client *tls.Config) *http.Transport {
				tr := newTransport(t, connector.Config{Pin: pin, TLS: client, ForceClose: true})
				tr.TLSClientConfig.ClientSessionCache = sessions // which they would not share otherwise
				return tr
			}
			for _, tr := range []*http.Transport{pinned(right, nil), pinned(right.Verified(), s.client)} {
				for range 2 {
					if got := get(t, tr, s.url); got != name {
						t.Errorf("got %q, want %q", got, name)
					}
				}
			}
			if sessions.hits.Load() == 0 {
				t.Error("no session was resumed")
			}
			for kind, tr := range map[string]*http.Transport{
				"wrong, resumed":  pinned(wrong, &tls.Config{ServerName: "localhost"}),
				"wrong":           newTransport(t, connector.Config{Pin: wrong, TLS: s.client}),
				"wrong, verified": newTransport(t, connector.Config{Pin: wrong.Verified(), TLS: s.client}),
				"by its digest":   newTransport(t, connector.Config{Fingerprint: wrong.Digest(), TLS: s.client}),
			} {
				before := sessions.hits.Load()
				err := fetch(t.Context(), tr, "GET", s.url).err
				mismatch, ok := errors.AsType[*errors.ServerFingerprintMismatch](err)
				if !ok || mismatch.Host != "localhost" || !slices.Equal(mismatch.Got, right.Digest()) {
					t.Errorf("%s: got %v", kind, err)
				}
				if hit := sessions.hits.Load() > before; hit != (kind == "wrong, resumed") {
					t.Errorf("%s: resumed is %v", kind, hit)
				}
			}
			bad := newTransport(t, connector.Config{Pin: right.Verified()})
			if _, ok := errors.AsType[*tls.CertificateVerificationError](fetch(t.Context(), bad, "GET", s.url).err); !ok {
				t.Error("a verified pin has let an unknown authority pass")
			}
		})
	}
}
