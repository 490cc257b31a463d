package ws

// queue holds what was received until it is taken.
type queue struct {
	items []Message
	first int
	bytes int
}

const (
	// maxQueued is how many bytes are read ahead of the receiver; a message more
	// may come on top. Every message counts for overhead bytes besides its own.
	maxQueued = 64 << 10
	overhead  = 64
)

func (q *queue) full() bool { return q.bytes >= maxQueued }

func (q *queue) push(m Message) {
	q.items = append(q.items, m)
	q.bytes += len(m.Data) + overhead
}

func (q *queue) pop() (Message, bool) {
	if q.first == len(q.items) {
		return Message{}, false
	}
	m := q.items[q.first]
	q.items[q.first] = Message{}
	q.first++
	q.bytes -= len(m.Data) + overhead
	switch {
	case q.first == len(q.items) && cap(q.items) > 64:
		*q = queue{} // a burst is over
	case q.first == len(q.items):
		q.items, q.first = q.items[:0], 0
	case q.first >= 64 && q.first*2 >= len(q.items):
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	return m, true
}
