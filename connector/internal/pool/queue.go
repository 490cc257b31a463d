package pool

// waiter is a request that waits.
type waiter struct {
	host       *Host
	grant      chan granted // of capacity 1: granting never blocks
	place      uint64
	since      instant // when it was queued
	fresh      bool
	queued     bool
	prev, next *waiter
}

// granted is a connection, the permission to dial (neither field), or an error.
type granted struct {
	conn Conn
	err  error
}

// waiters is a host's list of those who wait, in the order of their places.
type waiters struct {
	head, tail *waiter
	len        int
}

// insert puts w where its place says. Most come last; who queues again belongs to
// those that come first. So the search begins at the nearer end.
func (l *waiters) insert(w *waiter) {
	l.len++
	after := l.tail // w comes after this one
	if l.head != nil && l.tail.place > w.place && w.place-min(w.place, l.head.place) < l.tail.place-w.place {
		after = nil
		for next := l.head; next.place < w.place; next = next.next {
			after = next
		}
	}
	for after != nil && after.place > w.place {
		after = after.prev
	}
	w.prev = after
	if after == nil {
		w.next, l.head = l.head, w
	} else {
		w.next, after.next = after.next, w
	}
	if w.next == nil {
		l.tail = w
	} else {
		w.next.prev = w
	}
}

func (l *waiters) remove(w *waiter) {
	l.len--
	if w.prev == nil {
		l.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

// queue is a binary heap of the hosts that have a waiter and can serve it, by the
// place of their first waiter. So the request that has waited longest of those
// that can be served is found without a look at those that cannot.
type queue struct {
	heap    []*Host
	perHost int
}

func (q *queue) len() int     { return len(q.heap) }
func (q *queue) first() *Host { return q.heap[0] }

// update puts h where it belongs after anything about it has changed.
func (q *queue) update(h *Host) {
	w := h.waiters.head
	wants := w != nil && h.inUse < q.perHost && h.canServe(w.fresh)
	switch {
	case wants && h.pos < 0:
		q.heap = append(q.heap, h)
		h.pos = len(q.heap) - 1
		q.moveUp(h.pos)
	case wants:
		q.moveDown(q.moveUp(h.pos))
	case h.pos >= 0:
		q.remove(h)
	}
}

func (q *queue) remove(h *Host) {
	i, last := h.pos, len(q.heap)-1
	q.swap(i, last)
	q.heap[last] = nil
	q.heap = q.heap[:last]
	h.pos = -1
	if i < last {
		q.moveDown(q.moveUp(i))
	}
}

func (q *queue) less(i, j int) bool {
	return q.heap[i].waiters.head.place < q.heap[j].waiters.head.place
}

func (q *queue) swap(i, j int) {
	q.heap[i], q.heap[j] = q.heap[j], q.heap[i]
	q.heap[i].pos, q.heap[j].pos = i, j
}

func (q *queue) moveUp(i int) int {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			break
		}
		q.swap(i, parent)
		i = parent
	}
	return i
}

func (q *queue) moveDown(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q.heap); child++ {
			if q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		q.swap(i, least)
		i = least
	}
}
