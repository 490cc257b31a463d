package dial_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// events notes what a trace hears of a dial.
type events struct {
	mu    sync.Mutex
	names []string
}

func (e *events) add(name string, err error) {
	if err != nil {
		name += " failed"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names = append(e.names, name)
}

func (e *events) heard() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.names)
}

func (e *events) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:          func(i httptrace.DNSStartInfo) { e.add("DNSStart "+i.Host, nil) },
		DNSDone:           func(i httptrace.DNSDoneInfo) { e.add("DNSDone", i.Err) },
		ConnectStart:      func(_, addr string) { e.add("ConnectStart "+addr, nil) },
		ConnectDone:       func(_, addr string, err error) { e.add("ConnectDone "+addr, err) },
		TLSHandshakeStart: func() { e.add("TLSHandshakeStart", nil) },
		TLSHandshakeDone: func(state tls.ConnectionState, err error) {
			if (err == nil) != state.HandshakeComplete {
				e.add("TLSHandshakeDone with a wrong state", err)
				return
			}
			e.add("TLSHandshakeDone", err)
		},
	})
}

// A trace hears what http.Transport would tell it, in the same order.
func TestTraceAsTransport(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	plain := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); fine(c) })
	secure := wiretest.NewTLS(t, leaf.Server(), func(c *wiretest.Conn) { c.ReadHead(); fine(c) })
	httpProxy, httpsProxy := startProxy(t, nil).URL(), startProxy(t, leaf.Server()).URL()
	named := func(raw string) string { return strings.Replace(raw, "127.0.0.1", "localhost", 1) }
	for _, tt := range []struct {
		name, url, proxy string
		config           *tls.Config
	}{
		{"address", plain.URL(), "", nil},
		{"name", named(plain.URL()), "", nil},
		{"TLS", named(secure.URL()), "", leaf.Client()},
		{"TLS that fails", secure.URL(), "", nil},
		{"refused", "http://" + wiretest.RefusedAddr(t), "", nil},
		{"forwarded", "http://origin.example", named(httpProxy), nil},
		{"forwarded through TLS", "http://origin.example", named(httpsProxy), leaf.Client()},
		{"tunnel", secure.URL(), named(httpProxy), leaf.Client()},
		{"tunnel through TLS", secure.URL(), named(httpsProxy), leaf.Client()},
		{"proxy's TLS fails", secure.URL(), httpsProxy, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want, wantErr := asTransport(t, tt.url, tt.proxy, tt.config)
			var e events
			d := newDialer(t, dial.Config{Family: "ip4", TLS: tt.config})
			err := connect(e.trace(t.Context()), d, targetOf(t, d, tt.url, tt.proxy), &dial.Attempt{})
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("got %v; the Transport: %v", err, wantErr)
			}
			if got := e.heard(); !slices.Equal(got, want) {
				t.Errorf("got  %q,\nwant %q", got, want)
			}
		})
	}
}

// asTransport is what a trace hears of http.Transport.
func asTransport(t *testing.T, target, proxy string, cfg *tls.Config) ([]string, error) {
	t.Helper()
	tr := &http.Transport{
		TLSClientConfig: cfg,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp4", addr)
		},
	}
	defer tr.CloseIdleConnections()
	if proxy != "" {
		u := mustURL(t, proxy)
		tr.Proxy = func(*http.Request) (*url.URL, error) { return u, nil }
	}
	var e events
	req, err := http.NewRequestWithContext(e.trace(t.Context()), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	return e.heard(), err
}

// staticDNS knows a name, and says which trace its context has.
type staticDNS struct {
	asked   int
	context context.Context
}

func (s *staticDNS) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	s.asked++
	s.context = ctx
	if host != "a.test" {
		return nil, errors.New("unknown")
	}
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

type contextKey struct{}

// The look-up of a name is told whoever answers it: a resolver, or the cache. The
// resolver itself has the context's values, but no trace to tell the same to.
func TestTraceLookup(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	dns := &staticDNS{}
	d := newDialer(t, dial.Config{Resolver: dns})
	target := targetOf(t, d, strings.Replace(srv.URL(), "127.0.0.1", "a.test", 1), "")
	want := []string{"DNSStart a.test", "DNSDone", "ConnectStart " + srv.Addr(), "ConnectDone " + srv.Addr()}
	for _, cached := range []bool{false, true} {
		var e events
		a := &dial.Attempt{}
		ctx := e.trace(context.WithValue(t.Context(), contextKey{}, "value"))
		if err := connect(ctx, d, target, a); err != nil {
			t.Fatal(err)
		}
		if got := e.heard(); !slices.Equal(got, want) || a.CachedDNS != cached || dns.asked != 1 {
			t.Errorf("got %q, cached %v, asked %d times; want %q, %v, 1", got, a.CachedDNS, dns.asked, want, cached)
		}
	}
	trace := httptrace.ContextClientTrace(dns.context)
	if trace.DNSDone != nil || trace.ConnectStart != nil || dns.context.Value(contextKey{}) != "value" {
		t.Error("the resolver's context has the caller's trace, or lacks its value")
	}
	var e events
	target.Host = "b.test"
	want = []string{"DNSStart b.test", "DNSDone failed"}
	if err := connect(e.trace(t.Context()), d, target, &dial.Attempt{}); err == nil || !slices.Equal(e.heard(), want) {
		t.Errorf("got %v after %q, want %q", err, e.heard(), want)
	}
}

// Of a connection that the user's function makes, only TLS is told.
func TestTraceDialContext(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"a.test"}})
	srv := wiretest.NewTLS(t, leaf.Server(), func(c *wiretest.Conn) { c.Stall() })
	d := newDialer(t, dial.Config{TLS: leaf.Client(), DialContext: func(context.Context, string, string) (net.Conn, error) {
		return new(net.Dialer).DialContext(t.Context(), "tcp", srv.Addr())
	}})
	var e events
	a := &dial.Attempt{}
	if err := connect(e.trace(t.Context()), d, targetOf(t, d, "https://a.test", ""), a); err != nil {
		t.Fatal(err)
	}
	if got, want := e.heard(), []string{"TLSHandshakeStart", "TLSHandshakeDone"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if a.State == nil || !a.State.HandshakeComplete || a.TLS <= 0 {
		t.Errorf("got the state %v after %v", a.State, a.TLS)
	}
}
