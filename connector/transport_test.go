package connector_test

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
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
		!usual.DisableCompression || usual.DisableKeepAlives || usual.MaxConnsPerHost != 0 || usual.MaxIdleConns != connector.DefaultMaxIdle ||
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
