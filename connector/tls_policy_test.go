package connector_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// namedPolicy is a policy that the leaf of a test satisfies.
type namedPolicy struct {
	name   string
	policy *connector.TLSPolicy
}

func sha256Pin(t testing.TB, der []byte) connector.Pin {
	t.Helper()
	sum := sha256.Sum256(der)
	pin, err := connector.NewPin(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

func legacyPin(t testing.TB, sum []byte) connector.Pin {
	t.Helper()
	pin, err := connector.NewLegacyPin(sum)
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

// policies are all kinds of policies, and none that is the same as another.
func policies(t testing.TB, leaf *certs.Leaf) []namedPolicy {
	t.Helper()
	pin := sha256Pin(t, leaf.DER)
	s1, m5 := sha1.Sum(leaf.DER), md5.Sum(leaf.DER)
	a, b := leaf.Client(), leaf.Client()
	return []namedPolicy{
		{"the connector's", nil},
		{"insecure", &connector.TLSPolicy{Insecure: true}},
		{"pin", &connector.TLSPolicy{Pin: pin}},
		{"pin, verified", &connector.TLSPolicy{Pin: pin.Verified()}},
		{"pin, sha1", &connector.TLSPolicy{Pin: legacyPin(t, s1[:])}},
		{"pin, md5", &connector.TLSPolicy{Pin: legacyPin(t, m5[:])}},
		{"config", &connector.TLSPolicy{Config: a}},
		{"equal config", &connector.TLSPolicy{Config: b}},
		{"name", &connector.TLSPolicy{ServerName: "origin.example"}},
		{"the host's name", &connector.TLSPolicy{ServerName: "127.0.0.1"}},
		{"other name", &connector.TLSPolicy{ServerName: "other.example"}},
		{"config and name", &connector.TLSPolicy{Config: a, ServerName: "origin.example"}},
		{"insecure and name", &connector.TLSPolicy{Insecure: true, ServerName: "origin.example"}},
		{"config and pin", &connector.TLSPolicy{Config: a, Pin: pin}},
	}
}

// owners are those whom connections, by their local address, have served.
type owners map[string]string

// send sends a request of somebody, whose connection may have served nobody else.
func (o owners) send(t *testing.T, c *connector.Connector, srv *wiretest.Server, who string, s connector.Settings) {
	t.Helper()
	s.Recorder = new(connector.Recorder)
	mustGet(t, c, srv.URL(), s)
	by := s.Recorder.Conn().Local.String()
	if other, ok := o[by]; ok && other != who {
		t.Errorf("%s was served by the connection of %s", who, other)
	}
	o[by] = who
}

// wantFew wants a connection for each of n. A few more are no mistake: net/http
// gives one up that it has not seen written on for 50 ms, on a busy machine.
func (o owners) wantFew(t *testing.T, srv *wiretest.Server, n int) {
	t.Helper()
	if got := srv.Conns(); got != len(o) || got < n || got > 2*n {
		t.Errorf("%d connections, %d of them seen, want %d", got, len(o), n)
	}
}

// TestPoliciesApartInFull sends requests under each ordered pair of policies, directly
// and by way of each kind of proxy: they share a connection only if the policy is
// the same, and each has its own all the time.
func TestPoliciesApartInFull(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	wrong := sha256Pin(t, []byte("another certificate"))
	for _, scheme := range []string{"direct", "http", "https", "socks5", "socks5h"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			var through *connector.Proxy
			if scheme != "direct" {
				p := (&testProxy{config: leaf.Server()}).start(t, scheme, nil)
				through = &connector.Proxy{URL: p.url(nil)}
			}
			all := policies(t, leaf)
			backwards := slices.Clone(all)
			slices.Reverse(backwards)
			// With the two orders each policy comes first while none of the
			// others has a connection, and while each of them has one.
			orders := [][]namedPolicy{all, backwards}
			if through != nil {
				orders = orders[:racetest.Count(2, 1)]
			}
			for _, order := range orders {
				srv := wiretest.NewTLS(t, leaf.Server(), fine)
				c := newConnector(t, connector.Config{TLS: leaf.Client()})
				conns := owners{}
				send := func(p namedPolicy) {
					t.Helper()
					conns.send(t, c, srv, p.name, connector.Settings{TLS: p.policy, Proxy: through})
				}
				for _, p := range order {
					send(p)
				}
				for _, first := range order {
					for _, second := range order {
						send(first)
						send(second)
					}
				}
				conns.wantFew(t, srv, len(order))
				// All of them are idle now, and none is good enough.
				before := len(srv.Requests())
				_, err := try(t, c, srv.URL(), connector.Settings{TLS: &connector.TLSPolicy{Pin: wrong}, Proxy: through})
				if !errors.Is(err, errors.ErrServerFingerprintMismatch) {
					t.Errorf("a wrong pin: got %v", err)
				}
				if n := len(srv.Requests()); n != before {
					t.Errorf("the server has seen %d requests, want %d", n, before)
				}
			}
		})
	}
}

// TestProxiesApart is the same for the ways: proxies, their credentials and what
// is said to them.
func TestProxiesApart(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	one := (&testProxy{}).start(t, "http", nil)
	two := (&testProxy{}).start(t, "http", nil)
	secured := (&testProxy{config: leaf.Server()}).start(t, "https", nil)
	socks := (&testProxy{}).start(t, "socks5h", nil)
	local := *socks.url(nil)
	local.Scheme = "socks5"
	type way struct {
		name  string
		proxy *connector.Proxy
	}
	ways := []way{
		{"direct", nil},
		{"one", &connector.Proxy{URL: one.url(nil)}},
		{"two", &connector.Proxy{URL: two.url(nil)}},
		{"https", &connector.Proxy{URL: secured.url(nil)}},
		{"socks5h", &connector.Proxy{URL: socks.url(nil)}},
		{"socks5", &connector.Proxy{URL: &local}},
		{"user in the url", &connector.Proxy{URL: one.url(url.UserPassword("u", "p"))}},
		{"another user", &connector.Proxy{URL: one.url(nil), Auth: url.UserPassword("v", "p")}},
		{"another password", &connector.Proxy{URL: one.url(nil), Auth: url.UserPassword("u", "q")}},
		{"header", &connector.Proxy{URL: one.url(nil), Header: map[string][]string{"X-A": {"1"}}}},
		{"other header", &connector.Proxy{URL: one.url(nil), Header: map[string][]string{"X-A": {"2"}}}},
		{"two values", &connector.Proxy{URL: one.url(nil), Header: map[string][]string{"X-A": {"1", "2"}}}},
	}
	backwards := slices.Clone(ways)
	slices.Reverse(backwards)
	for _, order := range [][]way{ways, backwards} {
		srv := wiretest.NewTLS(t, leaf.Server(), fine)
		c := newConnector(t, connector.Config{TLS: leaf.Client()})
		conns := owners{}
		send := func(w way) {
			t.Helper()
			conns.send(t, c, srv, w.name, connector.Settings{Proxy: w.proxy})
		}
		for _, w := range order {
			send(w)
		}
		for _, first := range order {
			for _, second := range order {
				send(first)
				send(second)
			}
		}
		conns.wantFew(t, srv, len(order))
	}
}

// TestResumption: sessions are resumed under the policy that they were made
// under, and under no other.
func TestResumption(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			cfg := leaf.Server()
			cfg.MaxVersion = version
			srv := wiretest.NewTLS(t, cfg, fine)
			resumed := func(c *connector.Connector, p *connector.TLSPolicy) bool {
				t.Helper()
				rec := new(connector.Recorder)
				mustGet(t, c, srv.URL(), connector.Settings{TLS: p, Recorder: rec})
				return rec.Conn().TLS.DidResume
			}
			all := policies(t, leaf)
			backwards := slices.Clone(all)
			slices.Reverse(backwards)
			// As above: each meets the sessions of all others before its own.
			for _, order := range [][]namedPolicy{all, backwards} {
				c := newConnector(t, connector.Config{TLS: leaf.Client(), ForceClose: true})
				for _, want := range []bool{false, true, true} {
					for _, p := range order {
						if got := resumed(c, p.policy); got != want {
							t.Errorf("%s: resumed is %v, want %v", p.name, got, want)
						}
					}
				}
			}
		})
	}
}

