package bench

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
)

// redrawProgress redraws the line that shows the progress: all that has been done, and
// what the last moment was like.
func (b *command) redrawProgress(p bench.Progress) {
	of, goal := "", ""
	if b.number > 0 {
		of = " of " + render.Count(b.number)
	}
	if b.duration > 0 {
		goal = " of " + render.Duration(time.Duration(b.duration))
	}
	b.redrawLine(fmt.Sprintf("%s%s requests, %s, %s in flight, %s errors, %s%s", render.Count(p.Requests), of,
		b.describeRecent(p), render.Count(p.InFlight), render.Count(p.Errors), render.Duration(p.Elapsed), goal))
}

// redrawWarmUp is the line of the requests that do not count.
func (b *command) redrawWarmUp(p bench.Progress) {
	b.redrawLine(fmt.Sprintf("warm-up: %s requests, %s, %s in flight, %s of %s", render.Count(p.Requests),
		b.describeRecent(p), render.Count(p.InFlight), render.Duration(p.Elapsed), render.Duration(time.Duration(b.warmUp))))
}

// describeRecent is the rate and the latency since the line was drawn last.
func (b *command) describeRecent(p bench.Progress) string {
	took := p.Elapsed - b.last.Elapsed
	b.last = p
	text := "0 req/s"
	if took > 0 {
		text = render.Count(int64(float64(p.Recent.Requests)/took.Seconds())) + " req/s"
	}
	if h := &p.Recent.Latency; h.Len() > 0 {
		text += ", p50 " + render.Duration(h.Percentile(50)) + ", p99 " + render.Duration(h.Percentile(99))
	}
	return text
}

// redrawLine redraws a line. Where there is no room for all that it tells, what tells
// least goes first; a number that is cut would be another one.
func (b *command) redrawLine(line string) {
	fields := strings.Split(line, ", ")
	for _, least := range []string{" in flight", "p50 ", "p99 ", " errors", " req/s", " of ", "s"} {
		if utf8.RuneCountInString(line) < b.App.Width {
			break
		}
		fields = append(fields[:1], slices.DeleteFunc(fields[1:], func(f string) bool { return strings.Contains(f, least) })...)
		line = strings.Join(fields, ", ")
	}
	if utf8.RuneCountInString(line) >= b.App.Width {
		line = ""
	}
	fmt.Fprintf(b.App.Err, "\r%s\x1b[K", line)
}

// printRuns prints the runs: --json an object for each, --csv a line of values.
func (b *command) printRuns(runs []report.Run) error {
	var text strings.Builder
	for i, r := range runs {
		switch {
		case b.json:
			if err := r.JSON(&text); err != nil {
				return err
			}
			continue
		case b.csv:
			write := r.CSV
			if i > 0 {
				write = r.CSVLine
			}
			if err := write(&text); err != nil {
				return err
			}
			continue
		case i > 0:
			text.WriteByte('\n')
		}
		if len(runs) > 1 {
			text.WriteString(b.App.OutPalette().Bold(render.Line(r.Name)) + "\n")
		}
		text.WriteString(r.Text(b.App.OutPalette(), b.App.Width))
	}
	if len(runs) > 1 && !b.json && !b.csv {
		text.WriteString("\n" + bench.CompareText(runs[0].Result, runs[1].Result))
	}
	_, err := io.WriteString(b.App.Out, text.String())
	return err
}

// saveReport writes the page of --report.
func (b *command) saveReport(method string, runs []report.Run) error {
	if b.page.Name == "" {
		return nil
	}
	names := make([]string, len(runs))
	for i, r := range runs {
		names[i] = r.Name
	}
	return b.page.SaveRuns(method+" "+strings.Join(names, " and "), runs)
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
