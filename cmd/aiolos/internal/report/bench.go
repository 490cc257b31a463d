package report

import (
	"fmt"
	"io"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Run is one run of a benchmark and what it is called.
type Run struct {
	Name string
	*bench.Result
}

// The sizes of the charts, for one run and for each of two.
const (
	wideChart, narrowChart = 1150.0, 565.0
	chartHeight            = 250.0
	gap                    = 20.0
)

// drawing is a kind of chart, one for each run, with the same axes.
type drawing struct {
	title  string
	charts []string
}

// drawRuns draws the charts of one or two runs.
func drawRuns(runs []Run) []drawing {
	width := wideChart
	if len(runs) > 1 {
		width = narrowChart
	}
	all := []drawing{{title: "Latency over time"}, {title: "Requests a second"}, {title: "How many requests took how long (both axes are logarithmic)"}}
	shared := measureAxes(runs)
	for _, r := range runs {
		for i, draw := range []func(Run, axes, float64) string{drawLatency, drawRate, drawHistogram} {
			all[i].charts = append(all[i].charts, draw(r, shared, width))
		}
	}
	return all
}

// Bench writes a page about one run, or about two side by side.
func Bench(w io.Writer, h Head, runs []Run) error {
	m := &markup{}
	startPage(m, h)
	writeFigures(m, runs)
	for _, d := range drawRuns(runs) {
		m.element("h2", d.title)
		m.line()
		m.start("div", class("pair"))
		m.line()
		for i, chart := range d.charts {
			m.start("figure")
			if len(runs) > 1 {
				m.element("figcaption", runs[i].Name)
			}
			m.b.WriteString(chart)
			m.end("figure")
			m.line()
		}
		m.end("div")
		m.line()
	}
	m.element("h2", "Responses and errors")
	m.line()
	m.start("div", class("pair"))
	for _, r := range runs {
		writeOutcomes(m, r, len(runs) > 1)
	}
	m.end("div")
	m.line()
	return endPage(m, w)
}

// writeFigures writes the table of figures: a line for each run, and their ratios.
func writeFigures(m *markup, runs []Run) {
	figures := listFigures(runs)
	line := func(kind, name string, value func(figure) string) {
		m.start("tr")
		if len(runs) > 1 {
			m.element("th", name, class("mono"))
		}
		for _, f := range figures {
			m.element(kind, value(f), class("n"))
		}
		m.end("tr")
		m.line()
	}
	m.start("div", class("wide"))
	m.start("table")
	m.line()
	line("th", "", func(f figure) string { return f.name })
	for i, r := range runs {
		line("td", r.Name, func(f figure) string { return f.values[i] })
	}
	if len(runs) > 1 {
		line("td", "second / first", func(f figure) string { return f.ratio })
	}
	m.end("table")
	m.end("div")
	m.line()
}

// figure is a column of the table.
type figure struct {
	name   string
	values []string
	ratio  string
}

// listFigures are the columns of the table.
func listFigures(runs []Run) []figure {
	var all []figure
	add := func(name string, format func(float64) string, value func(Run) float64) {
		f := figure{name: name}
		for _, r := range runs {
			f.values = append(f.values, format(value(r)))
		}
		if len(runs) > 1 {
			f.ratio = "-"
			if first := value(runs[0]); first > 0 {
				f.ratio = fmt.Sprintf("%.2f", value(runs[1])/first)
			}
		}
		all = append(all, f)
	}
	add("requests", countAt, func(r Run) float64 { return float64(r.Requests) })
	add("errors", countAt, func(r Run) float64 { return float64(r.Errors) })
	add("time", durationAt, func(r Run) float64 { return float64(r.Elapsed) })
	add("at a time", countAt, func(r Run) float64 { return float64(r.Workers) })
	add("per second", formatRate, Run.perSecond)
	add("min", durationAt, func(r Run) float64 { return float64(r.Latency.Min()) })
	for _, q := range bench.Percentiles() {
		add("p"+formatNumber(q), durationAt, func(r Run) float64 { return float64(r.Latency.Percentile(q)) })
	}
	add("max", durationAt, func(r Run) float64 { return float64(r.Latency.Max()) })
	add("mean", durationAt, func(r Run) float64 { return float64(r.Latency.Mean()) })
	return all
}

// perSecond is the rate.
func (r Run) perSecond() float64 { return r.Rate() }

// formatRate writes a number of requests a second.
func formatRate(v float64) string {
	if v >= 100 {
		return countAt(v + 0.5)
	}
	return fmt.Sprintf("%.3g", v)
}

// writeOutcomes writes the tables of statuses and of errors.
func writeOutcomes(m *markup, r Run, named bool) {
	m.start("div")
	if named {
		m.element("p", r.Name, class("dim mono"))
	}
	m.start("table")
	m.line()
	for _, o := range listOutcomes(r) {
		m.start("tr")
		m.element("td", render.Count(o.n), class("n"))
		m.element("td", o.text, class(o.kind))
		m.end("tr")
		m.line()
	}
	m.end("table")
	m.end("div")
	m.line()
}
