// Package push puts URLs into the queue, millions of them, each once.
package push

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/task"
)

const (
	// Parallel is how many calls are under way at a time, each on a connection of its
	// own. asynq has no call for many tasks; so many at once are as good, over a loopback
	// interface and over a slow line.
	Parallel = 128
	// batchLines is how many lines a goroutine takes at a time.
	batchLines = 256
	// maxRetry is what asynq may try; the workers decide before that.
	maxRetry = 1_000_000
	// maxTime is how long one attempt may take, its waiting for limits included.
	maxTime = 7 * 24 * time.Hour
)

// Config is where and how to push.
type Config struct {
	Redis redis.UniversalClient
	Queue string
	// Keep is how long a URL that was fetched is still known, so that it is not fetched
	// again if it is pushed again. 0 is not at all.
	Keep time.Duration
	// OnBad is told of each line that is refused. It is called by many at the same time.
	OnBad func(file string, line int, err error)
}

// Result counts lines with URLs.
type Result struct {
	New   int64 // put into the queue
	Known int64 // in the queue already, in the archive, or fetched a short while ago
	Bad   int64 // refused
}

// Pusher puts URLs into the queue.
type Pusher struct {
	cfg    Config
	client *asynq.Client
	lines  chan []line
	ctx    context.Context //nolint:containedctx // that of the goroutines, which end with Close
	cancel context.CancelCauseFunc
	group  sync.WaitGroup

	fresh, known, bad atomic.Int64
}

// line is a line of a list.
type line struct {
	file   string
	number int
	text   string
}

// New makes a Pusher, which the caller closes.
func New(ctx context.Context, cfg Config) *Pusher {
	p := &Pusher{cfg: cfg, client: asynq.NewClientFromRedisClient(cfg.Redis), lines: make(chan []line, Parallel)}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	for range Parallel {
		p.group.Go(p.run)
	}
	return p
}

// Close waits until all lines are in the queue, and returns the first error of Redis.
func (p *Pusher) Close() error {
	close(p.lines)
	p.group.Wait()
	err := context.Cause(p.ctx)
	p.cancel(nil)
	return err
}

// Failed is closed when nothing more is pushed: Redis has failed, or the context has ended.
func (p *Pusher) Failed() <-chan struct{} { return p.ctx.Done() }

// Err is why, or nil.
func (p *Pusher) Err() error { return context.Cause(p.ctx) }

// Result is what was done so far.
func (p *Pusher) Result() Result {
	return Result{New: p.fresh.Load(), Known: p.known.Load(), Bad: p.bad.Load()}
}

func (p *Pusher) run() {
	for batch := range p.lines {
		for _, l := range batch {
			if p.ctx.Err() != nil {
				break // the others of the channel are taken and dropped
			}
			p.push(l)
		}
	}
}

// push puts one line into the queue.
func (p *Pusher) push(l line) {
	raw, name, _ := strings.Cut(strings.ReplaceAll(l.text, "\t", " "), " ")
	t, err := task.New(raw, strings.TrimSpace(name))
	if err == nil && t.Name != "" {
		err = p.claimName(t)
	}
	if err != nil {
		if _, ofRedis := errors.AsType[*redisError](err); ofRedis {
			p.cancel(err)
			return
		}
		p.refuse(l, err)
		return
	}
	_, err = p.client.EnqueueContext(p.ctx, asynq.NewTask(task.Type, t.Payload()), asynq.TaskID(t.ID()), asynq.Queue(p.cfg.Queue),
		asynq.MaxRetry(maxRetry), asynq.Timeout(maxTime), asynq.Retention(p.cfg.Keep))
	switch {
	case err == nil:
		p.fresh.Add(1)
	case errors.Is(err, asynq.ErrTaskIDConflict):
		p.known.Add(1)
	default:
		p.cancel(&redisError{err})
	}
}

// refuse counts a line that is not pushed, and tells of it.
func (p *Pusher) refuse(l line, err error) {
	p.bad.Add(1)
	p.cfg.OnBad(l.file, l.number, err)
}

// redisError is an error that is not about a line.
type redisError struct{ error }

// Unwrap returns it.
func (e *redisError) Unwrap() error { return e.error }
