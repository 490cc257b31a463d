package dnscache

import (
	"cmp"
	"container/list"
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// The defaults of [Config]; TTL and Size are aiohttp's.
const (
	DefaultTTL     = 10 * time.Second
	DefaultSize    = 1000
	DefaultTimeout = 30 * time.Second
)

// Resolver finds the addresses of a host. Network is "ip", "ip4" or "ip6".
// [*net.Resolver] is one. It must be safe for concurrent use, and return soon
// after its context is done. The cache changes the list that it returns.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what [New] takes. Its zero value is aiohttp's cache over the
// system's resolver.
type Config struct {
	// Resolver is asked for what is not in the cache; nil is
	// net.DefaultResolver. The cache never closes it.
	Resolver Resolver
	// TTL is how long an answer is kept, from when it came. 0 is [DefaultTTL];
	// negative keeps nothing, so that only simultaneous look-ups are shared.
	TTL time.Duration
	// Size is how many answers are kept; the one not used for longest goes
	// first. 0 is [DefaultSize]; negative is no bound.
	Size int
	// Stale is how long after its end an answer may still be given when asking
	// again fails for a while (RFC 8767). A host that does not exist any more is
	// no such failure. 0 and negative are never. Each look-up asks again, so that
	// with a silent name server each takes up to Timeout.
	Stale time.Duration
	// Timeout bounds the asking of the resolver, whoever waits for it. 0 is
	// [DefaultTimeout]; negative is no bound.
	Timeout time.Duration
	// Network is the family of the addresses: "ip", "ip4" or "ip6"; empty is
	// "ip". Addresses of the other family are dropped, literal ones excepted.
	Network string
}

// Outcome is how a look-up got its answer, or did not.
type Outcome uint8

// The outcomes. With an error it is Miss or Shared.
const (
	Hit     Outcome = iota // from the cache
	Miss                   // the resolver was asked
	Stale                  // from the cache though too old, as asking failed
	Shared                 // waited for a look-up that another had begun
	Literal                // the host is an address; nothing was looked up
)

// Cache is a bounded cache of the addresses of hosts. It is safe for concurrent
// use. Whoever makes it closes it.
type Cache struct {
	cfg Config

	mu      sync.Mutex
	closed  bool
	entries map[key]*entry
	recent  list.List          // of *entry, the one used last at its front
	calls   map[key]*call      // which a look-up of that key joins
	running map[*call]struct{} // all, those too that Clear has detached
}

// key is what answers are kept by. The port is in it as aiohttp has it there:
// each service of a host gets its own rotation.
type key struct{ host, port string }

// New returns an empty cache. It starts nothing.
func New(cfg Config) *Cache {
	if cfg.Resolver == nil {
		cfg.Resolver = net.DefaultResolver
	}
	cfg.TTL = cmp.Or(cfg.TTL, DefaultTTL)
	cfg.Size = cmp.Or(cfg.Size, DefaultSize)
	cfg.Timeout = cmp.Or(cfg.Timeout, DefaultTimeout)
	cfg.Network = cmp.Or(cfg.Network, "ip")
	return &Cache{
		cfg:     cfg,
		entries: map[key]*entry{},
		calls:   map[key]*call{},
		running: map[*call]struct{}{},
	}
}

// Lookup returns the addresses of host: at least one, each once, IPv4 ones
// never mapped into IPv6, zones kept. The list is the caller's. Host is compared
// as it is given: lower case, and in its ASCII form. Port only tells answers
// apart. An IP address as host is returned without further ado.
//
// The resolver gets the values of the context of the look-up that began it, but
// not its end. When ctx is done, Lookup returns [context.Cause] at once. A failure
// of the resolver is a *net.DNSError with the resolver's own error in it; every
// waiter gets it. After [Cache.Close] it is [errors.ErrConnectorClosed].
//
// Began, unless it is nil, is called with Hit, or before the wait with Miss or
// Shared.
func (c *Cache) Lookup(ctx context.Context, host, port string, began func(Outcome)) (addrs []netip.Addr, how Outcome, err error) {
	k := key{host, port}
	c.mu.Lock()
	if e := c.entries[k]; e != nil && time.Until(e.expires) > 0 { // cheaper than time.Now
		c.recent.MoveToFront(e.place)
		addrs = e.rotatedAddrs()
		c.mu.Unlock()
		if began != nil {
			began(Hit)
		}
		return addrs, Hit, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		c.mu.Unlock()
		return []netip.Addr{a.Unmap()}, Literal, nil
	}
	cl, how, err := c.joinOrBegin(ctx, k)
	c.mu.Unlock()
	if err != nil {
		return nil, how, err
	}
	if began != nil {
		began(how)
	}
	select {
	case <-cl.done:
		return c.answerOf(cl, how)
	case <-ctx.Done():
		return nil, how, context.Cause(ctx)
	}
}

// joinOrBegin returns the look-up of k that is under way, or begins one.
func (c *Cache) joinOrBegin(ctx context.Context, k key) (*call, Outcome, error) {
	if c.closed {
		return nil, Miss, errors.ErrConnectorClosed
	}
	if cl := c.calls[k]; cl != nil {
		return cl, Shared, nil
	}
	if ctx.Err() != nil { // nobody waits for it
		return nil, Miss, context.Cause(ctx)
	}
	return c.beginCall(ctx, k), Miss, nil
}

// answerOf returns the outcome of cl, which is done, for one of its waiters.
func (c *Cache) answerOf(cl *call, how Outcome) ([]netip.Addr, Outcome, error) {
	if cl.err != nil {
		return nil, how, cl.err
	}
	if cl.stale {
		how = Stale
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return cl.entry.rotatedAddrs(), how, nil
}
