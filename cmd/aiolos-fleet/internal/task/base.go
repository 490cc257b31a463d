package task

import (
	"context"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/redis/go-redis/v9"
)

// A task that is brought back from the archive gets all its attempts again. asynq goes on
// counting, so the hash of the task has, beside asynq's own fields, from which number on.
const baseField = "aiolos_base"

// baseScript sets the field of a task that is still there.
//
//	KEYS  the task
//	ARGV  the field, the number
var baseScript = redis.NewScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`)

// SetRetryBase has the attempts of a task count from this number of retries on.
func SetRetryBase(ctx context.Context, client redis.UniversalClient, queue, id string, retried int) error {
	return baseScript.Run(ctx, client, []string{Key(queue, id)}, baseField, retried).Err()
}

// RetryBase is the number that was set, or 0.
func RetryBase(ctx context.Context, client redis.UniversalClient, queue, id string) (int, error) {
	text, err := client.HGet(ctx, Key(queue, id), baseField).Result()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, &errors.InvalidRequestError{Field: baseField, Reason: "not a number"}
	}
	return n, nil
}