// TestResumptionOwnCache: a cache that the caller shares between two
// configurations is his own affair, but no laxer policy puts anything into it.
func TestResumptionOwnCache(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	cfg := leaf.Client()
	cfg.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	again := cfg.Clone()
	c := newConnector(t, connector.Config{TLS: cfg, ForceClose: true})
	tests := []struct {
		name   string
		policy *connector.TLSPolicy
		want   bool
	}{
		{"first", &connector.TLSPolicy{Insecure: true}, false},
		{"not from the insecure one", nil, false},
		{"its own", nil, true},
		{"the caller's", &connector.TLSPolicy{Config: again}, true},
		{"pin", &connector.TLSPolicy{Pin: sha256Pin(t, leaf.DER)}, false},
		{"config and pin", &connector.TLSPolicy{Config: again, Pin: sha256Pin(t, leaf.DER)}, false},
		{"name", &connector.TLSPolicy{Config: again, ServerName: "origin.example"}, false},
	}
	for _, tt := range tests {
		rec := new(connector.Recorder)
		mustGet(t, c, srv.URL(), connector.Settings{TLS: tt.policy, Recorder: rec})
		if got := rec.Conn().TLS.DidResume; got != tt.want {
			t.Errorf("%s: resumed is %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestPolicyReplaces: what a request asks for takes the place of what the
// connector has, as a whole. Nothing lax is left over.
func TestPolicyReplaces(t *testing.T) {
	t.Parallel()
	leaf, stranger := originLeaf(t), originLeaf(t)
	pin, other := sha256Pin(t, leaf.DER), sha256Pin(t, stranger.DER)
	lax := stranger.Client()
	lax.InsecureSkipVerify = true
	connectors := []struct {
		name string
		cfg  connector.Config
		ok   bool // of the connector's own policy
	}{
		{"verified", connector.Config{TLS: leaf.Client()}, true},
		{"stranger", connector.Config{TLS: stranger.Client()}, false},
		{"insecure", connector.Config{TLS: stranger.Client(), Insecure: true}, true},
		{"pinned", connector.Config{TLS: stranger.Client(), Pin: pin}, true},
		{"pinned to another", connector.Config{TLS: leaf.Client(), Pin: other}, false},
		{"fingerprint", connector.Config{TLS: stranger.Client(), Fingerprint: pin.Digest()}, true},
	}
	for _, cc := range connectors {
		knows := cc.cfg.TLS.RootCAs == leaf.Pool
		tests := []struct {
			name   string
			policy *connector.TLSPolicy
			ok     bool
		}{
			{"none", nil, cc.ok},
			{"zero", &connector.TLSPolicy{}, knows},
			{"name", &connector.TLSPolicy{ServerName: "origin.example"}, knows},
			{"wrong name", &connector.TLSPolicy{ServerName: "elsewhere.example"}, false},
			{"insecure", &connector.TLSPolicy{Insecure: true}, true},
			{"insecure, wrong name", &connector.TLSPolicy{Insecure: true, ServerName: "elsewhere.example"}, true},
			{"pin", &connector.TLSPolicy{Pin: pin}, true},
			{"pin, wrong name", &connector.TLSPolicy{Pin: pin, ServerName: "elsewhere.example"}, true},
			{"wrong pin", &connector.TLSPolicy{Pin: other}, false},
			{"pin, verified", &connector.TLSPolicy{Pin: pin.Verified()}, knows},
			{"pin, verified, wrong name", &connector.TLSPolicy{Pin: pin.Verified(), ServerName: "elsewhere.example"}, false},
			{"wrong pin, verified", &connector.TLSPolicy{Pin: other.Verified()}, false},
			{"config", &connector.TLSPolicy{Config: leaf.Client()}, true},
			{"config of a stranger", &connector.TLSPolicy{Config: stranger.Client()}, false},
			{"config that skips", &connector.TLSPolicy{Config: lax}, true},
			{"config that skips, wrong pin", &connector.TLSPolicy{Config: lax, Pin: other}, false},
			{"config and insecure", &connector.TLSPolicy{Config: stranger.Client(), Insecure: true}, true},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%s/%s", cc.name, tt.name), func(t *testing.T) {
				t.Parallel()
				srv := wiretest.NewTLS(t, leaf.Server(), fine)
				c := newConnector(t, cc.cfg)
				_, err := try(t, c, srv.URL(), connector.Settings{TLS: tt.policy})
				if (err == nil) != tt.ok {
					t.Errorf("got %v, want success: %v", err, tt.ok)
				}
				if err != nil && !errors.Is(err, errors.ErrClientConnectorCertificate) && !errors.Is(err, errors.ErrServerFingerprintMismatch) {
					t.Errorf("got %v of no fitting class", err)
				}
				if n := len(srv.Requests()); err != nil && n != 0 {
					t.Errorf("%d requests have reached the server", n)
				}
			})
		}
	}
}
