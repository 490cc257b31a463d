package connector_test

import (
	"crypto/tls"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

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
