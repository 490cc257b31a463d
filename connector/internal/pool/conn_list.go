package pool

// A link connects a connection with its neighbours in one list.
type link struct{ prev, next *Notes }

// The lists that a connection can be in.
const (
	byAge   = iota // all open ones of the pool, oldest first
	byIdle         // the idle ones of the pool, longest idle first
	byHost         // those of a host that are idle, or that have free streams
	byAwait        // those for which dials wait, by when that ends
	lists
)

// list is a list of connections; they have its links in their notes, so that no
// change allocates.
type list struct {
	kind       int
	head, tail *Notes
	len        int
}

func (l *list) pushTail(n *Notes) {
	n.links[l.kind].prev = l.tail
	if l.tail == nil {
		l.head = n
	} else {
		l.tail.links[l.kind].next = n
	}
	l.tail = n
	l.len++
}

// remove takes n out, which must be in.
func (l *list) remove(n *Notes) {
	at := &n.links[l.kind]
	if at.prev == nil {
		l.head = at.next
	} else {
		at.prev.links[l.kind].next = at.next
	}
	if at.next == nil {
		l.tail = at.prev
	} else {
		at.next.links[l.kind].prev = at.prev
	}
	*at = link{}
	l.len--
}
