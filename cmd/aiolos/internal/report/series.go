package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// axes are what the charts of all runs have in common, so that they can be compared.
type axes struct {
	time, latency, rate, counts scale
}

// maxBins is how many bars the histogram of a page has at most.
const maxBins = 80

// measureAxes finds the axes that have room for all runs.
func measureAxes(runs []Run) axes {
	var elapsed, shortest, longest time.Duration
	var rate, most float64
	for _, r := range runs {
		elapsed = max(elapsed, r.Elapsed)
		for _, p := range r.Timeline {
			rate = max(rate, perSecond(p))
			elapsed = max(elapsed, p.Start+p.Width)
		}
		if r.Latency.Len() == 0 {
			continue
		}
		if shortest == 0 || r.Latency.Min() < shortest {
			shortest = r.Latency.Min()
		}
		longest = max(longest, r.Latency.Max())
		for _, b := range r.Latency.Bins(maxBins) {
			most = max(most, float64(b.N))
		}
	}
	return axes{
		time:    scale{to: float64(max(elapsed, 1))},
		latency: latencyScale(shortest, longest),
		rate:    scale{to: max(rate, 1) * 1.05},
		counts:  scale{from: 0.6, to: max(most, 1) * 1.3, log: true},
	}
}

// perSecond is the rate of a point.
func perSecond(p bench.Point) float64 { return float64(p.Requests) / p.Width.Seconds() }

// drawLatency draws the percentiles of each slot as steps, on a logarithmic axis.
func drawLatency(r Run, a axes, width float64) string {
	c := newChart("Latency over time: "+r.Name, width, chartHeight, a.time, a.latency, durationAt, durationAt)
	for _, line := range []struct {
		kind, name string
		value      func(bench.Point) time.Duration
	}{
		{"c", "max", func(p bench.Point) time.Duration { return p.Max }},
		{"b", "p99", func(p bench.Point) time.Duration { return p.P99 }},
		{"a", "p50", func(p bench.Point) time.Duration { return p.P50 }},
	} {
		c.key("line", line.kind, line.name)
		c.steps(line.kind, r.Timeline, line.value)
	}
	for _, p := range r.Timeline {
		c.tip(float64(p.Start), float64(p.Start+p.Width), fmt.Sprintf("from %s to %s: %s requests, %s errors, p50 %s, p99 %s, max %s",
			render.Duration(p.Start), render.Duration(p.Start+p.Width), render.Count(p.Requests), render.Count(p.Errors),
			render.Duration(p.P50), render.Duration(p.P99), render.Duration(p.Max)))
	}
	return c.finish()
}

// steps draws a value of each point as wide as the point is. Where there was no
// response there is nothing.
func (c *chart) steps(kind string, points []bench.Point, value func(bench.Point) time.Duration) {
	var path strings.Builder
	pen := "M"
	for _, p := range points {
		v := value(p)
		if v <= 0 {
			pen = "M"
			continue
		}
		y := formatNumber(c.yAt(float64(v)))
		path.WriteString(pen + formatNumber(c.xAt(float64(p.Start))) + " " + y + "L" + formatNumber(c.xAt(float64(p.Start+p.Width))) + " " + y)
		pen = "L"
	}
	if path.Len() > 0 {
		c.empty("path", class("line "+kind), attr{"d", path.String()})
		c.line()
	}
}

// drawRate draws the requests that ended in each slot, and how many of them failed.
func drawRate(r Run, a axes, width float64) string {
	c := newChart("Requests a second: "+r.Name, width, chartHeight, a.time, a.rate, durationAt, countAt)
	c.key("square", "bar", "requests")
	c.key("square", "failed", "errors")
	for _, p := range r.Timeline {
		start, end, rate := float64(p.Start), float64(p.Start+p.Width), perSecond(p)
		failed := 0.0
		if p.Requests > 0 {
			failed = rate * float64(p.Errors) / float64(p.Requests)
		}
		c.bar("bar", start, end, failed, rate)
		if failed > 0 {
			c.bar("failed", start, end, 0, failed)
		}
		c.tip(start, end, fmt.Sprintf("from %s to %s: %s requests a second, %s requests, %s errors",
			render.Duration(p.Start), render.Duration(p.Start+p.Width), formatRate(rate), render.Count(p.Requests), render.Count(p.Errors)))
	}
	return c.finish()
}

// drawHistogram draws how many requests took how long, and where the percentiles are.
func drawHistogram(r Run, a axes, width float64) string {
	c := newChart("How many requests took how long: "+r.Name, width, chartHeight, a.latency, a.counts, durationAt, countAt)
	for _, b := range r.Latency.Bins(maxBins) {
		from, to := float64(b.From), float64(b.To)
		if b.N > 0 {
			c.bar("bar", from, to, a.counts.from, float64(b.N))
			c.tip(from, to, fmt.Sprintf("%s – %s: %s requests", render.Duration(b.From), render.Duration(b.To), render.Count(int64(b.N)))) //nolint:gosec // a count of requests
		}
	}
	last := math.Inf(-1)
	for _, q := range []float64{50, 90, 99, 99.9} {
		if r.Latency.Len() == 0 {
			break
		}
		x := c.xAt(float64(r.Latency.Percentile(q)))
		c.empty("line", class("mark"), num("x1", x), num("x2", x), num("y1", marginTop), num("y2", chartHeight-marginBottom))
		if x-last > 34 { // room for the word
			c.element("text", "p"+formatNumber(q), class("label"), num("x", x), num("y", marginTop-6), attr{"text-anchor", "middle"})
			last = x
		}
		c.line()
	}
	return c.finish()
}

// outcome is a status, or what an error says, and how often it came.
type outcome struct {
	n          int64
	text, kind string
}

// listOutcomes are the statuses in order and the errors, the most frequent first.
func listOutcomes(r Run) []outcome {
	all := make([]outcome, 0, len(r.Statuses)+len(r.Failures)+len(r.Texts))
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		all = append(all, outcome{r.Statuses[status], fmt.Sprintf("status %d", status), statusKind(status)})
	}
	for _, class := range slices.Sorted(maps.Keys(r.Failures)) {
		all = append(all, outcome{r.Failures[class], "error: " + class, "bad"})
	}
	for _, t := range r.SortedTexts() {
		all = append(all, outcome{t.N, t.Text, "mono"})
	}
	return all
}

// statusKind is the looks of a status.
func statusKind(status int) string {
	switch {
	case status == 0 || status >= 400:
		return "bad"
	case status >= 300:
		return "warn"
	}
	return "good"
}
