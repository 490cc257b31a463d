package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// printMarkdown writes all tables.
func (r *report) printMarkdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n%s\n%s\n%s\n", r.caption(), r.duelTable(), r.clientTables(), r.details())
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
	b.WriteString("| work (at a time) | figure | budget | aiolos | quartiles | lowest to highest | time |\n|---|---|---|---|---|---|---|\n")
	for _, d := range r.Rows {
		if len(d.Clients) < 2 {
			continue
		}
		subject := d.Clients[1]
		name := d.row.label()
		if subject.Name != ours {
			name += ": " + subject.Name
		}
		verdicts := d.Verdicts
		if _, ok := subject.Ratios[cpuTime]; ok && !slices.ContainsFunc(verdicts, func(v verdict) bool { return v.Metric == cpuTime }) && d.row.family != "allocations" {
			verdicts = append([]verdict{{Metric: cpuTime, Measured: subject.Ratios[cpuTime], Limit: math.NaN(), budget: budget{cpuTime, ratioTo, 0}}}, verdicts...)
		}
		for _, v := range verdicts {
			limit, mark, wall := "", "", ""
			if !math.IsNaN(v.Limit) {
				limit = "≤ " + format(v.budget, v.Limit)
				if !v.Met {
					mark = " **missed**"
				}
			}
			if v.Metric == cpuTime {
				wall = fmt.Sprintf("%.2f", subject.Ratios[wallTime].Median)
			}
			s := v.Measured
			fmt.Fprintf(&b, "| %s | %s | %s | %s%s | %s to %s | %s to %s | %s |\n", name, figure(v.budget, d.Base), limit,
				format(v.budget, s.Median), mark, format(v.budget, s.Q1), format(v.budget, s.Q3), format(v.budget, s.Min), format(v.budget, s.Max), wall)
		}
	}
	return b.String()
}

// figure names what a budget is about.
func figure(b budget, base string) string {
	switch b.metric {
	case cpuTime:
		return "CPU / " + base
	case allocs:
		return "allocations"
	case allocBytes:
		return "bytes allocated"
	case goroutines:
		return "goroutines"
	case kept:
		if b.relation == aboveBase {
			return "KiB more than " + base
		}
		return "KiB"
	}
	return string(b.metric)
}

// round has the digits that are printed.
func round(b budget, v float64) float64 {
	switch b.metric {
	case allocs:
		return math.Floor(v)
	case allocBytes:
		return math.Round(v)
	case kept:
		return math.Round(v/1024*100) / 100 * 1024
	default:
		return math.Round(v*100) / 100
	}
}

func format(b budget, v float64) string {
	switch v = round(b, v); b.metric {
	case allocs, allocBytes:
		return fmt.Sprintf("%.0f", v)
	case kept:
		return fmt.Sprintf("%.2f", v/1024)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

// clientTables have a column for every client, a table for each family of rows that
// has more of them than the duel.
func (r *report) clientTables() string {
	var b strings.Builder
	for _, family := range r.families() {
		var names []string
		rows := slices.DeleteFunc(slices.Clone(r.Rows), func(d *rowData) bool { return d.row.family != family })
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
			fmt.Fprintf(&b, "| %s | %s |", d.row.label(), d.Base)
			for _, name := range names {
				cell := "–"
				if i := slices.IndexFunc(d.Clients, func(c clientData) bool { return c.Name == name }); i >= 0 {
					cell = fmt.Sprintf("%.2f / %.2f", d.Clients[i].Ratios[cpuTime].Median, d.Clients[i].Ratios[wallTime].Median)
				}
				fmt.Fprintf(&b, " %s |", cell)
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (r *report) families() []string {
	var all []string
	for _, d := range r.Rows {
		if !slices.Contains(all, d.row.family) {
			all = append(all, d.row.family)
		}
	}
	return all
}

// details are all figures as they were measured.
func (r *report) details() string {
	var b strings.Builder
	b.WriteString("```\n")
	for i, d := range r.Rows {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %d rounds", d.row.label(), d.row.rounds)
		if d.Ops > 0 {
			fmt.Fprintf(&b, " of %d", d.Ops)
		}
		b.WriteString("\n")
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		if _, ok := d.Clients[0].Measured[cpuTime]; ok {
			writeTimes(w, d)
		} else {
			writeIdle(w, d)
		}
		_ = w.Flush() // a Builder takes all
	}
	b.WriteString("```\n")
	return b.String()
}

func writeTimes(w io.Writer, d *rowData) {
	fmt.Fprintln(w, "  client\tCPU\tratio\ttime\tratio\tallocs\tkB")
	for _, c := range d.Clients {
		m := c.Measured
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%.1f\t%.1f\n", c.Name,
			formatTime(m[cpuTime].Median), formatRange(c.Ratios, cpuTime), formatTime(m[wallTime].Median), formatRange(c.Ratios, wallTime),
			m[allocs].Median, m[allocBytes].Median/1e3)
	}
}

func writeIdle(w io.Writer, d *rowData) {
	fmt.Fprintln(w, "  client\tKiB\t\tgoroutines")
	for _, c := range d.Clients {
		k := c.Measured[kept]
		fmt.Fprintf(w, "  %s\t%.2f\t(%.2f to %.2f)\t%.2f\n", c.Name, k.Median/1024, k.Min/1024, k.Max/1024, c.Measured[goroutines].Median)
	}
}

func formatRange(ratios map[metric]summary, m metric) string {
	s, ok := ratios[m]
	if !ok {
		return "1" // the base
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Min, s.Max)
}

func formatTime(ns float64) string {
	switch {
	case ns >= 1e7:
		return fmt.Sprintf("%.0f ms", ns/1e6)
	case ns >= 1e6:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	}
	return fmt.Sprintf("%.1f µs", ns/1e3)
}
