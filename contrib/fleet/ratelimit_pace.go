package fleet

import (
	"math"
	"slices"
	"time"
)

// ratePace is the distance between requests, and how far ahead of it they may be, in
// microseconds, as the script has it. The zero value is no limit.
type ratePace struct{ every, ahead int64 }

// maxRateMicros bounds all distances, some 30 years, so that times since 1970 with them are
// whole in a double.
const maxRateMicros = 1e15

func newRatePace(perSecond float64, burst int) ratePace {
	if !(perSecond > 0) { // NaN is no limit either
		return ratePace{}
	}
	burst = max(burst, 1)
	every := int64(min(math.Ceil(1e6/perSecond), maxRateMicros/float64(burst)))
	every = max(every, 1)
	return ratePace{every, every * int64(burst-1)}
}

// divide is the share of one of so many. At least one may always be sent.
func (p ratePace) divide(processes int) ratePace {
	if p.every == 0 || processes <= 1 {
		return p
	}
	burst := max((p.ahead/p.every+1)/int64(processes), 1)
	every := min(p.every*int64(processes), maxRateMicros/burst)
	return ratePace{every, every * (burst - 1)}
}

// rateShare is this process's own limit of all together, while Redis does not answer.
type rateShare struct {
	on   bool
	next int64 // in microseconds since the limiter was made
}

// takeShare is what the script does, with the share of this process and its own clock. The
// credit of a burst is spent when it begins, since the fleet may have spent it just now;
// and no place is before the last one that Redis has given.
func (l *RateLimiter) takeShare(k *rateKey, ask rateAsk, now time.Time) rateAnswer {
	processes := l.fleet.processes()
	all, host := l.all.divide(processes), l.host.divide(processes)
	clock := now.Sub(l.began).Microseconds()
	if !l.share.on {
		l.share = rateShare{on: true, next: clock + all.ahead}
	}
	if !k.share.on {
		begin := clock
		if n := len(k.places); n > 0 {
			begin = max(begin, k.places[n-1].due.Sub(l.began).Microseconds())
		}
		k.share = rateShare{on: true, next: begin + host.ahead}
	}
	a := rateAnswer{local: true, refused: k.refused, now: time.Now().UnixMicro()}
	for i := range ask.count {
		longest := ask.others
		first, own := max(clock, l.share.next-all.ahead), max(clock, k.share.next-host.ahead)
		wait := micros(max(first, own) - clock)
		if i == 0 {
			longest, a.wait = ask.longest, wait
		}
		switch {
		case longest >= 0 && wait > longest && i == 0:
			a.state = rateRefused
			return a
		case longest >= 0 && wait > longest:
			return a
		case all.every > 0 && own > first: // the place of all is taken when the host lets it go
			if i == 0 {
				a.state = rateLater
			}
			return a
		}
		l.share.next = max(l.share.next, first) + all.every
		k.share.next = max(k.share.next, max(first, own)) + host.every
		a.places = append(a.places, wait)
	}
	return a
}

// endShare is when Redis answers again: what the share has given and is not used is void.
func (l *RateLimiter) endShare(k *rateKey) {
	l.share.on = false
	if k.share.on {
		k.share.on, k.last.n = false, 0
		k.places = slices.DeleteFunc(k.places, func(p ratePlace) bool { return p.local })
	}
}

// spent reports whether a share has nothing to remember any more.
func (s rateShare) spent(clock int64) bool { return !s.on || s.next <= clock }
