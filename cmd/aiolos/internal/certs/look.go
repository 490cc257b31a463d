package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/session"
)

// errSeen ends a handshake when the certificates are known.
var errSeen = errors.New("the certificates have been seen")

// Look makes a handshake with the server of an https URL and returns what it
// showed, whether that verifies or not. The handshake is given up before its end:
// no request is sent. A serverName that is not empty is asked for in place of
// the URL's host. Open makes a session with a configuration of TLS.
func Look(
	ctx context.Context, url, serverName string, open func(connector.Config) (*session.Session, error),
) (*tls.ConnectionState, error) {
	var (
		once sync.Once
		seen *tls.ConnectionState
	)
	cfg := connector.Config{TLS: &tls.Config{
		MinVersion: tls.VersionTLS10, // to look is not to trust
		ServerName: serverName,
		// The chain is verified by Verify, which goes on if that fails.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			once.Do(func() { seen = &state })
			return errSeen
		},
	}}
	sess, err := open(cfg)
	if err != nil {
		return nil, err
	}
	defer sess.Close()
	resp, err := sess.Head(ctx, url, session.NoRedirects())
	if err == nil {
		return nil, errors.Join(errors.New("the server showed no certificate"), resp.Close())
	}
	if !errors.Is(err, errSeen) || seen == nil {
		return nil, err
	}
	if len(seen.PeerCertificates) == 0 {
		return nil, errors.New("the server showed no certificate")
	}
	return seen, nil
}

// Verify checks what a server showed as any connection would: the chain to a
// root that the system trusts, and the name.
func Verify(state *tls.ConnectionState, name string) error {
	opts := x509.VerifyOptions{DNSName: name, Intermediates: x509.NewCertPool()}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	return err
}
