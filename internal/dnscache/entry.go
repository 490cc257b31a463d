package dnscache

import (
	"container/list"
	"net/netip"
	"time"
)

// entry is an answer. All but next and the place stays as it is.
type entry struct {
	key     key
	addrs   []netip.Addr // in the resolver's order
	expires time.Time
	next    int           // the first of the next list
	place   *list.Element // in Cache.recent
}

// rotatedAddrs returns the addresses, rotated by one more each time.
func (e *entry) rotatedAddrs() []netip.Addr {
	addrs := make([]netip.Addr, len(e.addrs))
	n := copy(addrs, e.addrs[e.next:])
	copy(addrs[n:], e.addrs[:e.next])
	if e.next++; e.next == len(e.addrs) {
		e.next = 0
	}
	return addrs
}

// storeEntry puts e in the place of what is known of its key. The caller holds the
// lock.
func (c *Cache) storeEntry(e *entry) {
	if old := c.entries[e.key]; old != nil {
		c.dropEntry(old)
	} else if c.cfg.Size > 0 && len(c.entries) >= c.cfg.Size {
		c.dropEntry(c.recent.Back().Value.(*entry)) //nolint:errcheck // the list holds nothing else
	}
	c.entries[e.key] = e
	e.place = c.recent.PushFront(e)
}

// dropEntry forgets e, which is in the cache. The caller holds the lock.
func (c *Cache) dropEntry(e *entry) {
	delete(c.entries, e.key)
	c.recent.Remove(e.place)
}
