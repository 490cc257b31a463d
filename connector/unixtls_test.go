package connector_test

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
)

// What fails over a Unix socket is TLS, if the socket is there and TLS is what
// does not work.
func TestUnixTLSErrors(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"server.test"}})
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			tls.Server(nc, leaf.Server()).HandshakeContext(t.Context())
			nc.Close()
		}
	}()
	for _, test := range []struct {
		name, path, host string
		trusts           *tls.Config
		want, not        error
	}{
		{"stranger", path, "server.test", nil, errors.ErrClientConnectorCertificate, errors.ErrUnixClientConnector},
		{"other name", path, "other.test", leaf.Client(), errors.ErrClientConnectorCertificate, errors.ErrUnixClientConnector},
		{"no socket", path + ".gone", "server.test", leaf.Client(), errors.ErrUnixClientConnector, errors.ErrClientSSL},
	} {
		c, err := connector.NewUnix(test.path, connector.Config{TLS: test.trusts})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.RoundTrip(newRequest(t, t.Context(), "GET", "https://"+test.host+"/", nil))
		if !errors.Is(err, test.want) || errors.Is(err, test.not) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		c.Close()
	}
}
