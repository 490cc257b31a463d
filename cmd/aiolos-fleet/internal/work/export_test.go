package work

import (
	"context"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

// Saver is a worker without a queue.
type Saver struct{ w *worker }

// NewSaver makes one.
func NewSaver(cfg Config) *Saver {
	w := &worker{cfg: cfg, stats: stats.NewRecorder(cfg.Redis, cfg.Queue)}
	var err error
	if w.session, err = w.newSession(nil); err != nil {
		panic(err)
	}
	return &Saver{w}
}

// Save saves a URL.
func (s *Saver) Save(ctx context.Context, t task.Task) error {
	_, err := s.w.save(ctx, t)
	return err
}

// Close closes it.
func (s *Saver) Close() error { return s.w.session.Close() }

// ReclaimExpired looks once.
func ReclaimExpired(ctx context.Context, cfg Config) (int, error) {
	w := &worker{cfg: cfg}
	return w.reclaimExpired(ctx, asynq.NewInspectorFromRedisClient(cfg.Redis))
}

// NewFailure is a failure that may pass.
func NewFailure(wait time.Duration) error {
	return &failure{class: "x", err: errors.New("x"), wait: wait}
}

// NewReturned is a task that goes back.
func NewReturned(after time.Duration) error { return &returned{after, errors.New("x")} }

// Told is what asynq is told.
func Told(err error) (delay time.Duration, failure bool) {
	return retryDelay(0, err, nil), isFailure(err)
}

// AwaitRedis waits as a task does at its end, when Redis is silent.
func AwaitRedis(ctx context.Context, answers func(answer func())) {
	w := &worker{}
	w.silent.Store(true)
	answers(func() { w.silent.Store(false) })
	w.awaitRedis(ctx)
}
