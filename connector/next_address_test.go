package connector_test

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// twoListeners listen on the same port of ::1 and 127.0.0.1.
func twoListeners(t *testing.T) (six, four net.Listener) {
	t.Helper()
	for range 20 {
		four, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		six, err := net.Listen("tcp6", "[::1]:"+portOf(t, four.Addr().String()))
		if err == nil {
			return six, four
		}
		four.Close()
	}
	t.Skip("no IPv6 here")
	return nil, nil
}

// TestTLSNextAddress: an address behind which TLS fails, or which says nothing,
// is passed over, each with the whole of sock_connect; and the last one's error
// counts.
func TestTLSNextAddress(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"a.test"}})
	wrong := certs.For(t, certs.Options{Names: []string{"other.test"}})
	handshake := func(cfg *tls.Config) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			tc := tls.Server(c.NetConn(), cfg)
			if tc.Handshake() == nil {
				io.Copy(io.Discard, tc)
			}
		}
	}
	for name, test := range map[string]struct {
		bad   func(*wiretest.Conn)
		class error
	}{
		"no TLS":    {func(c *wiretest.Conn) { c.Write("HTTP/1.1 400 Bad Request\r\n\r\n") }, errors.ErrClientConnectorSSL},
		"closed":    {func(*wiretest.Conn) {}, errors.ErrClientConnectorSSL},
		"silent":    {func(c *wiretest.Conn) { c.Stall() }, errors.ErrConnectionTimeout},
		"another's": {handshake(wrong.Server()), errors.ErrClientConnectorCertificate},
		"old TLS":   {handshake(&tls.Config{MaxVersion: tls.VersionTLS11, Certificates: leaf.Server().Certificates}), errors.ErrClientConnectorSSL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			six, four := twoListeners(t)
			bad := wiretest.NewOn(t, six, test.bad)
			good := wiretest.NewTLSOn(t, four, leaf.Server(), fine)
			dns := &names{addrs: []string{"::1", "127.0.0.1"}}
			limit := time.Hour
			if name == "silent" {
				limit = time.Second // the good one's, too
			}
			c := newConnector(t, connector.Config{
				Resolver: dns, DNSCacheTTL: -1, TLS: leaf.Client(), ForceClose: true,
				Timeout: connector.ClientTimeout{SockConnect: limit}, HappyEyeballsDelay: -1,
			})
			url := "https://a.test:" + portOf(t, good.Addr())
			if got := get(t, c, url); got != "ok" || bad.Conns() != 1 || good.Conns() != 1 {
				t.Errorf("got %q, %d connections to the bad one, %d to the good one", got, bad.Conns(), good.Conns())
			}
			dns.set(nil, "::1")
			if err := fails(t, c, url); !errors.Is(err, test.class) {
				t.Errorf("with the bad one alone: got %v, want %v", err, test.class)
			}
			good.Close()
			dns.set(nil, "127.0.0.1", "::1")
			if err := fails(t, c, url); !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, errors.ErrClientConnector) {
				t.Errorf("with another that refuses: got %v", err) // it is tried again, last
			}
			if st := c.Stats(); st.InUse != 0 || st.Idle != 0 || st.Opened != 1 {
				t.Errorf("at the end: %+v", st)
			}
		})
	}
}

// TestNextAddressKeepsTime: the connect timeout bounds all attempts together.
func TestNextAddressKeepsTime(t *testing.T) {
	t.Parallel()
	six, four := twoListeners(t)
	silent := func(c *wiretest.Conn) { c.Stall() }
	srv := wiretest.NewOn(t, six, silent)
	wiretest.NewOn(t, four, silent)
	c := newConnector(t, connector.Config{
		Resolver: &names{addrs: []string{"::1", "127.0.0.1"}}, HappyEyeballsDelay: -1, Insecure: true,
		Timeout: connector.ClientTimeout{SockConnect: 100 * time.Millisecond, Connect: 150 * time.Millisecond},
	})
	err := fails(t, c, "https://a.test:"+portOf(t, srv.Addr()))
	te, ok := errors.AsType[*errors.TimeoutError](err)
	if !ok || te.Limit != 150*time.Millisecond || te.Elapsed < te.Limit {
		t.Errorf("got %v", err)
	}
}
