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
	byDomain map[string][]*entry
	expiring expiryHeap
	oldest   *entry // the ends of the list by last access
	newest   *entry
	serial   uint64
	uses     uint64
}

func newIndex() *index {
	return &index{byKey: make(map[key]*entry), byDomain: make(map[string][]*entry)}
}

// put stores an entry in the place of the one with its key, whose time of
// creation it takes over.
func (x *index) put(e *entry, now time.Time) {
	x.serial++
	e.serial, e.created, e.inHeap = x.serial, now, -1
	if old := x.byKey[e.key]; old != nil {
		if !old.expired(now) {
			e.serial, e.created = old.serial, old.created
		}
		x.remove(old)
	}
	x.byKey[e.key] = e
	list := x.byDomain[e.domain]
	e.inDomain = len(list)
	x.byDomain[e.domain] = append(list, e)
	if !e.expires.IsZero() {
		heap.Push(&x.expiring, e)
	}
	x.link(e)
	x.stamp(e, now)
}

// remove takes an entry out.
func (x *index) remove(e *entry) {
	delete(x.byKey, e.key)
	list := x.byDomain[e.domain]
	last := list[len(list)-1]
	list[e.inDomain], last.inDomain = last, e.inDomain
	list[len(list)-1] = nil
	if list = list[:len(list)-1]; len(list) == 0 {
		delete(x.byDomain, e.domain)
	} else {
		x.byDomain[e.domain] = list
	}
	if e.inHeap >= 0 {
		heap.Remove(&x.expiring, e.inHeap)
	}
	x.unlink(e)
}

// touch notes that an entry was given out.
func (x *index) touch(e *entry, now time.Time) {
	x.unlink(e)
	x.link(e)
	x.stamp(e, now)
}

func (x *index) stamp(e *entry, now time.Time) {
	x.uses++
	e.used, e.accessed = x.uses, now
}

func (x *index) link(e *entry) {
	e.older, e.newer = x.newest, nil
	if x.newest != nil {
		x.newest.newer = e
	} else {
		x.oldest = e
	}
	x.newest = e
}

func (x *index) unlink(e *entry) {
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		x.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		x.newest = e.older
	}
	e.older, e.newer = nil, nil
}

// purge removes at most limit of the entries that have expired; a negative limit
// is none.
func (x *index) purge(now time.Time, limit int) {
	for ; limit != 0 && len(x.expiring) > 0 && x.expiring[0].expired(now); limit-- {
		x.remove(x.expiring[0])
	}
}

// domains calls yield with the cookies of a host, then of its parents, then the
// shared ones, as far as there are any. An address has no parents.
func (x *index) domains(o *origin, unsafe bool, yield func(domain string, list []*entry)) {
	if !o.ip || unsafe {
		for domain := o.host; ; {
			if list := x.byDomain[domain]; list != nil {
				yield(domain, list)
			}
			dot := strings.IndexByte(domain, '.')
			if dot < 0 || dot == len(domain)-1 || o.ip {
				break
			}
			domain = domain[dot+1:]
		}
	}
	if list := x.byDomain[""]; list != nil {
		yield("", list)
	}
}

// all returns the entries in the order of their creation.
func (x *index) all() []*entry {
	entries := make([]*entry, 0, len(x.byKey))
	for _, e := range x.byKey {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, createOrder)
	return entries
}

// crowded returns the entry that has to go when a domain has too many: the one
// that was not used for the longest time, a Secure one only if there are no others
// (RFC 6265bis 5.7).
func (x *index) crowded(domain string) *entry {
	var victim *entry
	for _, e := range x.byDomain[domain] {
		if victim == nil || victim.secure && !e.secure || victim.secure == e.secure && e.used < victim.used {
			victim = e
		}
	}
	return victim
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
