// Package certs makes certificates for tests, in the process that needs them.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// Validity is when a certificate is good for use.
type Validity int

// The zero Validity is Valid.
const (
	Valid       Validity = iota
	Expired              // since an hour
	NotYetValid          // for another hour
)

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	// Cert is the authority's own certificate.
	Cert *x509.Certificate

	// Pool holds Cert and nothing else. Do not change it.
	Pool *x509.CertPool

	key *ecdsa.PrivateKey
}

// Options say what a leaf is for.
type Options struct {
	// Names are DNS names. If there are neither Names nor IPs, the leaf is for
	// localhost, 127.0.0.1 and ::1.
	Names []string

	// IPs are addresses.
	IPs []netip.Addr

	// Validity is Valid by default.
	Validity Validity

	// Now is what Validity refers to; the zero time means the present. Time in a
	// bubble of testing/synctest starts in the year 2000.
	Now time.Time

	// Client makes it a certificate for clients rather than for servers.
	Client bool
}

// Leaf is an end entity's certificate and what trusts it.
type Leaf struct {
	// TLS is the certificate with its key, for tls.Config.Certificates. It holds
	// the authority's certificate too.
	TLS tls.Certificate

	// Pool is the authority's, for the other side's tls.Config. Do not change it.
	Pool *x509.CertPool

	// DER is the leaf's certificate as it goes over the wire, for pins.
	DER []byte
}

// Server returns a configuration of a server that shows the leaf.
func (l *Leaf) Server() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{l.TLS}} }

// Client returns a configuration of a client that trusts the leaf's authority
// alone.
func (l *Leaf) Client() *tls.Config { return &tls.Config{RootCAs: l.Pool} }

// For is [New] for a test, which fails if there is no certificate.
func For(t testing.TB, opts Options) *Leaf {
	t.Helper()
	leaf, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

// New makes an authority that nobody else knows, and a leaf of it.
func New(opts Options) (*Leaf, error) {
	ca, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	return ca.Issue(opts)
}

// NewAuthority makes an authority whose certificate is good from 1990 to 2190,
// so that it outlives every leaf in bubbles as well.
func NewAuthority() (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "aiolos test authority"},
		NotBefore:             time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2190, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	cert, err := signCertificate(template, template, key, key)
	if err != nil {
		return nil, err
	}
	ca := &Authority{Cert: cert, Pool: x509.NewCertPool(), key: key}
	ca.Pool.AddCert(cert)
	return ca, nil
}

// Issue makes a leaf with a key of its own.
func (ca *Authority) Issue(opts Options) (*Leaf, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	cert, err := signCertificate(opts.leafTemplate(), ca.Cert, key, ca.key)
	if err != nil {
		return nil, err
	}
	return &Leaf{
		TLS:  tls.Certificate{Certificate: [][]byte{cert.Raw, ca.Cert.Raw}, PrivateKey: key, Leaf: cert},
		Pool: ca.Pool,
		DER:  cert.Raw,
	}, nil
}

func (o Options) leafTemplate() *x509.Certificate {
	if len(o.Names)+len(o.IPs) == 0 {
		o.Names = []string{"localhost"}
		o.IPs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	from, to := o.Validity.periodAround(o.Now)
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "aiolos test leaf"},
		NotBefore:   from,
		NotAfter:    to,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    slices.Clone(o.Names),
	}
	if o.Client {
		template.ExtKeyUsage[0] = x509.ExtKeyUsageClientAuth
	}
	for _, ip := range o.IPs {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	return template
}

func (v Validity) periodAround(now time.Time) (from, to time.Time) {
	const year = 365 * 24 * time.Hour
	switch v {
	case Expired:
		return now.Add(-year), now.Add(-time.Hour)
	case NotYetValid:
		return now.Add(time.Hour), now.Add(year)
	default:
		return now.Add(-year), now.Add(year)
	}
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func signCertificate(template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1)) // positive: RFC 5280, 4.1.2.2
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, fmt.Errorf("certs: %w", err)
	}
	return x509.ParseCertificate(der)
}
