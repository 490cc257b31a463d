package flags

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/aiolos-http/aiolos/connector"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

// TLSFiles are the files for TLS, in PEM.
type TLSFiles struct {
	Cert   string // of the client, with its chain, and perhaps the key
	Key    string // of the client; "" is Cert
	CACert string // authorities, in the place of the system's
}

// apply reads the files.
func (t *TLSFiles) apply(cfg *connector.Config) error {
	if *t == (TLSFiles{}) {
		return nil
	}
	if t.Cert == "" && t.Key != "" {
		return exitcode.AsUsage(errors.New("--key goes with --cert"))
	}
	if cfg.TLS == nil {
		cfg.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if t.Cert != "" {
		key := t.Key
		if key == "" {
			key = t.Cert
		}
		pair, err := tls.LoadX509KeyPair(t.Cert, key)
		if err != nil {
			return exitcode.AsUsage(fmt.Errorf("--cert: %w", err))
		}
		cfg.TLS.Certificates = []tls.Certificate{pair}
	}
	if t.CACert == "" {
		return nil
	}
	data, err := os.ReadFile(t.CACert)
	if err != nil {
		return exitcode.AsUsage(fmt.Errorf("--cacert: %w", err))
	}
	cfg.TLS.RootCAs = x509.NewCertPool()
	if !cfg.TLS.RootCAs.AppendCertsFromPEM(data) {
		return exitcode.AsUsage(fmt.Errorf("--cacert: %s has no certificate in PEM", t.CACert))
	}
	return nil
}
