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
	r.addTitle()
	if err := r.runParts(ctx); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("not done after %v: %w", maxTime, ErrExpectation)
		}
		return err
	}
	cancel()
	elapsed := time.Since(start)
	r.checks = append(r.checks,
		checkEqual("goroutines left behind", leftGoroutines(goroutines), 0),
		checkAtMost("seconds", int(elapsed.Seconds()), int(maxTime.Seconds())))
	failed := r.addVerdict(elapsed)
	if _, err := io.WriteString(cfg.Out, r.text.String()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d checks: %w", failed, ErrExpectation)
	}
	return nil
}

// runParts does what needs the servers.
func (r *report) runParts(ctx context.Context) (err error) {
	up, err := startUpstreams(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.Close()) }()
	if err := r.fetchPlan(ctx, up); err != nil {
		return err
	}
	return r.compareClients(ctx)
}

// fetchPlan fetches the plan and reports on it.
func (r *report) fetchPlan(ctx context.Context, up *upstreams) error {
	s, err := newSession()
	if err != nil {
		return err
	}
	defer s.Close()
	targets := planTargets(up)
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
	stats, seen := awaitIdle(ctx, s.Connector(), up.meter)
	r.addSummary(results, seen, stats, elapsed)
	r.addOutcomes(results)
	r.addWaterfall(results)
	r.checks = checkOutcome(results, seen, stats)
	return nil
}

// compareClients compares the clients and reports on it.
func (r *report) compareClients(ctx context.Context) error {
	c, err := measureClients(ctx)
	if err != nil {
		return err
	}
	r.addComparison(c)
	return nil
}
