package connector

import (
	"crypto/tls"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
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
		if _, ok := dial.CanonicalHost(p.ServerName); !ok {
			return &errors.InvalidRequestError{Field: "ServerName", Reason: "not a name"}
		}
	}
	return nil
}

// dialPolicy is p, which has been checked, in the dialer's form.
func (p *TLSPolicy) dialPolicy() *dial.Policy {
	name, _ := dial.CanonicalHost(p.ServerName) // checked; or there is none
	return &dial.Policy{Config: p.Config, Insecure: p.Insecure, Pin: p.Pin.pin, ServerName: name}
}
