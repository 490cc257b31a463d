package netguard

import (
	"net/netip"

	"github.com/aiolos-http/aiolos/errors"
)

// RefusedError is an address that is not of the public internet. It is of the
// class [errors.ErrAddressRefused]; no byte was sent to the address.
type RefusedError struct {
	Addr netip.Addr
	Kind Kind
}

// Error is the address and what it is for.
func (e *RefusedError) Error() string {
	return "address " + e.Addr.String() + " refused: " + e.Kind.String()
}

// Is reports whether target is the class or an ancestor of it.
func (e *RefusedError) Is(target error) bool { return errors.Is(errors.ErrAddressRefused, target) }

// Public returns nil for an address of the public internet, and a
// [*RefusedError] for any other.
func Public(addr netip.Addr) error {
	if kind := Classify(addr); kind != Global {
		return &RefusedError{addr, kind}
	}
	return nil
}
