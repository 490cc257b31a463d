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

// filterAddrs drops the addresses that AllowAddr refuses, and those that LocalAddr
// cannot reach.
func (d *Dialer) filterAddrs(found []netip.Addr, port uint16) ([]netip.AddrPort, error) {
	var refused error
	local := d.config.LocalAddr.Addr().Unmap()
	addrs := make([]netip.AddrPort, 0, len(found))
	for _, a := range found {
		ap := netip.AddrPortFrom(a, port)
		if local.IsValid() && local.Is4() != a.Is4() {
			refused = &net.AddrError{Err: "not of the local address's family", Addr: a.String()}
			continue
		}
		if d.config.AllowAddr != nil {
			if err := d.config.AllowAddr(ap); err != nil {
				refused = err
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
