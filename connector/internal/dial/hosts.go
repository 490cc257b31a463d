package dial

import (
	"context"
	"net/http/httptrace"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// Hosts says where connections to a host and port really go. It changes nothing but the
// address that is connected to: the name in TLS, in the Host header and in the pool stays.
// The zero value maps nothing. It does not change, so it is safe for concurrent use.
type Hosts struct {
	to map[place]place
}

// place is a host, in the form of [CanonicalHost], and a port. An empty host is any,
// and so is an empty port; as what is mapped to it is the one that was asked for.
type place struct{ host, port string }

// NewHosts reads the form of [connector.Config.Hosts]. The error is an
// [errors.InvalidRequestError].
func NewHosts(m map[string]string) (Hosts, error) {
	h := Hosts{to: make(map[place]place, len(m))}
	for from, to := range m {
		key, ok := parsePlace(from, true)
		if !ok {
			return Hosts{}, badHosts("the key", from)
		}
		value, ok := parsePlace(to, false)
		if !ok {
			return Hosts{}, badHosts("the address", to)
		}
		if _, twice := h.to[key]; twice {
			return Hosts{}, &errors.InvalidRequestError{Field: "Hosts", Reason: "has " + strconv.Quote(from) + " twice, in two ways to write it"}
		}
		h.to[key] = value
	}
	return h, nil
}

func badHosts(what, text string) error {
	return &errors.InvalidRequestError{Field: "Hosts", Reason: what + " " + strconv.Quote(text) + " is not of the form host, host:port or [IPv6]:port"}
}

// parsePlace reads "host", "host:port", "[::1]:port" or "::1". A wildcard may be "*" for
// the host.
func parsePlace(text string, wildcard bool) (p place, ok bool) {
	host, port, ok := httprule.SplitPlace(text)
	if !ok {
		return place{}, false
	}
	p.port = port
	if host == "*" && wildcard {
		return p, true
	}
	if numeric, canonical := netguard.CanonicalIPv4(host); numeric && !canonical {
		return place{}, false
	}
	p.host, ok = CanonicalHost(host)
	return p, ok && p.host != "*" && !strings.HasPrefix(p.host, "*.")
}

// find returns where to connect to for a host and port. The closest entry counts:
//
//	host:port  >  host  >  *:port  >  *
//
// The last two are not for proxies.
func (h Hosts) find(host, port string, isProxy bool) (to place, ok bool) {
	if len(h.to) == 0 {
		return place{}, false
	}
	host = strings.TrimSuffix(host, ".")
	for _, key := range [...]place{{host, port}, {host, ""}, {"", port}, {"", ""}} {
		if key.host == "" && isProxy {
			break
		}
		if to, ok = h.to[key]; ok {
			if to.port == "" {
				to.port = port
			}
			return to, true
		}
	}
	return place{}, false
}

// lookUpMapped is lookUp for a host that has an address in Hosts. The address is told as a
// hit of the cache; a name is looked up, and told, as any other.
func (d *Dialer) lookUpMapped(ctx context.Context, host string, to place, hooks *LookupHooks) ([]netip.Addr, dnscache.Outcome, error) {
	if _, err := netip.ParseAddr(to.host); err != nil {
		return d.lookUp(ctx, to.host, to.port, hooks)
	}
	addrs, how, err := d.dns.Lookup(ctx, to.host, to.port, nil)
	if _, literal := netip.ParseAddr(host); literal == nil {
		return addrs, how, err // nobody looks an address up
	}
	if trace := httptrace.ContextClientTrace(ctx); trace != nil {
		if trace.DNSStart != nil {
			trace.DNSStart(httptrace.DNSStartInfo{Host: host})
		}
		if trace.DNSDone != nil {
			trace.DNSDone(httptrace.DNSDoneInfo{Addrs: ipAddrs(addrs), Err: err})
		}
	}
	if hooks != nil {
		callHook(hooks.Hit, host)
	}
	return addrs, dnscache.Hit, err
}
