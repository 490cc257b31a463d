package dnscache

import (
	"net/netip"
	"time"
)

// entry is an answer. All but next and the links stays as it is.
type entry struct {
	key     key
	addrs   []netip.Addr // in the resolver's order
	expires time.Time
	next    int // the first of the next list

	newer, older *entry
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

// list holds entries, the one used last at its front.
type list struct{ front, back *entry }

func (l *list) push(e *entry) {
	e.newer, e.older = nil, l.front
	if l.front != nil {
		l.front.newer = e
	} else {
		l.back = e
	}
	l.front = e
}

func (l *list) remove(e *entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		l.front = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		l.back = e.newer
	}
	e.newer, e.older = nil, nil
}

// touch makes e, which is in l, the one used last.
func (l *list) touch(e *entry) {
	if l.front != e {
		l.remove(e)
		l.push(e)
	}
}

// storeEntry puts e in the place of what is known of its key. The caller holds the
// lock.
func (c *Cache) storeEntry(e *entry) {
	if old := c.entries[e.key]; old != nil {
		c.dropEntry(old)
	} else if c.cfg.Size > 0 && len(c.entries) >= c.cfg.Size {
		c.dropEntry(c.recent.back)
	}
	c.entries[e.key] = e
	c.recent.push(e)
}

// dropEntry forgets e, which is in the cache. The caller holds the lock.
func (c *Cache) dropEntry(e *entry) {
	delete(c.entries, e.key)
	c.recent.remove(e)
}
