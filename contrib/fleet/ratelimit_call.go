package fleet

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// rateAsk is what is asked for: see [rateTakeScript].
type rateAsk struct {
	count           int
	longest, others time.Duration // the longest waits; longest negative: any
	number          int64         // that was given before; 0: none
}

// The states of a rateAnswer.
const (
	rateTaken   = 0
	rateRefused = 1
	rateLater   = 2
)

// rateAnswer is what is answered. all and host are the next times as they
// stand in Redis, and now is its clock; all others are waits.
type rateAnswer struct {
	state       int64
	now, number int64
	wait, pause time.Duration
	refused     int64
	all, host   int64
	places      []time.Duration
	local       bool
}

// takePlaces runs the script.
func (l *RateLimiter) takePlaces(ctx context.Context, k *rateKey, ask rateAsk) (rateAnswer, error) {
	longest := int64(-1)
	if ask.longest >= 0 {
		longest = ask.longest.Microseconds()
	}
	got, err := call(ctx, l.caller, func(ctx context.Context, c redis.UniversalClient) ([]int64, error) {
		return rateTakeScript.Run(ctx, c, k.redis, l.all.every, l.all.ahead, l.host.every, l.host.ahead,
			ask.count, longest, ask.others.Microseconds(), ask.number, l.longestPause()).Int64Slice()
	})
	if err != nil {
		return rateAnswer{}, err
	}
	a := rateAnswer{state: got[0], now: got[1], wait: micros(got[2]), pause: micros(got[3]), refused: got[4], number: got[5], all: got[6], host: got[7]}
	for _, wait := range got[8:] {
		a.places = append(a.places, micros(wait))
	}
	return a, nil
}

// returnPlaces runs the script.
func (l *RateLimiter) returnPlaces(ctx context.Context, k *rateKey, last rateLast, n int) (int, error) {
	return call(ctx, l.caller, func(ctx context.Context, c redis.UniversalClient) (int, error) {
		return rateReturnScript.Run(ctx, c, k.redis, n, l.all.every, l.host.every, last.host, last.all).Int()
	})
}

// sharePause runs the script.
func (l *RateLimiter) sharePause(ctx context.Context, key string, asked time.Duration, full bool) (pause time.Duration, refused int64, isNew bool, err error) {
	is429 := 0
	if full {
		is429 = 1
	}
	got, err := call(ctx, l.caller, func(ctx context.Context, c redis.UniversalClient) ([]int64, error) {
		return ratePauseScript.Run(ctx, c, l.keysOf(key)[:1], asked.Microseconds(), l.longestPause(), is429).Int64Slice()
	})
	if err != nil {
		return 0, 0, false, err
	}
	return micros(got[0]), got[1], got[2] == 1, nil
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// longestPause is MaxPause in microseconds, not more than fits into a double beside the
// time.
func (l *RateLimiter) longestPause() int64 {
	return min(max(l.cfg.MaxPause, 0).Microseconds(), maxRateMicros)
}
