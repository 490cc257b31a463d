package fleet

import (
	"container/list"
	"context"
	"slices"
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
	ticket  int64     // for the turn at askAt
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

const (
	// lookAhead is how long before its last place is due a key asks for another, and two
	// round trips on top. So old, too, may an answer be that says that there is no pause.
	lookAhead = 100 * time.Millisecond
	// tooLate is how long after it was due a place is not used any more, beside lookAhead:
	// the process stood still.
	tooLate = time.Second
	// maxPlaces is how many are asked for at once.
	maxPlaces = 256
)

// horizon is lookAhead and two round trips.
func (l *RateLimiter) horizon() time.Duration { return lookAhead + min(2*l.roundTrip, tooLate) }

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

// advance does what is to be done for a key now, and sets the timer for the rest.
func (l *RateLimiter) advance(k *rateKey, now time.Time) {
	look := l.grantDue(k, now)
	need := k.waiting.Len() - len(k.places)
	switch {
	case k.asking:
	case look:
		l.startAsk(k, max(need, 0), now)
	case need < 0 && k.last.n > 0:
		l.startReturn(k, -need)
	case need > 0 && !l.askTime(k).After(now):
		l.startAsk(k, need, now)
	}
	l.setTimer(k, now)
	l.removeIdle(k, now)
}

// grantDue lets all go who have a place that is due. It reports whether Redis is to be asked
// for a pause before: what was said last is too old.
func (l *RateLimiter) grantDue(k *rateKey, now time.Time) (look bool) {
	for len(k.places) > 0 && !k.places[0].due.After(now) {
		first := k.waiterAt(0)
		late := now.Sub(k.places[0].due) > tooLate+l.horizon()
		if first != nil && !late && now.Sub(k.heard) > l.horizon() {
			return true
		}
		if first == nil || late {
			l.count.lost++
		} else {
			if k.places[0].local {
				l.count.local++
			}
			l.release(first, nil)
		}
		k.dropPlaces(0, 1)
	}
	return false
}

// dropPlaces forgets the places from i to j.
func (k *rateKey) dropPlaces(i, j int) {
	k.places = slices.Delete(k.places, i, j)
	k.last.n = min(k.last.n, len(k.places))
}

// askTime is when more places may be asked for.
func (l *RateLimiter) askTime(k *rateKey) time.Time {
	at := laterTime(k.paused, k.askAt)
	if n := len(k.places); n > 0 {
		at = laterTime(at, k.places[n-1].due.Add(-l.horizon()))
	}
	return at
}

// setTimer sets it for the next place that is due, or the next question.
func (l *RateLimiter) setTimer(k *rateKey, now time.Time) {
	var at time.Time
	if len(k.places) > 0 && (k.places[0].due.After(now) || !k.asking) {
		at = k.places[0].due
	}
	if !k.asking && k.waiting.Len() > len(k.places) {
		if ask := l.askTime(k); at.IsZero() || ask.Before(at) {
			at = ask
		}
	}
	switch {
	case at.IsZero():
		if k.timer != nil {
			k.timer.Stop()
		}
	case k.timer == nil:
		k.timer = time.AfterFunc(at.Sub(now), func() { l.onTimer(k) })
	default:
		k.timer.Reset(at.Sub(now))
	}
}

func (l *RateLimiter) onTimer(k *rateKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(k, time.Now())
}

func laterTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
