package connector

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// Resolver finds the addresses of a host. The network is "ip", "ip4" or "ip6".
// [*net.Resolver] is one. It must be safe for concurrent use and honour the
// context. (aiohttp: AbstractResolver)
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Nameservers returns a resolver that asks the given name servers instead of the
// system's: the first one, and each further one if those before it do not answer.
// That a host does not exist is an answer. The hosts file is read all the same.
// (aiohttp: AsyncResolver(nameservers=[…]))
func Nameservers(servers ...netip.AddrPort) Resolver {
	all := make(nameservers, 0, len(servers))
	for _, server := range servers {
		all = append(all, &net.Resolver{
			PreferGo: true,
			Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, server.String())
			},
		})
	}
	return all
}

type nameservers []*net.Resolver

// LookupNetIP is that of [Resolver].
func (n nameservers) LookupNetIP(ctx context.Context, network, host string) (addrs []netip.Addr, err error) {
	err = &net.DNSError{Err: "no name servers", Name: host}
	for _, r := range n {
		addrs, err = r.LookupNetIP(ctx, network, host)
		if no, ok := errors.AsType[*net.DNSError](err); err == nil || ok && no.IsNotFound || ctx.Err() != nil {
			break
		}
	}
	return addrs, err
}

// RefusePrivate is an AllowAddr that lets only addresses of the public internet
// pass: no loopback, private, link-local (metadata services), shared, multicast
// or otherwise special ones, in whatever notation, IPv4 within IPv6 included.
func RefusePrivate(addr netip.AddrPort) error { return netguard.Public(addr.Addr()) }

// CachedHost is what the DNS cache has of a host. (aiohttp: cached_hosts)
type CachedHost struct {
	Host, Port string
	Addrs      []netip.Addr
	Expires    time.Time
}

// CachedHosts returns a snapshot of the DNS cache. (aiohttp: cached_hosts)
func (c *Connector) CachedHosts() []CachedHost {
	hosts := c.dialer.net.DNS().Hosts()
	all := make([]CachedHost, 0, len(hosts))
	for _, h := range hosts {
		all = append(all, CachedHost(h))
	}
	return all
}

// ClearDNSCache forgets the addresses of a host and port, or all if both are
// empty. To give only one of the two is an [errors.InvalidRequestError].
// (aiohttp: clear_dns_cache)
func (c *Connector) ClearDNSCache(host, port string) error {
	switch {
	case host == "" && port == "":
		c.dialer.net.DNS().Clear()
	case host == "" || port == "":
		return &errors.InvalidRequestError{Field: "ClearDNSCache", Reason: "needs both host and port, or none"}
	default:
		c.dialer.net.DNS().Remove(host, port)
	}
	return nil
}
