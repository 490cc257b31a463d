package stats

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// limitsKey is a sorted set of the limits that workers have, all queues together, by when one
// of them has said so last.
const limitsKey = "aiolos-fleet:limits"

// limitsFor is for how long what a worker has said is good: one that was killed says nothing.
const limitsFor = 20 * time.Second

// limitsScript notes limits, and returns all that there are. The clock is the server's.
//
//	KEYS  the set
//	ARGV  the limits, the seconds
var limitsScript = redis.NewScript(`
local now, keep = tonumber(redis.call('TIME')[1]), tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - keep)
redis.call('EXPIRE', KEYS[1], keep)
return redis.call('ZRANGE', KEYS[1], 0, -1)
`)

// SayLimits says that a worker keeps these limits, and returns those of all workers.
func SayLimits(ctx context.Context, client redis.UniversalClient, limits string) ([]string, error) {
	return limitsScript.Run(ctx, client, []string{limitsKey}, limits, int(limitsFor.Seconds())).StringSlice()
}

// UnsayLimits takes back what a worker has said. Others that keep the same say it again.
func UnsayLimits(ctx context.Context, client redis.UniversalClient, limits string) error {
	return client.ZRem(ctx, limitsKey, limits).Err()
}

// ReadLimits returns the limits of all workers. It writes nothing, so that a Redis that is full
// or read-only answers.
func ReadLimits(ctx context.Context, client redis.UniversalClient) ([]string, error) {
	now, err := client.Time(ctx).Result()
	if err != nil {
		return nil, err
	}
	oldest := "(" + strconv.FormatInt(now.Add(-limitsFor).Unix(), 10)
	return client.ZRangeByScore(ctx, limitsKey, &redis.ZRangeBy{Min: oldest, Max: "+inf"}).Result()
}
