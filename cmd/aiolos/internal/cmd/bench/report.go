package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// redrawProgress redraws the line that shows the progress.
func (b *command) redrawProgress(p bench.Progress) {
	rate := float64(p.Requests) / p.Elapsed.Seconds()
	goal := ""
	if b.duration > 0 {
		goal = " of " + render.Duration(time.Duration(b.duration))
	}
	of := ""
	if b.number > 0 {
		of = " of " + render.Count(b.number)
	}
	line := fmt.Sprintf("%s%s requests, %s req/s, %s errors, %s%s",
		render.Count(p.Requests), of, render.Count(int64(rate)), render.Count(p.Errors), render.Duration(p.Elapsed), goal)
	if runes := []rune(line); len(runes) >= b.App.Width {
		line = string(runes[:max(0, b.App.Width-1)])
	}
	fmt.Fprintf(b.App.Err, "\r%s\x1b[K", line)
}

// printResult prints the result.
func (b *command) printResult(r *bench.Result) error {
	switch {
	case b.json:
		return r.JSON(b.App.Out)
	case b.csv:
		return r.CSV(b.App.Out)
	}
	_, err := io.WriteString(b.App.Out, r.Text(b.App.OutPalette(), b.App.Width))
	return err
}

// setExitCode sets the exit code: a condition that holds, an interrupt, or nothing
// but failures.
func (b *command) setExitCode(ctx context.Context, r *bench.Result, conditions []bench.Condition) {
	for _, c := range conditions {
		if value, met := c.Met(r); met {
			if b.App.Quiet < 2 {
				fmt.Fprintf(b.App.Err, "%s failed: %s (%s)\n", b.App.ErrPalette().Red("aiolos:"), c.Text, value)
			}
			b.App.Code = exitcode.FailIf
		}
	}
	switch {
	case ctx.Err() != nil:
		b.App.Code = exitcode.Interrupt
	case b.App.Code == exitcode.OK && r.Latency.Len() == 0:
		b.App.Code = exitcode.Failure
	}
}
