package jar

import (
	"container/heap"
	"slices"
	"strings"
	"time"
)

// index finds cookies by identity, by domain, by expiry and by last access. None
// of these looks at cookies that it is not asked for.
type index struct {
	byKey    map[key]*entry
	byDomain map[string]*domainEntries
	below    secureBelow
	expiring expiryHeap
	accessed lru // all entries
	serial   uint64
	uses     uint64
}

// domainEntries is the entries of one domain: all, and by last access those that are
// Secure and those that are not, because these have to go first.
type domainEntries struct {
	list   []*entry
	plain  lru
	secure lru
}

func (d *domainEntries) lruOf(e *entry) *lru {
	if e.secure {
		return &d.secure
	}
	return &d.plain
}

// nextToEvict returns the entry that has to go when the domain has too many: the one
// that was not used for the longest time, a Secure one only if there are no others
// (RFC 6265bis 5.7).
func (d *domainEntries) nextToEvict() *entry {
	if d.plain.oldest != nil {
		return d.plain.oldest
	}
	return d.secure.oldest
}

func newIndex() *index {
	return &index{byKey: make(map[key]*entry), byDomain: make(map[string]*domainEntries), below: make(secureBelow)}
}

// put stores an entry in the place of the one with its key, whose time of
// creation it takes over.
func (x *index) put(e *entry, now time.Time) {
	x.serial++
	e.serial, e.created, e.inHeap = x.serial, now, -1
	if old := x.byKey[e.key]; old != nil {
		if !old.isExpired(now) {
			e.serial, e.created = old.serial, old.created
		}
		x.remove(old)
	}
	x.byKey[e.key] = e
	d := x.byDomain[e.domain]
	if d == nil {
		d = &domainEntries{plain: lru{which: lruDomain}, secure: lru{which: lruDomain}}
		x.byDomain[e.domain] = d
	}
	e.inDomain = len(d.list)
	d.list = append(d.list, e)
	if !e.expires.IsZero() {
		heap.Push(&x.expiring, e)
	}
	x.below.add(e)
	x.accessed.pushNewest(e)
	d.lruOf(e).pushNewest(e)
	x.stampAccess(e, now)
}

// remove takes an entry out.
func (x *index) remove(e *entry) {
	delete(x.byKey, e.key)
	d := x.byDomain[e.domain]
	end := len(d.list) - 1
	last := d.list[end]
	d.list[e.inDomain], last.inDomain = last, e.inDomain
	d.list[end] = nil
	if d.list = d.list[:end]; end == 0 {
		delete(x.byDomain, e.domain)
	}
	if e.inHeap >= 0 {
		heap.Remove(&x.expiring, e.inHeap)
	}
	x.below.remove(e)
	x.accessed.remove(e)
	d.lruOf(e).remove(e)
}

// noteAccess notes that an entry was given out.
func (x *index) noteAccess(e *entry, now time.Time) {
	x.accessed.moveToNewest(e)
	x.byDomain[e.domain].lruOf(e).moveToNewest(e)
	x.stampAccess(e, now)
}

// stampAccess sets the time and the order of an entry's last access.
func (x *index) stampAccess(e *entry, now time.Time) {
	x.uses++
	e.used, e.accessed = x.uses, now
}

// removeExpired removes at most limit of the entries that have expired; a negative limit
// is none.
func (x *index) removeExpired(now time.Time, limit int) {
	for ; limit != 0 && len(x.expiring) > 0 && x.expiring[0].isExpired(now); limit-- {
		x.remove(x.expiring[0])
	}
}

// eachDomain calls yield with the cookies of a host, then of its parents, then the
// shared ones, as far as there are any. An address has no parents.
func (x *index) eachDomain(o *origin, unsafe bool, yield func(domain string, list []*entry)) {
	if !o.ip || unsafe {
		for domain := o.host; ; {
			if d := x.byDomain[domain]; d != nil {
				yield(domain, d.list)
			}
			dot := strings.IndexByte(domain, '.')
			if dot < 0 || dot == len(domain)-1 || o.ip {
				break
			}
			domain = domain[dot+1:]
		}
	}
	if d := x.byDomain[""]; d != nil {
		yield("", d.list)
	}
}

// inCreationOrder returns the entries in the order of their creation.
func (x *index) inCreationOrder() []*entry {
	entries := make([]*entry, 0, len(x.byKey))
	for _, e := range x.byKey {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, createOrder)
	return entries
}

// expiryHeap has the next to expire at its top.
type expiryHeap []*entry

func (h expiryHeap) Len() int           { return len(h) }
func (h expiryHeap) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }

func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].inHeap, h[j].inHeap = i, j
}

// Push is for package heap.
func (h *expiryHeap) Push(x any) {
	if e, ok := x.(*entry); ok {
		e.inHeap = len(*h)
		*h = append(*h, e)
	}
}

// Pop is for package heap.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h, e.inHeap = (*h)[:last], -1
	return e
}
