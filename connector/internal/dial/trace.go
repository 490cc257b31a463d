package dial

import (
	"context"
	"net"
	"net/http/httptrace"
	"net/netip"

	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// lookUp asks the cache, and tells a trace in the context. It is told here and not
// by net's resolver, which would tell only those whose look-up asks it.
func (d *Dialer) lookUp(ctx context.Context, host, port string, hooks *LookupHooks) ([]netip.Addr, dnscache.Outcome, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if _, err := netip.ParseAddr(host); trace == nil || err == nil {
		return d.dns.Lookup(ctx, host, port, hooks.outcomeFunc(host))
	}
	if trace.DNSStart != nil {
		trace.DNSStart(httptrace.DNSStartInfo{Host: host})
	}
	addrs, how, err := d.dns.Lookup(untracedContext{ctx}, host, port, hooks.outcomeFunc(host))
	if trace.DNSDone != nil {
		trace.DNSDone(httptrace.DNSDoneInfo{Addrs: ipAddrs(addrs), Err: err, Coalesced: how == dnscache.Shared})
	}
	return addrs, how, err
}

func ipAddrs(addrs []netip.Addr) []net.IPAddr {
	all := make([]net.IPAddr, 0, len(addrs))
	for _, a := range addrs {
		all = append(all, net.IPAddr{IP: a.AsSlice(), Zone: a.Zone()})
	}
	return all
}

// untraced is a context whose trace hears nothing: of a look-up that goes on after
// those who waited for it, nor of the sockets to name servers.
type untracedContext struct {
	context.Context //nolint:containedctx // it is a context itself: the wrapped one is its parent
}

// silent has all that [httptrace.WithClientTrace] puts into a context, under keys
// that only it and net know. A trace without hooks would not be put there for net.
var silentTrace = httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
	DNSStart: func(httptrace.DNSStartInfo) {},
})

func (c untracedContext) Value(key any) any {
	if v := silentTrace.Value(key); v != nil {
		return v
	}
	return c.Context.Value(key)
}
