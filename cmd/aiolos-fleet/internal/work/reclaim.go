package work

import (
	"context"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// A worker renews the leases of its tasks every 5 seconds, each time for 30. If it dies,
// asynq waits until a lease has been over for another 30 seconds, since the clocks may
// differ by that, and looks once a minute: its tasks lie for up to two minutes. Here they are
// taken back as soon as the lease is over and no worker that lives says that it has the task,
// which no clock has a part in; twice, then asynq's own way counts it as an attempt.
const (
	reclaimEvery = 3 * time.Second
	maxReclaimed = 2
)

// reclaimScript puts a task whose lease is over back to the head of the queue. The clock is
// the server's.
//
//	KEYS  the leases, the tasks under way, those that wait, the task
//	ARGV  the ID, how often a task is taken back at most
var reclaimScript = redis.NewScript(`
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) >= tonumber(redis.call('TIME')[1]) then
  return 0
end
if tonumber(redis.call('HGET', KEYS[4], 'reclaimed') or 0) >= tonumber(ARGV[2]) then
  return 0
end
if redis.call('LREM', KEYS[2], 0, ARGV[1]) == 0 then
  return 0
end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[4], 'state', 'pending')
redis.call('HINCRBY', KEYS[4], 'reclaimed', 1)
return 1
`)

// reclaim takes back what dead workers had, until the context ends.
func (w *worker) reclaim(ctx context.Context) {
	inspector := asynq.NewInspectorFromRedisClient(w.cfg.Redis)
	timer := time.NewTimer(rand.N(reclaimEvery)) //nolint:gosec // that workers do not look together
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		n, err := w.reclaimExpired(ctx, inspector)
		if n > 0 {
			w.cfg.Notice("took %d tasks back whose leases are over", n)
		}
		_ = err // Redis does not answer now; the next look comes
		timer.Reset(reclaimEvery)
	}
}

// reclaimExpired looks once, and returns how many tasks it has put back.
func (w *worker) reclaimExpired(ctx context.Context, inspector *asynq.Inspector) (int, error) {
	queue := w.cfg.Queue
	now, err := w.cfg.Redis.Time(ctx).Result()
	if err != nil {
		return 0, err
	}
	ids, err := w.cfg.Redis.ZRangeByScore(ctx, task.LeaseKey(queue), &redis.ZRangeBy{
		Min: "-inf", Max: "(" + strconv.FormatInt(now.Unix(), 10), Count: 1000,
	}).Result()
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	servers, err := inspector.Servers()
	if err != nil {
		return 0, err
	}
	owned := map[string]bool{}
	for _, s := range servers {
		for _, t := range s.ActiveWorkers {
			owned[t.TaskID] = true
		}
	}
	reclaimed := 0
	for _, id := range ids {
		if owned[id] {
			continue
		}
		keys := []string{task.LeaseKey(queue), task.ActiveKey(queue), task.PendingKey(queue), task.Key(queue, id)}
		n, err := reclaimScript.Run(ctx, w.cfg.Redis, keys, id, maxReclaimed).Int()
		if err != nil {
			return reclaimed, err
		}
		reclaimed += n
	}
	return reclaimed, nil
}
