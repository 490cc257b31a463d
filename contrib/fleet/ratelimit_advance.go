package fleet

import (
	"slices"
	"time"
)

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

// horizon is lookAhead and two round trips; without Redis the time that it takes to see
// that it still does not answer, in which the share goes on.
func (l *RateLimiter) horizon() time.Duration {
	if l.share.on {
		return lookAhead + max(l.fleet.cfg.Timeout, 0)
	}
	return lookAhead + min(2*l.roundTrip, tooLate)
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
