package connector

import (
	"crypto/tls"
	"net"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
)

// TLSPolicy says how a server has to prove who it is. The zero value is a
// verified connection: a chain to a trusted root, and the host's name.
//
// A connection that was made under one policy never serves a request that asks
// for another. Policies are told apart by the identity of Config and the values
// of the other fields; so a Config that is made anew for each request gives each
// request a connection of its own.
//
// The policy of a request takes the place of the connector's as a whole: with
// nothing but a ServerName it is verified, even if the connector is insecure or
// has a pin. (aiohttp: ssl)
type TLSPolicy struct {
	// Config is used in the place of the connector's. It must not be changed
	// afterwards. Nil means [Config].TLS of the connector.
	Config *tls.Config
	// Insecure accepts every certificate. It excludes Pin. (aiohttp: ssl=False)
	Insecure bool
	// Pin is the certificate that is accepted, and no other. (aiohttp:
	// Fingerprint)
	Pin Pin
	// ServerName is the name that is asked for (SNI, RFC 6066 3) and that the
	// certificate has to be for. Empty means the URL's host. (aiohttp:
	// server_hostname)
	ServerName string
}

func (p *TLSPolicy) check() error {
	if p.Insecure && !p.Pin.IsZero() {
		return &errors.InvalidRequestError{Field: "Insecure", Reason: "cannot be set together with a fingerprint"}
	}
	if p.ServerName != "" {
		if _, ok := canonicalHost(p.ServerName); !ok {
			return &errors.InvalidRequestError{Field: "ServerName", Reason: "not a name"}
		}
	}
	return nil
}

// tlsConfig is what a connection is made with: a clone of base, or of the
// policy's own configuration, under a policy. The sessions of each policy are
// its own, so that none is resumed under another; a cache of the caller's is
// used where nothing is added to the configuration that it is in.
func tlsConfig(base *tls.Config, p *TLSPolicy) *tls.Config {
	if p.Config != nil {
		base = p.Config
	}
	cfg := base.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ClientSessionCache == nil || *p != (TLSPolicy{Config: p.Config}) {
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	if p.ServerName != "" {
		name, _ := canonicalHost(p.ServerName) // checked before
		cfg.ServerName = serverName(name)
	}
	if p.Insecure || !p.Pin.IsZero() && !p.Pin.verify {
		cfg.InsecureSkipVerify = true
	}
	return cfg
}

// pinned adds the check of a pin, for a certain host: the error names it.
func pinned(cfg *tls.Config, pin Pin, host, port string) {
	before := cfg.VerifyConnection
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		if got, ok := pin.check(state); !ok {
			number, _ := strconv.Atoi(port) // checked when the key was made
			return &errors.ServerFingerprintMismatch{Expected: pin.Digest(), Got: got, Host: host, Port: number}
		}
		if before == nil {
			return nil
		}
		return before(state)
	}
}

// serverName is a host as TLS knows it: without the zone of an IPv6 address.
func serverName(host string) string {
	if ip := net.ParseIP(host); ip != nil {
		return host
	}
	for i := range len(host) {
		if host[i] == '%' {
			return host[:i]
		}
	}
	return host
}
