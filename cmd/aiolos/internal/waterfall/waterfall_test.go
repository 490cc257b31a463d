package waterfall_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

func TestChart(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	chart := waterfall.Chart{
		Phases: []waterfall.Phase{
			{"queue", 0},
			{"dns", 12 * ms},
			{"connect", 21 * ms},
			{"tls", 43 * ms},
			{"request", 300 * time.Microsecond},
			{"first byte", 88 * ms},
			{"body", 3 * ms},
		},
		Total: 168 * ms,
		Width: 60,
	}
	want := strings.Join([]string{
		"  queue            -",
		"  dns          12 ms ██▋",
		"  connect      21 ms   █████▍",
		"  tls          43 ms        ██████████▏",
		"  request     300 µs                  ▎",
		"  first byte   88 ms                  ████████████████████▏",
		"  body        3.0 ms                                      ▊",
		"  total       168 ms",
		"",
	}, "\n")
	if got := chart.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestChartStaysInItsWidth(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 1, 20, 40, 79, 200} {
		for _, scale := range []time.Duration{1, time.Microsecond, time.Millisecond, time.Minute} {
			chart := waterfall.Chart{Width: width, Phases: []waterfall.Phase{{"a", scale}, {"b", 0}, {"c", 1000 * scale}, {"d", scale}, {"e", 1}}}
			limit := width
			if limit == 0 {
				limit = 80
			}
			for line := range strings.Lines(chart.String()) {
				// Names, times and the shortest bar need 5 + 6 + 8 + 6.
				if n := utf8.RuneCountInString(line) - 1; n > max(limit, 28) {
					t.Errorf("width %d: a line of %d: %q", width, n, line)
				}
			}
		}
	}
}

func TestChartEmpty(t *testing.T) {
	t.Parallel()
	if got, want := (waterfall.Chart{}).String(), "  total  0 ms\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestChartPainted(t *testing.T) {
	t.Parallel()
	chart := waterfall.Chart{Palette: render.NewPalette(true), Phases: []waterfall.Phase{{"dns", 1}, {"first byte", 9}}}
	got := chart.String()
	for _, want := range []string{" \x1b[36m█", " \x1b[33m█"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %q", want, got)
		}
	}
}
