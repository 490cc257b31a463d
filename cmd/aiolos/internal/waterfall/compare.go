package waterfall

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Compare returns a table of medians, phase by phase: of the exchanges on new
// connections (cold) and of those on kept ones (warm), and the longest and the
// shortest total of each. A kind that did not happen has no column.
func Compare(timings []session.Timing) string {
	cold, warm := []session.Timing{}, []session.Timing{}
	for _, t := range timings {
		if t.Reused {
			warm = append(warm, t)
		} else {
			cold = append(cold, t)
		}
	}
	phases := Of(session.Timing{}).Phases
	rows := make([][]string, 1, len(phases)+4)
	rows[0] = []string{"median"}
	for _, p := range phases {
		rows = append(rows, []string{p.Name})
	}
	rows = append(rows, []string{"total"}, []string{"least"}, []string{"most"})
	for _, kind := range []struct {
		name    string
		timings []session.Timing
	}{{"cold", cold}, {"warm", warm}} {
		if len(kind.timings) == 0 {
			continue
		}
		for i, cell := range compareColumn(kind.name, kind.timings) {
			rows[i] = append(rows[i], cell)
		}
	}
	return alignTable(rows)
}

// compareColumn is the column of one kind.
func compareColumn(name string, timings []session.Timing) []string {
	cells := []string{fmt.Sprintf("%s (%d)", name, len(timings))}
	for i := range Of(timings[0]).Phases {
		cells = append(cells, durationLabel(Phase{Duration: medianPhase(timings, func(t session.Timing) time.Duration { return Of(t).Phases[i].Duration })}))
	}
	total := func(t session.Timing) time.Duration { return t.Total }
	totals := sortedPhases(timings, total)
	return append(cells,
		render.Duration(medianPhase(timings, total)), render.Duration(totals[0]), render.Duration(totals[len(totals)-1]))
}

// sortedPhases are the durations of one phase in order.
func sortedPhases(timings []session.Timing, of func(session.Timing) time.Duration) []time.Duration {
	all := make([]time.Duration, 0, len(timings))
	for _, t := range timings {
		all = append(all, of(t))
	}
	slices.Sort(all)
	return all
}

// medianPhase is that of one phase; of an even number it is the middle between two.
func medianPhase(timings []session.Timing, of func(session.Timing) time.Duration) time.Duration {
	all := sortedPhases(timings, of)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// alignTable aligns cells: the first column to the left, the others to the right.
func alignTable(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString("  " + padRight(row[0], widths[0]))
		for i, cell := range row[1:] {
			b.WriteString("  " + padLeft(cell, widths[i+1]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
