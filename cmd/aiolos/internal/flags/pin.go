package flags

import (
	"errors"
	"fmt"

	"github.com/aiolos-http/aiolos/connector"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/certs"
)

// pinValue is the value of --pin.
type pinValue struct{ connector.Pin }

// Set implements pflag.Value.
func (p *pinValue) Set(s string) error {
	if certs.IsKeyPin(s) {
		return errors.New(`sha256// is curl's pin, of the public key alone; "aiolos pin HOST" shows that of the certificate`)
	}
	pin, err := connector.ParsePin(s)
	if err != nil {
		return fmt.Errorf("not the SHA-256 of a certificate: %w", err)
	}
	p.Pin = pin
	return nil
}

// String implements pflag.Value.
func (p *pinValue) String() string { return p.Pin.String() }

// Type implements pflag.Value.
func (p *pinValue) Type() string { return "sha256" }
