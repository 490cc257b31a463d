package work

import (
	"context"
	"time"
)

// recordEvery is how often a worker tells what it has done.
const recordEvery = time.Second

// record tells Redis what was done until the context ends, and a last time then. A report
// that it does not take is told with the next one.
func (w *worker) record(ctx context.Context) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordEvery)
			defer cancel()
			_ = w.stats.Flush(last)
			return
		case <-tick.C:
		}
		err := w.stats.Flush(ctx)
		if err == nil && w.silent.Load() {
			err = w.cfg.Redis.Ping(ctx).Err()
		}
		w.silent.Store(err != nil)
	}
}

// awaitRedis waits, at the end of a task, while Redis does not answer: asynq says only once
// that a task is done, and would do it again otherwise. The context ends with the lease.
func (w *worker) awaitRedis(ctx context.Context) {
	tick := time.NewTicker(recordEvery / 10)
	defer tick.Stop()
	for w.silent.Load() {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
