package archive

import (
	"context"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
)

// Drain has the workers take nothing new, and waits until what is under way has ended. It
// tells how many are left, twice a second.
func Drain(ctx context.Context, client redis.UniversalClient, queue string, tell func(active int)) error {
	inspector := asynq.NewInspectorFromRedisClient(client)
	queues, err := inspector.Queues()
	if err != nil || !slices.Contains(queues, queue) {
		return err
	}
	if err := setPaused(ctx, client, inspector, queue, true); err != nil {
		return err
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		q, err := inspector.GetQueueInfo(queue)
		if err != nil {
			return err
		}
		if q.Active == 0 {
			return nil
		}
		tell(q.Active)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Resume has the workers take tasks again.
func Resume(ctx context.Context, client redis.UniversalClient, queue string) error {
	return setPaused(ctx, client, asynq.NewInspectorFromRedisClient(client), queue, false)
}

// setPaused is idempotent, unlike asynq's calls.
func setPaused(ctx context.Context, client redis.UniversalClient, inspector *asynq.Inspector, queue string, paused bool) error {
	if err := client.Ping(ctx).Err(); err != nil {
		return err
	}
	q, err := inspector.GetQueueInfo(queue)
	switch {
	case err != nil:
		if queues, listErr := inspector.Queues(); listErr == nil && !slices.Contains(queues, queue) {
			return nil // there is nothing to pause
		}
		return err
	case q.Paused == paused:
		return nil
	case paused:
		err = inspector.PauseQueue(queue)
	default:
		err = inspector.UnpauseQueue(queue)
	}
	if err != nil {
		return errors.Join(err, ctx.Err())
	}
	return nil
}
