// Package waterfall draws where the time of a request went: one line for each
// phase, its bar beginning where the bar before it ended.
package waterfall

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Phase is one part of a request. Phases follow each other without overlap. A
// phase that did not happen has the duration zero and no bar.
type Phase struct {
	Name     string
	Duration time.Duration
}

// Chart is a waterfall.
type Chart struct {
	Phases []Phase
	// Total is the length of the whole; what the phases leave of it stays
	// empty. If it is less than their sum, the sum counts.
	Total time.Duration
	// Width is the number of columns that a line may have; 0 means 80.
	Width int
	// Palette paints the bars.
	Palette render.Palette
}

// minBar is the width of the bars in a terminal that is too narrow for any.
const minBar = 8

// String returns the lines of the chart, the last one with the total, each with
// its line end.
func (c Chart) String() string {
	total := max(c.Total, c.sumPhases())
	names, times := len("total"), utf8.RuneCountInString(render.Duration(total))
	for _, p := range c.Phases {
		names = max(names, utf8.RuneCountInString(p.Name))
		times = max(times, utf8.RuneCountInString(durationLabel(p)))
	}
	width := c.Width
	if width == 0 {
		width = 80
	}
	// Two blanks in front, two before the time, one before the bar.
	bars := max(minBar, width-names-times-6)
	var b strings.Builder
	var start time.Duration
	for _, p := range c.Phases {
		line := "  " + padRight(p.Name, names) + "  " + padLeft(durationLabel(p), times)
		if bar := drawBar(start, p.Duration, total, bars); bar != "" {
			blanks := len(bar) - len(strings.TrimLeft(bar, " "))
			line += " " + bar[:blanks] + c.paintBar(p.Name, bar[blanks:])
		}
		b.WriteString(line + "\n")
		start += p.Duration
	}
	fmt.Fprintf(&b, "  %s  %s\n", padRight("total", names), padLeft(render.Duration(total), times))
	return b.String()
}

// sumPhases is the time of all phases.
func (c Chart) sumPhases() time.Duration {
	var sum time.Duration
	for _, p := range c.Phases {
		sum += p.Duration
	}
	return sum
}

// paintBar gives the wait for the server another colour than the rest.
func (c Chart) paintBar(name, bar string) string {
	if name == "first byte" {
		return c.Palette.Yellow(bar)
	}
	return c.Palette.Cyan(bar)
}

// durationLabel is the duration, or a dash for a phase that did not happen.
func durationLabel(p Phase) string {
	if p.Duration <= 0 {
		return "-"
	}
	return render.Duration(p.Duration)
}

// drawBar draws the span that begins at start and lasts d, on a line of width
// columns that stands for total. A span that is too short to be seen is drawn
// as the thinnest block; no bar leaves the line.
func drawBar(start, d, total time.Duration, width int) string {
	if d <= 0 || total <= 0 {
		return ""
	}
	const parts = 8 // eighths of a column
	units := func(t time.Duration) int {
		return int(float64(t) / float64(total) * float64(width*parts))
	}
	from, to := units(start)/parts, units(start+d)
	from = min(from, width-1)
	full := max(0, to/parts-from)
	s := strings.Repeat(" ", from) + strings.Repeat("█", full)
	if rest := to % parts; rest > 0 && to/parts >= from && to < width*parts {
		return s + string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	if full == 0 {
		return s + "▏"
	}
	return s
}

// padRight fills s up with blanks on the right.
func padRight(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s)))
}

// padLeft fills s up with blanks on the left.
func padLeft(s string, n int) string {
	return strings.Repeat(" ", max(0, n-utf8.RuneCountInString(s))) + s
}
