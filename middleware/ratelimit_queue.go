package middleware

import (
	"container/heap"
	"container/list"
	"context"
	"math"
	"time"
)

// Who has to wait stands in the queue of the host. The first of each queue has a
// turn: when the host lets it go. Of all turns that have come the earliest goes as
// soon as the pace of all together allows.
//
//	host a:  1 ◄ 2 ◄ 3      turn of a ─┐
//	host b:  4 ◄ 5          turn of b ─┼─► the earliest ─► pace of all ─► sent
//	host c:  6 (paused)     turn of c ─┘
//
// One timer is set for the next that can go. Nobody has reserved a moment, so that
// those behind move up by themselves when somebody leaves, and no two are ever
// closer than the paces say.

// rateQueue is all who wait. It is used under the lock of the table of hosts.
type rateQueue struct {
	total, host pace
	next        time.Time // of all together
	turns       rateTurns // of hosts where somebody waits
	arrivals    uint64
	timer       *time.Timer // for the next turn; nil until somebody has to wait
	run         func()      // what the timer does
}

// rateHost is the state of a host.
type rateHost struct {
	next    time.Time
	paused  time.Time // until then
	refused int       // bare 429 in a row

	waiting list.List // of *rateWaiter
	turn    time.Time // of the first; the order of the heap
	index   int       // in the heap, if somebody waits
}

// first is who has waited longest: there must be somebody.
func (h *rateHost) first() *rateWaiter {
	return h.waiting.Front().Value.(*rateWaiter) //nolint:errcheck,forcetypeassert // there is nothing else in it
}

// rateWaiter is a request that waits.
type rateWaiter struct {
	host    *rateHost
	place   *list.Element
	arrival uint64
	since   time.Time
	ctx     context.Context //nolint:containedctx // the request's, while it waits
	done    chan struct{}   // closed when it may go, or is refused
	refused error           // nil: it may go
}

// tryNow lets a request go that need not wait, and nobody who waits is passed by.
func (q *rateQueue) tryNow(h *rateHost, now time.Time) bool {
	q.sendDue(now)
	if h.waiting.Len() > 0 || q.turnOf(h, now).After(now) || q.total.dueAt(q.next).After(now) {
		return false
	}
	q.spend(h, now)
	return true
}

// turnOf is when the host lets somebody go who is there since then.
func (q *rateQueue) turnOf(h *rateHost, since time.Time) time.Time {
	return laterTime(laterTime(since, h.paused), q.host.dueAt(h.next))
}

func (q *rateQueue) spend(h *rateHost, now time.Time) {
	q.total.spend(&q.next, now)
	q.host.spend(&h.next, now)
}

// join puts a request at the end of the host's queue.
func (q *rateQueue) join(ctx context.Context, h *rateHost, now time.Time) *rateWaiter {
	q.arrivals++
	w := &rateWaiter{host: h, arrival: q.arrivals, since: now, ctx: ctx, done: make(chan struct{})}
	w.place = h.waiting.PushBack(w)
	if h.waiting.Len() == 1 {
		h.turn = q.turnOf(h, now)
		heap.Push(&q.turns, h)
	}
	q.setTimer(now)
	return w
}

// leave takes a request out of its queue: those behind it move up.
func (q *rateQueue) leave(w *rateWaiter) {
	if w.place == nil {
		return
	}
	w.host.waiting.Remove(w.place)
	w.place = nil
	q.updateTurn(w.host)
}

// updateTurn finds out when the first of the host's queue may go.
func (q *rateQueue) updateTurn(h *rateHost) {
	if h.waiting.Len() == 0 {
		heap.Remove(&q.turns, h.index)
		if len(q.turns) == 0 {
			q.timer.Stop()
		}
		return
	}
	h.turn = q.turnOf(h, h.first().since)
	heap.Fix(&q.turns, h.index)
}

// sendDue lets all go whose turn has come, and sets the timer for the next.
func (q *rateQueue) sendDue(now time.Time) {
	for len(q.turns) > 0 {
		h := q.turns[0]
		if h.turn.After(now) || q.total.dueAt(q.next).After(now) {
			break
		}
		w := h.first()
		q.spend(h, now)
		q.leave(w)
		close(w.done)
	}
	q.setTimer(now)
}

func (q *rateQueue) setTimer(now time.Time) {
	switch {
	case len(q.turns) == 0:
		return
	case q.timer == nil:
		q.timer = time.AfterFunc(forever, q.run)
	}
	q.timer.Reset(max(laterTime(q.turns[0].turn, q.total.dueAt(q.next)).Sub(now), 0))
}

// forecast is how long a request has to wait that has so many of its host before it.
// It is exact unless both paces hold it up, and somebody who leaves makes it shorter.
func (q *rateQueue) forecast(h *rateHost, now time.Time, before int) time.Duration {
	at := q.host.forecast(h.next, laterTime(now, h.paused), before)
	if q.total.every == 0 {
		return at.Sub(now)
	}
	for _, other := range q.turns {
		if other != h {
			before += q.countUntil(other, at)
		}
	}
	return laterTime(q.total.forecast(q.next, now, before), at).Sub(now)
}

// countUntil is how many of a host's queue have had their turn by then.
func (q *rateQueue) countUntil(h *rateHost, at time.Time) int {
	switch n := h.waiting.Len(); {
	case h.turn.After(at):
		return 0
	case q.host.every == 0:
		return n
	default:
		return int(min(int64(n), int64((at.Sub(h.turn)+q.host.ahead)/q.host.every)+1, math.MaxInt32))
	}
}

// rateTurns is a heap of hosts by their turns.
type rateTurns []*rateHost

func (t rateTurns) Len() int { return len(t) }

func (t rateTurns) Less(i, j int) bool {
	if !t[i].turn.Equal(t[j].turn) {
		return t[i].turn.Before(t[j].turn)
	}
	return t[i].first().arrival < t[j].first().arrival
}

func (t rateTurns) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push is that of heap.Interface.
func (t *rateTurns) Push(x any) {
	h := x.(*rateHost) //nolint:errcheck,forcetypeassert // it is called for hosts only
	h.index = len(*t)
	*t = append(*t, h)
}

// Pop is that of heap.Interface.
func (t *rateTurns) Pop() any {
	last := len(*t) - 1
	h := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	return h
}
