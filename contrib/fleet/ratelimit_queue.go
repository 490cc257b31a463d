package fleet

import (
	"container/list"
	"context"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// Who has to wait stands in the queue of its key. Places come from Redis, and belong to the
// key, not to a request: whoever is first when one is due goes.
//
//	arrives ─► 3 ─► 2 ─► 1 ─► goes when the first place is due ─► sent
//	                          places: due, due, ...
//	                             ▲
//	more requests than places, ──┴── one question at a time; not while
//	the last one nearly due          paused or before the turn (askAt)
//	                             │
//	fewer requests than places ──┴── the last ones are given back
//
// advance looks at a key after all that changes it: an arrival, an answer, a request that
// leaves, a pause, the timer. It is the only one that lets requests go and asks.

// rateKey is the queue of a key. It is used under the lock of its limiter.
type rateKey struct {
	name  string
	redis []string // see keysOf

	waiting list.List // of *rateWaiter
	arrived int64     // counts those who came
	delayed int64     // so many of these had to wait for more than an answer
	places  []ratePlace
	last    rateLast
	timer   *time.Timer

	asking  bool
	heard   time.Time // when there was an answer, which says that there is no pause
	askAt   time.Time // not before
	number  int64     // for the turn at askAt: see rateTakeScript; 0: none
	paused  time.Time // until then
	refused int64     // bare 429 in a row
	share   rateShare
}

// ratePlace is a place that was taken. due is by this process's clock: the wait that was
// answered, counted from the answer.
type ratePlace struct {
	due   time.Time
	local bool
}

// rateLast is what Redis has as next since the last places were taken: as long as it stays
// so, they can be given back, n at most.
type rateLast struct {
	host, all int64
	n         int
}

// rateWaiter is a request that waits.
type rateWaiter struct {
	key     *rateKey
	host    string
	ctx     context.Context //nolint:containedctx // the request's, while it waits
	since   time.Time
	number  int64 // of its arrival
	place   *list.Element
	done    chan struct{} // closed when it may go, or is refused
	refused error         // nil: it may go
	queued  bool
}

// joinQueue puts a request at the end of the queue of its key.
func (l *RateLimiter) joinQueue(ctx context.Context, key, host string) (*rateWaiter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k := l.key(key)
	w := &rateWaiter{key: k, host: host, ctx: ctx, since: now, done: make(chan struct{})}
	if err := l.checkWait(w, l.forecast(k, now), now); err != nil {
		l.count.refused++
		l.removeIdle(k, now)
		return nil, err
	}
	k.arrived++
	w.number = k.arrived
	w.place = k.waiting.PushBack(w)
	if len(k.places) > 0 || k.paused.After(now) || k.askAt.After(now) {
		k.delayed = k.arrived
	}
	l.advance(k, now)
	return w, nil
}

// leaveQueue is the end of the wait: err is why the request leaves, or nil. It may have been
// let go, or refused, at the same time.
func (l *RateLimiter) leaveQueue(w *rateWaiter, err error) (took time.Duration, queued bool, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	_, refused := err.(*middleware.LimitError) //nolint:errorlint // it is ours, or the context's
	if w.place == nil {
		err, refused = w.refused, w.refused != nil
	} else {
		l.remove(w)
		l.advance(w.key, now)
	}
	took = now.Sub(w.since)
	if err == nil {
		l.count.sent++
	} else if refused {
		l.count.refused++
	}
	if w.queued {
		l.count.waited++
		l.count.waitTime += took
	}
	return took, w.queued, err
}

// remove takes a request out of its queue.
func (l *RateLimiter) remove(w *rateWaiter) {
	w.queued = w.number <= w.key.delayed
	w.key.waiting.Remove(w.place)
	w.place = nil
}

// release lets a request go, or refuses it.
func (l *RateLimiter) release(w *rateWaiter, err error) {
	l.remove(w)
	w.refused = err
	close(w.done)
}

// waiterAt is the one with so many before it, or nil.
func (k *rateKey) waiterAt(before int) *rateWaiter {
	e := k.waiting.Front()
	for ; e != nil && before > 0; before-- {
		e = e.Next()
	}
	if e == nil {
		return nil
	}
	return e.Value.(*rateWaiter) //nolint:errcheck,forcetypeassert // there is nothing else in it
}
