package fleet

import (
	"context"
	"time"
)

// Grants makes the limiter tell the places that it is given: the key, and when each is due
// by the clock of Redis, in microseconds since 1970.
func (l *RateLimiter) Grants(tell func(key string, local bool, at []int64)) {
	l.granted = func(key string, a rateAnswer) {
		at := make([]int64, len(a.places))
		for i, wait := range a.places {
			at[i] = a.now + wait.Microseconds()
		}
		tell(key, a.local, at)
	}
}

// RedisKeys are those of an origin, or of the key of a request.
func (l *RateLimiter) RedisKeys(key string) []string { return l.keysOf(key) }

// Asked is a question of a limiter to a Redis that a test plays.
type Asked struct {
	Count           int
	Longest, Others time.Duration
}

// Answered is what the test says.
type Answered struct {
	Refused, Later bool
	Wait, Pause    time.Duration
	Places         []time.Duration
}

// Play lets a function be Redis, which takes no places back.
func (l *RateLimiter) Play(answer func(context.Context, Asked) (Answered, error)) {
	l.giveBack = func(context.Context, *rateKey, rateLast, int) (int, error) { return 0, nil }
	l.take = func(ctx context.Context, _ *rateKey, ask rateAsk) (rateAnswer, error) {
		got, err := answer(ctx, Asked{ask.count, ask.longest, ask.others})
		a := rateAnswer{wait: got.Wait, pause: got.Pause, places: got.Places}
		if got.Refused {
			a.state = rateRefused
		} else if got.Later || got.Pause > 0 {
			a.state = rateLater
		}
		return a, err
	}
}
