package dial

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/aiolos-http/aiolos/internal/dnscache"
)

// Config configures a [Dialer]. The zero value connects to the system's addresses
// with verified TLS and offers HTTP/1.1.
type Config struct {
	// Resolver looks names up; nil is the system's.
	Resolver dnscache.Resolver
	// DNSCacheTTL, DNSCacheSize and StaleDNS are those of [dnscache.Config].
	DNSCacheTTL  time.Duration
	DNSCacheSize int
	StaleDNS     time.Duration
	// Family is "ip", "ip4" or "ip6"; empty is "ip".
	Family string

	// Hosts are the hosts that are connected to somewhere else than their names say.
	Hosts Hosts

	// HappyEyeballsDelay and Interleave are those of [happyeyeballs.Dialer].
	HappyEyeballsDelay time.Duration
	Interleave         int
	// LocalAddr is where connections are made from, if it is valid.
	LocalAddr netip.AddrPort
	// Control is that of [net.Dialer].
	Control func(network, address string, c syscall.RawConn) error
	// AllowAddr refuses addresses before they are connected to; nil refuses none.
	AllowAddr func(netip.AddrPort) error
	// FreeDescriptors is called when a socket cannot be made because the process
	// or the system has no file descriptors left, and says whether it has freed
	// one, so that trying again makes sense. It is called from several goroutines
	// at a time. Nil frees none.
	FreeDescriptors func() bool

	// DialContext makes the connections in the place of all of the above but
	// FreeDescriptors. Nil is none.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)
	// Local is the path of the socket or pipe that DialContext connects to, for
	// errors. Empty is none.
	Local string

	// TLS is what connections to servers and https proxies start from. It is
	// cloned for each. Nil is crypto/tls's defaults.
	TLS *tls.Config
	// Insecure accepts every certificate, of https proxies too.
	Insecure bool
	// Pin is the certificate that servers have to show; the zero Pin is any.
	Pin Pin
	// BelowTLS is given each connection that TLS is put on, and returns what TLS then
	// reads and writes. Nil leaves it as it is.
	BelowTLS func(net.Conn) net.Conn
	// NextProtos are offered to servers (ALPN, RFC 7301), but for a Target with H1.
	// Empty is http/1.1 alone.
	NextProtos []string
}

// Dialer makes connections. It is safe for concurrent use. Whoever makes it
// closes it.
type Dialer struct {
	config Config
	dns    *dnscache.Cache
	tls    *tls.Config // for servers, without their names, under the Config's policy

	mu         sync.Mutex
	routes     map[routeSpec]*Route
	tlsConfigs map[Target]*tls.Config // see shareTLSConfig
}

// New returns a Dialer. It starts nothing.
func New(cfg Config) *Dialer {
	if cfg.BelowTLS == nil {
		cfg.BelowTLS = func(nc net.Conn) net.Conn { return nc }
	}
	if len(cfg.NextProtos) == 0 {
		cfg.NextProtos = http1Only
	}
	return &Dialer{
		config: cfg,
		dns: dnscache.New(dnscache.Config{
			Resolver: cfg.Resolver, TTL: cfg.DNSCacheTTL, Size: cfg.DNSCacheSize, Stale: cfg.StaleDNS, Network: cfg.Family,
		}),
		tls:    ServerTLS(cfg.TLS, &Policy{Insecure: cfg.Insecure, Pin: cfg.Pin}),
		routes: map[routeSpec]*Route{}, tlsConfigs: map[Target]*tls.Config{},
	}
}

// DNS returns the cache of addresses.
func (d *Dialer) DNS() *dnscache.Cache { return d.dns }

// Close breaks look-ups off that are under way. Connections are their owners'.
func (d *Dialer) Close() { d.dns.Close() }
