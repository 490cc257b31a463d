package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/progress"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Config says where the demo writes.
type Config struct {
	Out     io.Writer // the report
	Err     io.Writer // what moves
	Moving  bool      // Err is a terminal
	Width   int       // of the terminal; 0: not known
	Palette render.Palette
}

// ErrExpectation is the error of a demo whose outcome is not the planned one.
var ErrExpectation = errors.New("the outcome is not the expected one")

// Run does the whole demo: it starts the servers, fetches, compares, stops the
// servers, and reports. The error is [ErrExpectation] if anything came out
// differently from the plan.
func Run(ctx context.Context, cfg Config) error {
	start, goroutines := time.Now(), runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	r := report{cfg: cfg}
	r.title()
	if err := r.work(ctx); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("not done after %v: %w", maxTime, ErrExpectation)
		}
		return err
	}
	cancel()
	elapsed := time.Since(start)
	r.checks = append(r.checks,
		equal("goroutines left behind", leftGoroutines(goroutines), 0),
		atMost("seconds", int(elapsed.Seconds()), int(maxTime.Seconds())))
	failed := r.verdict(elapsed)
	if _, err := io.WriteString(cfg.Out, r.text.String()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d checks: %w", failed, ErrExpectation)
	}
	return nil
}

// work does what needs the servers.
func (r *report) work(ctx context.Context) (err error) {
	up, err := startUpstreams(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.Close()) }()
	if err := r.fetch(ctx, up); err != nil {
		return err
	}
	return r.bench(ctx)
}

// fetch fetches the plan and reports on it.
func (r *report) fetch(ctx context.Context, up *upstreams) error {
	s, err := newSession()
	if err != nil {
		return err
	}
	defer s.Close()
	targets := plan(up)
	var live *progress.Counter
	if r.cfg.Moving {
		live = progress.NewCounter(r.cfg.Err, r.cfg.Width, "URLs", len(targets))
	}
	start := time.Now()
	results := fetchAll(ctx, s, targets, live.Done)
	elapsed := time.Since(start)
	live.Close()
	if err := ctx.Err(); err != nil {
		return err
	}
	stats, seen := settle(ctx, s.Connector(), up.meter)
	r.summary(results, seen, stats, elapsed)
	r.outcomes(results)
	r.waterfall(results)
	r.checks = checks(results, seen, stats)
	return nil
}

// bench compares the clients and reports on it.
func (r *report) bench(ctx context.Context) error {
	c, err := compareClients(ctx)
	if err != nil {
		return err
	}
	r.comparison(c)
	return nil
}
