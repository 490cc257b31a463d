package connector

// waiter is a request that waits for a slot.
type waiter struct {
	host       *host
	grant      chan grant // of capacity 1: granting never blocks
	seq        uint64
	fresh      bool
	queued     bool
	prev, next *waiter
}

// grant is an idle conn, the permission to dial (neither field), or an error.
type grant struct {
	conn *conn
	err  error
}

// waiters is a host's list of waiters in the order of arrival.
type waiters struct{ head, tail *waiter }

func (l *waiters) push(w *waiter) {
	w.prev = l.tail
	if l.tail == nil {
		l.head = w
	} else {
		l.tail.next = w
	}
	l.tail = w
}

func (l *waiters) remove(w *waiter) {
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

// queue is a binary heap of the hosts that have a waiter and room for it, by
// the age of their first waiter. So the longest-waiting request that can be
// served is found without looking at those whose host is full.
type queue struct{ heap []*host }

func (q *queue) len() int     { return len(q.heap) }
func (q *queue) first() *host { return q.heap[0] }

// update puts h where it belongs after its waiters or its use have changed.
func (q *queue) update(h *host, perHost int) {
	wants := h.waiters.head != nil && h.room(perHost)
	switch {
	case wants && h.pos < 0:
		q.heap = append(q.heap, h)
		h.pos = len(q.heap) - 1
		q.up(h.pos)
	case wants:
		q.down(q.up(h.pos))
	case h.pos >= 0:
		q.remove(h)
	}
}

func (q *queue) remove(h *host) {
	i, last := h.pos, len(q.heap)-1
	q.swap(i, last)
	q.heap[last] = nil
	q.heap = q.heap[:last]
	h.pos = -1
	if i < last {
		q.down(q.up(i))
	}
}

func (q *queue) less(i, j int) bool {
	return q.heap[i].waiters.head.seq < q.heap[j].waiters.head.seq
}

func (q *queue) swap(i, j int) {
	q.heap[i], q.heap[j] = q.heap[j], q.heap[i]
	q.heap[i].pos, q.heap[j].pos = i, j
}

func (q *queue) up(i int) int {
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

func (q *queue) down(i int) {
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
