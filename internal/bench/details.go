package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// details are all figures as they were measured.
func (r *report) details() string {
	var b strings.Builder
	b.WriteString("```\n")
	for i, d := range r.Rows {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %d rounds", d.row.labelWithCount(), d.row.rounds)
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
	fmt.Fprintln(w, "  client\tKiB in use\t\tof objects\tgoroutines")
	for _, c := range d.Clients {
		k := c.Measured[kept]
		fmt.Fprintf(w, "  %s\t%.2f\t(%.2f to %.2f)\t%.2f\t%.2f\n", c.Name,
			k.Median/1024, k.Min/1024, k.Max/1024, c.Measured[objects].Median/1024, c.Measured[goroutines].Median)
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
