package work

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/hibiken/asynq"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
)

// worker is one run of a worker.
type worker struct {
	cfg     Config
	session *session.Session
	stats   *stats.Recorder
	policy  middleware.RetryPolicy
	stop    context.CancelCauseFunc // ends the worker in order
	running sync.WaitGroup          // handlers

	failedMu sync.Mutex  // of cfg.Failed
	silent   atomic.Bool // Redis has not answered the last time
	foreign  sync.Once   // told of tasks of another program

	done, retried, gaveUp, putBack, bytes atomic.Int64
}

// errDone ends a worker that has nothing more to do.
var errDone = errors.New("there is nothing more to do")

// Run works until the context ends, or something makes it impossible, which is the error.
// What is under way then has the grace to end, and goes back to the queue after it.
func Run(ctx context.Context, cfg Config) (Counts, error) {
	if cfg.Notice == nil {
		cfg.Notice = func(string, ...any) {}
	}
	w := &worker{cfg: cfg, stats: stats.NewRecorder(cfg.Redis, cfg.Queue)}
	w.policy = middleware.RetryPolicy{
		Attempts: cfg.Attempts, MinWait: time.Second, MaxWait: cfg.MaxWait, MaxRetryAfter: cfg.MaxRetryAfter,
	}
	if err := cfg.Redis.Ping(ctx).Err(); err != nil {
		return Counts{}, err
	}
	limits, err := newLimits(cfg, &w.silent) //nolint:contextcheck // a fleet lives until it is closed
	if err != nil {
		return Counts{}, err
	}
	defer limits.close()
	if w.session, err = w.newSession(limits.middlewares); err != nil {
		return Counts{}, err
	}
	defer w.session.Close()
	until, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w.stop = stop
	err = w.serve(until)
	if cause := context.Cause(until); err == nil && ctx.Err() == nil && !errors.Is(cause, errDone) {
		err = cause
	}
	return w.counts(), err
}

// counts is what was done so far.
func (w *worker) counts() Counts {
	return Counts{
		Done: w.done.Load(), Retried: w.retried.Load(), GaveUp: w.gaveUp.Load(), PutBack: w.putBack.Load(), Bytes: w.bytes.Load(),
	}
}

// serve has asynq hand out tasks until the context ends.
func (w *worker) serve(ctx context.Context) error {
	server := asynq.NewServerFromRedisClient(w.cfg.Redis, asynq.Config{
		Concurrency:              w.cfg.Jobs,
		Queues:                   map[string]int{w.cfg.Queue: 1},
		RetryDelayFunc:           retryDelay,
		IsFailure:                isFailure,
		ShutdownTimeout:          w.cfg.Grace,
		DelayedTaskCheckInterval: time.Second,
		Logger:                   &logger{notice: w.cfg.Notice},
		LogLevel:                 asynq.ErrorLevel,
	})
	if err := server.Start(asynq.HandlerFunc(w.handle)); err != nil {
		return err
	}
	var group sync.WaitGroup
	beside, cancel := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() { w.record(beside) })
	group.Go(func() { w.reclaim(beside) })
	group.Go(func() { w.watch(beside) })
	group.Go(func() { w.agree(beside) })
	<-ctx.Done()
	server.Shutdown()
	// Handlers whose tasks went back end now: they close their files.
	w.running.Wait()
	cancel()
	group.Wait()
	return nil
}

// watch tells the progress, and ends the worker when there is nothing more to do.
func (w *worker) watch(ctx context.Context) {
	inspector := asynq.NewInspectorFromRedisClient(w.cfg.Redis)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.cfg.Progress != nil {
			w.cfg.Progress(w.counts())
		}
		if !w.cfg.UntilDone {
			continue
		}
		if nothingLeft(inspector, w.cfg.Queue) {
			w.stop(errDone)
		}
	}
}

// nothingLeft reports whether the queue has no tasks that are to be done. An error is that of
// the moment, Redis does not answer, unless there is no such queue: nobody has pushed to it,
// or Redis was flushed.
func nothingLeft(inspector *asynq.Inspector, queue string) bool {
	q, err := inspector.GetQueueInfo(queue)
	if err != nil {
		queues, err := inspector.Queues()
		return err == nil && !slices.Contains(queues, queue)
	}
	return q.Pending+q.Active+q.Scheduled+q.Retry+q.Aggregating == 0
}

// logger is that of asynq: what it cannot do it tells as errors, of which one a second is
// shown.
type logger struct {
	notice func(string, ...any)

	mu   sync.Mutex
	last time.Time
}

// Debug, Info and Warn are nothing: what becomes of a task is told otherwise.
func (*logger) Debug(...any) {}
func (*logger) Info(...any)  {}
func (*logger) Warn(...any)  {}

// Error tells it.
func (l *logger) Error(args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.last) < time.Second {
		return
	}
	l.last = time.Now()
	l.notice("%s", describe(args))
}

// Fatal tells it, too; asynq calls it for nothing that happens here.
func (l *logger) Fatal(args ...any) { l.Error(args...) }
