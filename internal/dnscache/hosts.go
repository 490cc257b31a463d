package dnscache

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// Host is what the cache knows of one host and port.
type Host struct {
	Host, Port string
	Addrs      []netip.Addr // in the resolver's order
	Expires    time.Time    // may be past: then it waits for the next look-up
}

// Hosts returns what is in the cache, in the order of host and port. It is a
// copy, and the caller's. (aiohttp: cached_hosts)
func (c *Cache) Hosts() []Host {
	c.mu.Lock()
	hosts := make([]Host, 0, len(c.entries))
	for k, e := range c.entries {
		hosts = append(hosts, Host{k.host, k.port, slices.Clone(e.addrs), e.expires})
	}
	c.mu.Unlock()
	slices.SortFunc(hosts, func(a, b Host) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return hosts
}

// Clear forgets everything. Look-ups under way still answer those who wait for
// them, but what they find is not kept, and nobody joins them any more.
// (aiohttp: clear_dns_cache)
func (c *Cache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clearLocked()
}

func (c *Cache) clearLocked() {
	clear(c.entries)
	clear(c.calls)
	c.recent.Init()
}

// Remove is [Cache.Clear] for one host and port. (aiohttp:
// clear_dns_cache(host, port))
func (c *Cache) Remove(host, port string) {
	k := key{host, port}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[k]; e != nil {
		c.dropEntry(e)
	}
	delete(c.calls, k)
}

// Close forgets everything and breaks the look-ups off that are under way; it
// waits for nothing. Those who wait for them, and who look up later, get
// [errors.ErrConnectorClosed]. More than one Close is as good as one.
func (c *Cache) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for cl := range c.running {
		cl.err = errors.ErrConnectorClosed
		cl.cancel()
		close(cl.done)
	}
	clear(c.running)
	c.clearLocked()
}
