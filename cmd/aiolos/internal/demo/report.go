package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/connector"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

// report collects the text of the demo.
type report struct {
	cfg    Config
	text   strings.Builder
	checks []check
}

// addLine adds a line.
func (r *report) addLine(format string, args ...any) {
	fmt.Fprintf(&r.text, format+"\n", args...)
}

// addHeadline adds a headline.
func (r *report) addHeadline(format string, args ...any) {
	r.addLine("\n%s", r.cfg.Palette.Bold(fmt.Sprintf(format, args...)))
}

// addTitle adds the first line.
func (r *report) addTitle() {
	r.addLine("%s", r.cfg.Palette.Bold(fmt.Sprintf(
		"%d URLs on three servers, through one session: %d connections at a time, %d per host", planSize, limit, limitPerHost)))
}

// addSummary adds the totals.
func (r *report) addSummary(results []fetched, seen reading, stats connector.Stats, elapsed time.Duration) {
	var body, wire int64
	for _, f := range results {
		body += f.bytes
		wire += f.timing.Received
	}
	reuse := 100 * (1 - float64(seen.conns)/float64(max(1, seen.requests)))
	r.addLine("  requests      %s in %s, as the servers counted: redirects and retries included", render.Count(int64(seen.requests)), render.Duration(elapsed))
	r.addLine("  connections   %d opened, %d closed, %d idle at the end", stats.Opened, stats.Closed, stats.Idle)
	r.addLine("  reuse         %.1f %% of the requests went over a connection that was there; %d stale ones were replaced", reuse, stats.Retried)
	r.addLine("  bytes         %s received, %s of body after decoding", render.Bytes(wire), render.Bytes(body))
	r.addLine("  at a time     %d altogether, %s", seen.peakAll, formatPeaks(seen.peak))
}

// formatPeaks lists the hosts with the most requests at a time.
func formatPeaks(peak map[string]int) string {
	hosts := make([]string, 0, len(peak))
	for host := range peak {
		hosts = append(hosts, host)
	}
	slices.SortFunc(hosts, func(a, b string) int { return cmp.Or(peak[b]-peak[a], strings.Compare(a, b)) })
	for i, host := range hosts {
		hosts[i] = fmt.Sprintf("%d to %s", peak[host], host)
	}
	return strings.Join(hosts, ", ")
}

// tally counts the results with one outcome.
type tally struct {
	want, got int
	example   error
}

// addOutcomes adds the table of errors by class.
func (r *report) addOutcomes(results []fetched) {
	counts := map[string]*tally{}
	at := func(name string) *tally {
		if counts[name] == nil {
			counts[name] = &tally{}
		}
		return counts[name]
	}
	failed := 0
	for _, f := range results {
		at(f.target.want.name).want++
		c := at(f.got)
		c.got++
		if f.failed != nil {
			c.example = f.failed
			failed++
		}
	}
	r.addHeadline("Errors by class: %d of %d URLs", failed, len(results))
	names := make([]string, 0, len(counts))
	for name := range counts {
		if name != success {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		c := counts[name]
		note := "as expected"
		if c.got != c.want {
			note = r.cfg.Palette.Red(fmt.Sprintf("%d expected", c.want))
		}
		r.addLine("  %3d  %-16.60s %-12s %s", c.got, render.Line(name), note, r.cfg.Palette.Dim(errorText(c.example)))
	}
}

// errorText is the text of an error without the request.
func errorText(err error) string { return render.Line(bench.ErrorText(err)) }

// addWaterfall adds the chart of the success that has most to tell.
func (r *report) addWaterfall(results []fetched) {
	var best *fetched
	for i, f := range results {
		if f.failed == nil && f.hops == 0 && (best == nil || tellsMore(f, *best)) {
			best = &results[i]
		}
	}
	if best == nil {
		return
	}
	kind := "on a connection that was there"
	if !best.timing.Reused {
		kind = "on a new connection"
	}
	r.addHeadline("One of them, %s: GET %s", kind, best.target.url)
	chart := waterfall.Of(best.timing)
	chart.Width, chart.Palette = r.cfg.Width, r.cfg.Palette
	r.text.WriteString(chart.String())
}

// tellsMore reports whether a has more to tell than b.
func tellsMore(a, b fetched) bool {
	if a.countPhases() != b.countPhases() {
		return a.countPhases() > b.countPhases()
	}
	return a.timing.Total > b.timing.Total
}

// countPhases counts the phases of a request that can be seen in a chart.
func (f fetched) countPhases() int {
	const visible = time.Millisecond
	n := 0
	if !f.timing.Reused {
		n++
	}
	for _, d := range []time.Duration{f.timing.FirstByte, f.timing.Body} {
		if d > visible {
			n++
		}
	}
	return n
}

// addComparison adds the costs of both clients.
func (r *report) addComparison(c comparison) {
	r.addHeadline("%s small GETs, one after the other: aiolos and net/http's client with a jar and a timeout", render.Count(benchRequests))
	for _, row := range []struct {
		name string
		f    figures
	}{{"aiolos", c.aiolos}, {"http.Client", c.client}} {
		p50, p99 := row.f.round.Latency.Percentile(50), row.f.round.Latency.Percentile(99)
		r.addLine("  %-12s %9s   p50 %8s   p99 %8s   %6.1f allocations and %s a request", row.name, render.Duration(row.f.round.Elapsed),
			render.Duration(p50), render.Duration(p99), row.f.allocs, render.Bytes(int64(row.f.bytes)))
	}
	r.addLine("  %-12s %9.2f   %28s   %6.2f", "ratio", c.aiolos.round.Elapsed.Seconds()/c.client.round.Elapsed.Seconds(), "", c.aiolos.allocs/c.client.allocs)
}

// addVerdict adds the checks and returns how many failed.
func (r *report) addVerdict(elapsed time.Duration) (failed int) {
	r.addHeadline("Checks")
	for _, c := range r.checks {
		mark := r.cfg.Palette.Green("ok  ")
		if !c.ok {
			mark = r.cfg.Palette.Red("FAIL")
			failed++
		}
		r.addLine("  %s %s: %s (%s)", mark, c.name, c.got, c.want)
	}
	r.addLine("\n%d checks, %d failed, in %s", len(r.checks), failed, render.Duration(elapsed))
	return failed
}
