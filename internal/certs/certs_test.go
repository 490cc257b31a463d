package certs_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	stderrors "errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
)

// handshake is what the client makes of a server.
func handshake(t *testing.T, server, client *tls.Config, name string) error {
	t.Helper()
	a, b := memnet.Pipe(0, 0)
	defer a.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer b.Close()
		tls.Server(b, server).HandshakeContext(t.Context())
	}()
	client = client.Clone()
	client.ServerName = name
	err := tls.Client(a, client).HandshakeContext(t.Context())
	a.Close()
	<-done
	return err
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	expired := func(err error) bool {
		var invalid x509.CertificateInvalidError
		return stderrors.As(err, &invalid) && invalid.Reason == x509.Expired
	}
	misnamed := func(err error) bool { return stderrors.As(err, new(x509.HostnameError)) }
	for _, tt := range []struct {
		name string
		opts certs.Options
		host string
		bad  func(error) bool // nil: none
	}{
		{"default name", certs.Options{}, "localhost", nil},
		{"default address", certs.Options{}, "127.0.0.1", nil},
		{"default IPv6", certs.Options{}, "::1", nil},
		{"name", certs.Options{Names: []string{"a.test", "*.b.test"}}, "x.b.test", nil},
		{"address", certs.Options{IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}, "10.0.0.1", nil},
		{"wrong name", certs.Options{Names: []string{"a.test"}}, "localhost", misnamed},
		{"wrong address", certs.Options{Names: []string{"a.test"}}, "127.0.0.1", misnamed},
		{"expired", certs.Options{Validity: certs.Expired}, "localhost", expired},
		{"not yet valid", certs.Options{Validity: certs.NotYetValid}, "localhost", expired},
		{"for clients", certs.Options{Client: true}, "localhost", func(err error) bool {
			var invalid x509.CertificateInvalidError
			return stderrors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			leaf := certs.For(t, tt.opts)
			err := handshake(t, leaf.Server(), leaf.Client(), tt.host)
			if tt.bad == nil && err != nil || tt.bad != nil && !tt.bad(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Two authorities do not trust each other; leaves of one authority differ.
func TestAuthority(t *testing.T) {
	t.Parallel()
	a, b := certs.For(t, certs.Options{}), certs.For(t, certs.Options{})
	if err := handshake(t, a.Server(), b.Client(), "localhost"); !stderrors.As(err, new(x509.UnknownAuthorityError)) {
		t.Errorf("a stranger: got %v", err)
	}
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	var leaves []*certs.Leaf
	for range 2 {
		leaf, err := ca.Issue(certs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
		cert, err := x509.ParseCertificate(leaf.DER)
		if err != nil || !cert.Equal(leaf.TLS.Leaf) || cert.CheckSignatureFrom(ca.Cert) != nil {
			t.Errorf("leaf: %v", err)
		}
		if _, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok {
			t.Errorf("key: got %T, want ECDSA", cert.PublicKey)
		}
	}
	if leaves[0].TLS.Leaf.SerialNumber.Cmp(leaves[1].TLS.Leaf.SerialNumber) == 0 || leaves[0].Pool != leaves[1].Pool {
		t.Error("leaves of one authority: the same number or different pools")
	}
	if err := handshake(t, leaves[0].Server(), leaves[1].Client(), "localhost"); err != nil {
		t.Errorf("the same authority: %v", err)
	}
}

// A server may ask for a certificate of the client.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca, err := certs.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Issue(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Issue(certs.Options{Names: []string{"me"}, Client: true})
	if err != nil {
		t.Fatal(err)
	}
	serverTLS, clientTLS := server.Server(), client.Client()
	serverTLS.ClientAuth, serverTLS.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool
	serverTLS.MaxVersion = tls.VersionTLS12 // where the client hears of it in the handshake
	if err := handshake(t, serverTLS, clientTLS, "localhost"); err == nil {
		t.Error("without a certificate: got no error")
	}
	clientTLS.Certificates = []tls.Certificate{client.TLS}
	if err := handshake(t, serverTLS, clientTLS, "localhost"); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
}

// In a bubble it is the year 2000, and certificates are made for that time; a
// time of one's own can be given.
func TestTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leaf := certs.For(t, certs.Options{})
		if err := handshake(t, leaf.Server(), leaf.Client(), "localhost"); err != nil {
			t.Error(err)
		}
		leaf = certs.For(t, certs.Options{Now: time.Now().AddDate(30, 0, 0)})
		if err := handshake(t, leaf.Server(), leaf.Client(), "localhost"); err == nil {
			t.Error("of another time: got no error")
		}
	})
}
