package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// startAsk asks for so many places. The request that gets the first of them says how long it
// can wait; the others have to be due soon.
func (l *RateLimiter) startAsk(k *rateKey, count int, now time.Time) {
	k.asking = true
	ask := rateAsk{count: min(count, maxPlaces), longest: -1, others: l.horizon(), number: k.number}
	first := k.waiterAt(len(k.places))
	if first == nil {
		first = k.waiterAt(0)
	} else {
		ask.longest = l.longestWait(first, now)
	}
	switch {
	case l.cfg.FailFast:
		ask.others = 0
	case l.cfg.MaxWait > 0:
		ask.others = min(ask.others, l.cfg.MaxWait)
	}
	// The places are for whoever is first then: the request may leave meanwhile.
	ctx := context.WithoutCancel(first.ctx)
	go l.ask(ctx, k, ask)
}

// ask asks, and applies the answer, or the share of this process.
func (l *RateLimiter) ask(ctx context.Context, k *rateKey, ask rateAsk) {
	began := time.Now()
	answer, err := l.take(ctx, k, ask)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k.asking = false
	switch {
	case err == nil:
		l.roundTrip = now.Sub(began)
		l.endShare(k)
		l.apply(k, answer, now)
	case l.fleet.cfg.Unavailable == Refuse:
		l.refuseAll(k, err)
	default:
		l.apply(k, l.takeShare(k, ask, now), now)
	}
	l.advance(k, now)
}

// apply notes what was answered.
func (l *RateLimiter) apply(k *rateKey, a rateAnswer, now time.Time) {
	if l.granted != nil {
		l.granted(k.name, a)
	}
	k.heard, k.refused = now, a.refused
	if k.number != a.number || a.number == 0 {
		k.number, k.askAt = a.number, time.Time{}
	}
	l.addPlaces(k, a, now)
	switch {
	case a.pause > 0:
		l.pauseKey(k, now.Add(a.pause), now)
	case a.state == rateRefused:
		l.refuseLate(k, a.wait, now)
	case a.state == rateLater:
		k.askAt = now.Add(a.wait)
	}
	if n := len(k.places); k.waiting.Len() > n || n > 0 && k.places[n-1].due.After(now) {
		k.delayed = k.arrived
	}
}

// addPlaces puts the places that were answered with the others. They come after these, but
// when Redis has forgotten, or has come back.
func (l *RateLimiter) addPlaces(k *rateKey, a rateAnswer, now time.Time) {
	if len(a.places) == 0 {
		return
	}
	first := now.Add(a.places[0])
	inOrder := len(k.places) == 0 || !first.Before(k.places[len(k.places)-1].due)
	for _, wait := range a.places {
		k.places = append(k.places, ratePlace{now.Add(wait), a.local})
	}
	k.last = rateLast{a.host, a.all, len(a.places)}
	if !inOrder {
		slices.SortStableFunc(k.places, func(a, b ratePlace) int { return a.due.Compare(b.due) })
	}
	if a.local || !inOrder {
		k.last.n = 0
	}
}

// startReturn gives the last places back, so many if they were taken last.
func (l *RateLimiter) startReturn(k *rateKey, n int) {
	k.asking = true
	last := k.last
	n = min(n, last.n)
	// Nobody takes them meanwhile.
	kept := len(k.places) - n
	places := slices.Clone(k.places[kept:])
	k.dropPlaces(kept, len(k.places))
	go l.returnLast(k, last, places)
}

// returnLast does, and puts the places back where they were if somebody has taken one since.
func (l *RateLimiter) returnLast(k *rateKey, last rateLast, places []ratePlace) {
	n := len(places)
	returned, err := l.giveBack(context.Background(), k, last, n)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	k.asking = false
	if err == nil && returned == n {
		l.count.returned += int64(n)
		k.last = rateLast{last.host - int64(n)*l.host.every, last.all - int64(n)*l.all.every, min(last.n-n, len(k.places))}
	} else {
		k.places = append(k.places, places...)
		k.last.n = 0
		l.pauseKey(k, k.paused, now) // which may have come meanwhile
	}
	l.advance(k, now)
}

// longestWait is how long the request can still wait; negative is forever.
func (l *RateLimiter) longestWait(w *rateWaiter, now time.Time) time.Duration {
	if l.cfg.FailFast {
		return 0
	}
	longest := time.Duration(-1)
	if l.cfg.MaxWait > 0 {
		longest = max(l.cfg.MaxWait-now.Sub(w.since), 0)
	}
	if deadline, ok := w.ctx.Deadline(); ok {
		left := max(deadline.Sub(now), 0)
		if longest < 0 || left < longest {
			longest = left
		}
	}
	return longest
}

// checkWait refuses waits that are too long.
func (l *RateLimiter) checkWait(w *rateWaiter, wait time.Duration, now time.Time) error {
	if wait <= 0 {
		return nil
	}
	if l.cfg.FailFast || l.cfg.MaxWait > 0 && now.Sub(w.since)+wait > l.cfg.MaxWait {
		return &middleware.LimitError{Kind: middleware.ErrRateLimit, Host: w.host, Wait: wait}
	}
	if late := middleware.LimitByDeadline(w.ctx, middleware.ErrRateLimit, w.host, wait); late != nil {
		return late
	}
	return nil
}

// forecast is how long one who comes now has to wait at least: others of the fleet may make
// it longer.
func (l *RateLimiter) forecast(k *rateKey, now time.Time) time.Duration {
	at := laterTime(now, k.paused)
	n, before := len(k.places), k.waiting.Len()
	switch {
	case n == 0:
	case before < n:
		at = laterTime(at, k.places[before].due)
	default:
		every := max(l.all.every, l.host.every)
		if l.all.every > 0 && l.host.every > 0 {
			every = min(l.all.every, l.host.every)
		}
		if last := k.places[n-1].due; last.After(now) { // no credit is left
			at = laterTime(at, last.Add(micros(min(int64(before-n+1), maxRateMicros/max(every, 1))*every)))
		}
	}
	return at.Sub(now)
}

// refuseLate refuses those without a place who cannot wait so long.
func (l *RateLimiter) refuseLate(k *rateKey, wait time.Duration, now time.Time) {
	if k.waiting.Len() <= len(k.places) {
		return
	}
	for e := k.waiterAt(len(k.places)).place; e != nil; {
		w := e.Value.(*rateWaiter) //nolint:errcheck,forcetypeassert // there is nothing else in it
		e = e.Next()
		if err := l.checkWait(w, wait, now); err != nil {
			l.release(w, err)
		}
	}
}

// refuseAll fails all who wait, since Redis does not answer, and forgets the places.
func (l *RateLimiter) refuseAll(k *rateKey, err error) {
	for k.waiting.Len() > 0 {
		l.release(k.waiterAt(0), err)
	}
	l.count.lost += int64(len(k.places))
	k.dropPlaces(0, len(k.places))
}
