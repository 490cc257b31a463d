package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
)

// maxFailures is how many classes are shown.
const maxFailures = 15

// Text is what a reader gets, at that time.
func (s *Status) Text(now time.Time) string {
	var b strings.Builder
	state := "running"
	switch {
	case s.Paused:
		state = "paused: aiolos-fleet drain --resume goes on"
	case len(s.Workers) == 0 && s.Left() > 0:
		state = "no workers"
	case s.Left() == 0:
		state = "nothing to do"
	}
	fmt.Fprintf(&b, "%-10s %s, %s in Redis\n", app.Line(s.Queue), state, app.Bytes(float64(s.Memory)))
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s "+format+"\n", append([]any{name}, args...)...)
	}
	row("to do", "%s waiting, %s under way, %s to be tried again", count(s.Pending+s.Scheduled), count(s.Active), count(s.Retry))
	row("done", "%s, %s; %s of them still known", app.Count(s.Done), app.Bytes(float64(s.Bytes)), count(s.Completed))
	row("archived", "%s", count(s.Archived))
	row("rate", "%.1f/s, %s/s, %.1f failures/s%s", s.Rates.Done, app.Bytes(s.Rates.Bytes), s.Rates.Failed, s.left())
	if len(s.Limits) > 0 {
		row("limits", "%s", app.Line(strings.Join(s.Limits, "; ")))
	}
	if len(s.Limits) > 1 {
		b.WriteString("            these differ, and none of them holds: give all workers the same\n")
	}
	if len(s.Workers) > 0 {
		b.WriteString("\nworkers\n")
		for _, w := range s.Workers {
			fmt.Fprintf(&b, "  %-28s %d of %d busy, %s, for %s\n", fmt.Sprintf("%s:%d", app.Line(w.Host), w.PID), w.Active, w.Jobs, w.State, app.Duration(now.Sub(w.Started)))
		}
	}
	s.addFailures(&b)
	if len(s.Hosts) > 0 {
		fmt.Fprintf(&b, "\n%-30s %9s %9s %9s\n", "slowest hosts", "mean", "longest", "requests")
		for _, h := range s.Hosts {
			fmt.Fprintf(&b, "  %-28s %9s %9s %9s\n", app.Line(h.Host), milliseconds(h.Mean), milliseconds(h.Max), app.Count(h.Requests))
		}
	}
	return b.String()
}

func (s *Status) addFailures(b *strings.Builder) {
	if len(s.Failures) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%-30s %9s %9s\n", "failures", "attempts", "gave up")
	for i, f := range s.Failures {
		if i == maxFailures {
			fmt.Fprintf(b, "  %d more\n", len(s.Failures)-i)
			break
		}
		fmt.Fprintf(b, "  %-28s %9s %9s\n", app.Line(f.Class), app.Count(f.Attempts), app.Count(f.GaveUp))
	}
}

// left is how long the rest takes at this rate, if that makes sense.
func (s *Status) left() string {
	if s.Rates.Done < 0.05 || s.Left() == 0 {
		return ""
	}
	return "; at this rate " + app.Duration(time.Duration(float64(s.Left())/s.Rates.Done*float64(time.Second))) + " to go"
}

func count(n int) string { return app.Count(int64(n)) }

func milliseconds(ms float64) string {
	return app.Duration(time.Duration(ms * float64(time.Millisecond)))
}
