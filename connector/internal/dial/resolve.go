package dial

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// resolveHost finds the addresses that may be connected to for a host and port, of a
// proxy or of the server.
func (d *Dialer) resolveHost(ctx context.Context, a *Attempt, host, port string, isProxy bool) ([]netip.AddrPort, error) {
	if numeric, canonical := netguard.CanonicalIPv4(host); numeric && !canonical {
		return nil, errors.NewInvalidURL(host, "not a canonical IPv4 address", nil)
	}
	a.At.Phase = errors.PhaseDNS
	hooks := a.Lookup
	if a.At.Proxy {
		hooks = nil
	}
	start := time.Now()
	lookedUp := host
	to, mapped := d.config.Hosts.find(host, port, isProxy)
	var found []netip.Addr
	var how dnscache.Outcome
	var err error
	if mapped {
		lookedUp, port = to.host, to.port
		found, how, err = d.lookUpMapped(ctx, host, to, hooks)
	} else {
		found, how, err = d.lookUp(ctx, host, port, hooks)
	}
	if how == dnscache.Miss && err == nil && hooks != nil {
		callHook(hooks.End, lookedUp)
	}
	if how != dnscache.Literal {
		a.DNS = time.Since(start)
	}
	a.CachedDNS = how == dnscache.Hit || how == dnscache.Stale
	if err != nil {
		return nil, err
	}
	a.At.Phase = errors.PhaseDial
	return d.filterAddrs(found, uint16(portNumber(port))) //nolint:gosec // checked to be 16 bits
}

// outcomeFunc returns the function that tells the hooks how a look-up begins; nil for nil
// hooks.
func (h *LookupHooks) outcomeFunc(host string) func(dnscache.Outcome) {
	if h == nil {
		return nil
	}
	return func(how dnscache.Outcome) {
		switch how {
		case dnscache.Hit, dnscache.Shared:
			callHook(h.Hit, host)
		case dnscache.Miss:
			callHook(h.Miss, host)
			callHook(h.Start, host)
		case dnscache.Stale, dnscache.Literal: // neither is how one begins
		}
	}
}

// addrRefusedError is an address that AllowAddr does not allow.
type addrRefusedError struct {
	addr netip.Addr
	err  error // why not
}

// Error is why: the guard of the public internet names the address.
func (e *addrRefusedError) Error() string {
	if _, ok := errors.AsType[*netguard.RefusedError](e.err); ok {
		return e.err.Error()
	}
	return "address " + e.addr.String() + " refused: " + errors.RedactError(e.err)
}

func (e *addrRefusedError) Unwrap() error { return e.err }

// Is reports whether target is the class or an ancestor of it.
func (e *addrRefusedError) Is(target error) bool { return errors.Is(errors.ErrAddressRefused, target) }

// filterAddrs drops the addresses that AllowAddr refuses, and those that LocalAddr
// cannot reach.
func (d *Dialer) filterAddrs(found []netip.Addr, port uint16) ([]netip.AddrPort, error) {
	var refused error
	local := d.config.LocalAddr.Addr().Unmap()
	addrs := make([]netip.AddrPort, 0, len(found))
	for _, a := range found {
		ap := netip.AddrPortFrom(a, port)
		if local.IsValid() && local.Is4() != a.Is4() {
			if refused == nil { // what a guard says counts more
				refused = &net.AddrError{Err: "not of the local address's family", Addr: a.String()}
			}
			continue
		}
		if d.config.AllowAddr != nil {
			if err := d.config.AllowAddr(ap); err != nil {
				refused = &addrRefusedError{a, err}
				continue
			}
		}
		addrs = append(addrs, ap)
	}
	if len(addrs) == 0 {
		return nil, cmp.Or[error](refused, &net.AddrError{Err: "no addresses"})
	}
	return addrs, nil
}
