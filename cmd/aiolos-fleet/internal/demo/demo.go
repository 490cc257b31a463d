// Package demo is "aiolos-fleet demo": a fleet of three workers on this machine, two servers
// that misbehave, a worker that is killed, and a look at whether everything that is promised
// was kept.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/conn"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/push"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/stats"
	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/status"
)

// Config says where the demo writes, and which Redis it takes.
type Config struct {
	Out io.Writer // the report
	// Tell is told what happens, Show how far it is; the text of Show is replaced by the
	// next one.
	Tell, Show func(text string)
	// Redis is where it is; empty starts one.
	Redis string
}

// ErrExpectation is the error of a demo whose outcome is not the planned one.
var ErrExpectation = errors.New("the outcome is not the expected one")

// maxTime bounds the demo.
const maxTime = 3 * time.Minute

// demo is one run.
type demo struct {
	cfg     Config
	queue   string
	dir     string
	address string
	redis   redis.UniversalClient
	hosts   [2]*host
	workers []*process
	start   time.Time
	killed  time.Time
	last    status.Status
}

// Run does the whole demo. The error is [ErrExpectation] if anything came out differently
// from the plan.
func Run(ctx context.Context, cfg Config) (err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	d := &demo{cfg: cfg, start: time.Now(), address: cfg.Redis}
	d.queue = fmt.Sprintf("aiolos-fleet-demo-%d", os.Getpid())
	if d.address == "" {
		local, err := startRedis(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, local.close()) }()
		d.address = local.addr
		cfg.Tell("redis-server on " + local.addr)
	}
	if d.redis, err = conn.Open(d.address, push.Parallel); err != nil {
		return err
	}
	defer d.redis.Close()
	if d.dir, err = os.MkdirTemp("", "aiolos-fleet-demo"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	for i := range d.hosts {
		if d.hosts[i], err = startHost(ctx); err != nil {
			return err
		}
		defer d.hosts[i].server.Close()
	}
	defer d.forget(context.WithoutCancel(ctx))
	if err := d.push(ctx); err != nil {
		return err
	}
	if err := d.work(ctx); err != nil {
		return err
	}
	return d.report()
}

// push puts the URLs into the queue, twice: they are there once.
func (d *demo) push(ctx context.Context) error {
	list := urls([2]string{d.hosts[0].addr, d.hosts[1].addr})
	p := push.New(ctx, push.Config{Redis: d.redis, Queue: d.queue, Keep: time.Hour, OnBad: func(_ string, _ int, _ error) {}})
	err := errors.Join(p.Read("demo", strings.NewReader(list)), p.Read("demo", strings.NewReader(list)), p.Close())
	if r := p.Result(); err == nil && (r.New != planned+gone || r.Known != planned+gone) {
		err = fmt.Errorf("%d pushed and %d known, want %d each: %w", r.New, r.Known, planned+gone, ErrExpectation)
	}
	d.cfg.Tell(fmt.Sprintf("%d URLs on two servers that misbehave, and %d that are gone; pushed twice, there once", planned, gone))
	return err
}

// work has three workers fetch everything, and kills one of them.
func (d *demo) work(ctx context.Context) error {
	defer func() {
		for _, w := range d.workers {
			w.kill()
		}
	}()
	for range workers {
		w, err := startWorker(d.address, d.queue, d.dir)
		if err != nil {
			return err
		}
		d.workers = append(d.workers, w)
	}
	d.cfg.Tell(fmt.Sprintf("%d workers, %d URLs at a time each; together %d requests under way and %d a second to a server", workers, jobs, perHost, rate))
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for !d.ended() {
		now, err := status.Read(ctx, d.redis, d.queue, 3)
		if err != nil {
			return d.explain(err)
		}
		d.last = *now
		d.cfg.Show(d.progress())
		if d.killed.IsZero() && now.Completed >= killFrom {
			d.killOne()
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) { // the user has seen enough
				return ctx.Err()
			}
			return d.explain(fmt.Errorf("not done after %v: %w", time.Since(d.start).Round(time.Second), ErrExpectation))
		case <-tick.C:
		}
	}
	now, err := status.Read(ctx, d.redis, d.queue, 3)
	if err == nil {
		d.last = *now
	}
	return err
}

// killOne kills a worker.
func (d *demo) killOne() {
	d.workers[0].kill()
	d.killed = time.Now()
	d.cfg.Tell(fmt.Sprintf("kill -9 %d, with up to %d URLs under way; the others go on. What it had comes back when its leases are over, half a minute from now",
		d.workers[0].cmd.Process.Pid, jobs))
}

// ended reports whether the workers that live have ended.
func (d *demo) ended() bool {
	for i, w := range d.workers {
		if i == 0 && !d.killed.IsZero() {
			continue
		}
		select {
		case <-w.done:
		default:
			return false
		}
	}
	return true
}

// progress is how far it is.
func (d *demo) progress() string {
	text := fmt.Sprintf("%3.0f s  %d of %d saved, %d given up, %d under way, %d to be tried again",
		time.Since(d.start).Seconds(), d.last.Completed, planned, d.last.Archived, d.last.Active, d.last.Retry)
	if !d.killed.IsZero() && d.last.Left() > 0 && d.last.Left() <= jobs {
		text += fmt.Sprintf("; leases of the killed worker: %.0f s of 30 to 35", time.Since(d.killed).Seconds())
	}
	return text
}

// explain adds what the workers have said to an error.
func (d *demo) explain(err error) error {
	for i, w := range d.workers {
		w.kill()
		if text := strings.TrimSpace(w.said.String()); text != "" {
			d.cfg.Tell(fmt.Sprintf("worker %d: %s", i+1, text))
		}
	}
	return err
}

// forget removes what the demo has left in a Redis that is not its own.
func (d *demo) forget(ctx context.Context) {
	inspector := asynq.NewInspectorFromRedisClient(d.redis)
	_ = inspector.DeleteQueue(d.queue, true) // it goes with the server, or expires
	_ = stats.Forget(ctx, d.redis, d.queue)
}
