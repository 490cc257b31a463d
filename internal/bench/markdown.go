package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// printMarkdown writes all tables.
func (r *report) printMarkdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n%s\n%s\n%s\n", r.caption(), r.duelTable(), r.clientTables(r.rowFamilies()), r.details())
}

// caption says what the figures are from.
func (r *report) caption() string {
	return fmt.Sprintf("%s, %s; %s; `%s` in internal/bench, %.0f s.",
		r.Date.Format(time.DateOnly), r.Machine, r.Note, r.Command, r.Seconds)
}

// duelTable has a line for every row and every budget: this library beside the
// row's base.
func (r *report) duelTable() string {
	var b strings.Builder
	b.WriteString("| work (at a time) | figure | budget | aiolos | quartiles | lowest to highest | time / base |\n|---|---|---|---|---|---|---|\n")
	for _, d := range r.Rows {
		lines := d.Verdicts
		judged := slices.ContainsFunc(lines, func(v verdict) bool { return v.Metric == cpuTime })
		if cpu, ok := d.Clients[1].Ratios[cpuTime]; ok && !judged && d.row.family != "allocations" {
			free := verdict{Metric: cpuTime, Measured: cpu, budget: budget{cpuTime, ratioTo, math.Inf(1)}, Met: true}
			lines = append([]verdict{free}, lines...)
		}
		for _, v := range lines {
			b.WriteString(d.markdownLine(v))
		}
	}
	return b.String()
}

func (d *rowData) markdownLine(v verdict) string {
	subject := d.Clients[1]
	name, limit, mark, wall := d.row.labelWithCount(), "", "", ""
	if subject.Name != ours {
		name += ": " + subject.Name
	}
	if !math.IsInf(v.budget.limit, 1) {
		limit = "≤ " + formatTo(v.budget, v.budget.limit)
	}
	if !v.Met {
		mark = " **missed**"
	}
	if v.Metric == cpuTime {
		wall = fmt.Sprintf("%.2f", subject.Ratios[wallTime].Median)
	}
	text := func(n float64) string { return formatTo(v.budget, n) }
	s := v.Measured
	return fmt.Sprintf("| %s | %s | %s | %s%s | %s to %s | %s to %s | %s |\n", name, figureName(v.budget, d.Base), limit,
		text(s.Median), mark, text(s.Q1), text(s.Q3), text(s.Min), text(s.Max), wall)
}

// figureName names what a budget is about.
func figureName(b budget, base string) string {
	switch b.metric {
	case cpuTime:
		return "CPU / " + base
	case allocs:
		return "allocations"
	case allocBytes:
		return "bytes allocated"
	case goroutines:
		return "goroutines"
	case kept, objects:
		what := "KiB in use"
		if b.metric == objects {
			what = "KiB of objects"
		}
		if b.relation == aboveBase {
			what += " more than " + base
		}
		return what
	case wallTime:
	}
	return string(b.metric)
}

// roundTo has the digits that are printed.
func roundTo(b budget, v float64) float64 {
	switch b.metric {
	case allocs:
		return math.Floor(v)
	case allocBytes:
		return math.Round(v)
	case kept, objects:
		return math.Round(v/1024*100) / 100 * 1024
	default:
		return math.Round(v*100) / 100
	}
}

func formatTo(b budget, v float64) string {
	switch v = roundTo(b, v); b.metric {
	case allocs, allocBytes:
		return fmt.Sprintf("%.0f", v)
	case kept, objects:
		return fmt.Sprintf("%.2f", v/1024)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// clientTables have a column for every client, a table for each family of rows that
// has more of them than the duel.
func (r *report) clientTables(families []string) string {
	var b strings.Builder
	for _, family := range families {
		rows := slices.DeleteFunc(slices.Clone(r.Rows), func(d *rowData) bool { return d.row.family != family })
		var names []string
		for _, d := range rows {
			for _, c := range d.Clients[1:] {
				if c.Ratios != nil && !slices.Contains(names, c.Name) {
					names = append(names, c.Name)
				}
			}
		}
		if len(names) < 2 || family == "allocations" {
			continue
		}
		fmt.Fprintf(&b, "| %s (at a time): CPU / time | base | %s |\n|---|---|%s\n", family, strings.Join(names, " | "), strings.Repeat("---|", len(names)))
		for _, d := range rows {
			fmt.Fprintf(&b, "| %s | %s |", d.row.labelWithCount(), d.Base)
			for _, name := range names {
				fmt.Fprintf(&b, " %s |", d.clientCell(name))
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// clientCell is what a client took, if it took part.
func (d *rowData) clientCell(name string) string {
	i := slices.IndexFunc(d.Clients, func(c clientData) bool { return c.Name == name })
	if i < 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f / %.2f", d.Clients[i].Ratios[cpuTime].Median, d.Clients[i].Ratios[wallTime].Median)
}

func (r *report) rowFamilies() []string {
	var all []string
	for _, d := range r.Rows {
		if !slices.Contains(all, d.row.family) {
			all = append(all, d.row.family)
		}
	}
	return all
}
