package middleware

import "time"

// pace is the distance between requests, and how far ahead of it they may be. The
// zero value is no limit.
//
// next is when the request after the last one is due (the generic cell rate
// algorithm, ITU-T I.371). It moves when a request goes, and only then: who waits has
// taken nothing, so that there is nothing to give back.
type pace struct{ every, ahead time.Duration }

func ratePace(perSecond float64, burst int) pace {
	if perSecond <= 0 {
		return pace{}
	}
	burst = max(burst, 1)
	every := min(float64(time.Second)/perSecond, float64(forever/4)/float64(burst)) // it has to fit
	return pace{max(time.Duration(every), 1), time.Duration(every * float64(burst-1))}
}

// dueAt is the first moment at which a request may go: the zero time is any.
func (p pace) dueAt(next time.Time) time.Time {
	if p.every == 0 || next.IsZero() {
		return time.Time{}
	}
	return next.Add(-p.ahead)
}

// spend counts a request that goes now.
func (p pace) spend(next *time.Time, now time.Time) {
	if p.every > 0 {
		*next = laterTime(*next, now).Add(p.every)
	}
}

// forecast is when a request goes that has so many before it, all of them not before
// from.
func (p pace) forecast(next, from time.Time, before int) time.Time {
	if p.every == 0 {
		return from
	}
	behind := forever / 4
	if time.Duration(before) < behind/p.every {
		behind = time.Duration(before) * p.every
	}
	return laterTime(laterTime(next, from).Add(behind-p.ahead), from)
}

func laterTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
