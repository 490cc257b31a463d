package connector

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/netguard"
)

// Resolver finds the addresses of a host. The network is "ip", "ip4" or "ip6".
// [*net.Resolver] is one. It must be safe for concurrent use and honour the
// context. (aiohttp: AbstractResolver)
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Nameservers returns a resolver that asks the given name servers instead of the
// system's, one after the other until one answers. (aiohttp:
// AsyncResolver(nameservers=[…]))
func Nameservers(servers ...netip.AddrPort) Resolver {
	var next int
	turn := make(chan struct{}, 1)
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			if len(servers) == 0 {
				return nil, &net.DNSError{Err: "no name servers", IsNotFound: false}
			}
			turn <- struct{}{}
			server := servers[next%len(servers)]
			next++
			<-turn
			return new(net.Dialer).DialContext(ctx, network, server.String())
		},
	}
}

// RefusePrivate is an AllowAddr that lets only addresses of the public internet
// pass: no loopback, private, link-local (metadata services), shared, multicast
// or otherwise special ones, in whatever notation, IPv4 within IPv6 included.
func RefusePrivate(addr netip.AddrPort) error { return netguard.Public(addr.Addr()) }

func newDNS(cfg *Config) *dnscache.Cache {
	ttl := cfg.DNSCacheTTL
	if cfg.DisableDNSCache {
		ttl = -1
	}
	var resolver dnscache.Resolver
	if cfg.Resolver != nil {
		resolver = cfg.Resolver
	}
	return dnscache.New(dnscache.Config{
		Resolver: resolver, TTL: ttl, Size: cfg.DNSCacheSize, Stale: cfg.StaleDNS, Network: cfg.Family,
	})
}

// CachedHost is what the DNS cache has of a host. (aiohttp: cached_hosts)
type CachedHost struct {
	Host, Port string
	Addrs      []netip.Addr
	Expires    time.Time
}

// CachedHosts returns a snapshot of the DNS cache. (aiohttp: cached_hosts)
func (c *Connector) CachedHosts() []CachedHost {
	hosts := c.dialer.dns.Hosts()
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
		c.dialer.dns.Clear()
	case host == "" || port == "":
		return &errors.InvalidRequestError{Field: "ClearDNSCache", Reason: "needs both host and port, or none"}
	default:
		c.dialer.dns.Remove(host, port)
	}
	return nil
}
