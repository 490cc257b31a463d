package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// shownPercentiles are those of the summary.
func shownPercentiles() []float64 { return []float64{50, 90, 99, 99.9} }

// Rate is how many requests a second there were.
func (r *Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Requests) / r.Elapsed.Seconds()
}

// Text returns the summary and the histogram for people.
func (r *Result) Text(p render.Palette, width int) string {
	var b strings.Builder
	errs := render.Count(r.Errors) + " errors"
	if r.Errors > 0 {
		errs = p.Red(errs + fmt.Sprintf(" (%s %%)", formatFigure(percentOf(r.Errors, r.Requests))))
	}
	fmt.Fprintf(&b, "%s requests in %s, %d connections, %s req/s, %s\n",
		p.Bold(render.Count(r.Requests)), render.Duration(r.Elapsed), r.Workers, p.Bold(formatFigure(r.Rate())), errs)
	if r.Target > 0 {
		fmt.Fprintf(&b, "latency corrected for a target of %s/s; uncorrected p50 %s   p99 %s   max %s\n", formatFigure(r.Target),
			render.Duration(r.Service.Percentile(50)), render.Duration(r.Service.Percentile(99)), render.Duration(r.Service.Max()))
	}
	if percentOf(r.Unsent, r.Requests+r.Unsent) > 0.1 { // a few at the very end are none
		fmt.Fprintf(&b, "%s\n", p.Yellow(render.Count(r.Unsent)+" more were due and could not be sent: the rate was not reached"))
	}
	if h := r.Latency; h.Len() > 0 {
		fmt.Fprintf(&b, "  min %s", render.Duration(h.Min()))
		for _, q := range shownPercentiles() {
			fmt.Fprintf(&b, "   p%s %s", formatFigure(q), render.Duration(h.Percentile(q)))
		}
		fmt.Fprintf(&b, "   max %s\n", render.Duration(h.Max()))
		r.drawHistogram(&b, p, width)
	}
	r.writeFooter(&b)
	return b.String()
}

// writeFooter writes the statuses, the failures and the means.
func (r *Result) writeFooter(b *strings.Builder) {
	parts := []string{}
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		parts = append(parts, fmt.Sprintf("%d: %s", status, render.Count(r.Statuses[status])))
	}
	for _, class := range slices.Sorted(maps.Keys(r.Failures)) {
		parts = append(parts, fmt.Sprintf("%s: %s", class, render.Count(r.Failures[class])))
	}
	if n := int64(r.Latency.Len()); n > 0 { //nolint:gosec // a count of requests
		parts = append(parts, fmt.Sprintf("reused %.4g %%", percentOf(r.Reused, n)), render.Bytes(r.Bytes))
		fmt.Fprintf(b, "  %s\n  mean: dns %s   connect %s   tls %s   ttfb %s   body %s\n", strings.Join(parts, "   "),
			render.Duration(r.Means.DNS), render.Duration(r.Means.Connect), render.Duration(r.Means.TLS),
			render.Duration(r.Means.FirstByte), render.Duration(r.Means.Body))
		return
	}
	if len(parts) > 0 {
		fmt.Fprintf(b, "  %s\n", strings.Join(parts, "   "))
	}
}

// formatFigure writes a number with what matters of it.
func formatFigure(v float64) string {
	if v >= 100 {
		return render.Count(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// histogramEdges divides the latencies for the histogram: the powers of two of a fine
// unit, at most ten steps, from the shortest to the longest.
func (r *Result) histogramEdges() []time.Duration {
	lo, hi := r.Latency.Min(), r.Latency.Max()
	edge := time.Microsecond
	for edge <= lo*5/4 {
		edge *= 2
	}
	edges := []time.Duration{lo - 1}
	for ; edge < hi; edge *= 2 {
		edges = append(edges, edge)
	}
	if n := len(edges); n > 10 { // a long tail is one step
		edges = edges[:10]
	}
	return append(edges, hi)
}

// drawHistogram draws the histogram.
func (r *Result) drawHistogram(b *strings.Builder, p render.Palette, width int) {
	edges := r.histogramEdges()
	counts := make([]uint64, len(edges)-1)
	var most uint64
	for i := range counts {
		last := edges[i+1]
		if i == len(counts)-1 {
			last = math.MaxInt64
		}
		counts[i] = r.Latency.Between(edges[i], last)
		most = max(most, counts[i])
	}
	room := min(max(width-48, 10), 40)
	for i, n := range counts {
		from := edges[i]
		if i == 0 {
			from = r.Latency.Min()
		}
		bar := drawBar(float64(n) / float64(max(most, 1)) * float64(room))
		fmt.Fprintf(b, "  %8s – %-8s %s%s %10s\n", render.Duration(from), render.Duration(edges[i+1]),
			p.Cyan(bar), strings.Repeat(" ", room-len([]rune(bar))), render.Count(int64(n))) //nolint:gosec // a count of requests
	}
}

// drawBar draws a bar in eighths of a character.
func drawBar(length float64) string {
	eighths := int(math.Ceil(length * 8))
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}

// row is the result as names and values, in order.
type row struct {
	name  string
	value any
}

// reportRows are the figures that --json and --csv have in common. Times are in
// milliseconds, unless their names say otherwise.
func (r *Result) reportRows() []row {
	rows := []row{
		{"requests", r.Requests},
		{"errors", r.Errors},
		{"unsent", r.Unsent},
		{"seconds", math.Round(r.Elapsed.Seconds()*1e6) / 1e6},
		{"connections", r.Workers},
		{"rate", math.Round(r.Rate()*1000) / 1000},
		{"target_rate", r.Target},
		{"bytes", r.Bytes},
		{"reused", r.Reused},
		{"min", render.Milliseconds(r.Latency.Min())},
		{"mean", render.Milliseconds(r.Latency.Mean())},
	}
	for _, q := range shownPercentiles() {
		rows = append(rows, row{"p" + formatFigure(q), render.Milliseconds(r.Latency.Percentile(q))})
	}
	rows = append(rows, row{"max", render.Milliseconds(r.Latency.Max())})
	for _, q := range shownPercentiles() {
		rows = append(rows, row{"uncorrected_p" + formatFigure(q), render.Milliseconds(r.Service.Percentile(q))})
	}
	return append(rows, row{"uncorrected_max", render.Milliseconds(r.Service.Max())},
		row{"mean_dns", render.Milliseconds(r.Means.DNS)}, row{"mean_connect", render.Milliseconds(r.Means.Connect)}, row{"mean_tls", render.Milliseconds(r.Means.TLS)},
		row{"mean_first_byte", render.Milliseconds(r.Means.FirstByte)}, row{"mean_body", render.Milliseconds(r.Means.Body)})
}

// JSON writes the result as one object.
func (r *Result) JSON(w io.Writer) error {
	object := map[string]any{"statuses": r.Statuses, "failures": r.Failures}
	for _, f := range r.reportRows() {
		object[f.name] = f.value
	}
	return json.NewEncoder(w).Encode(object)
}

// CSV writes the result as a line of names and a line of values.
func (r *Result) CSV(w io.Writer) error {
	rows := r.reportRows()
	names, values := make([]string, 0, len(rows)), make([]string, 0, len(rows))
	for _, f := range rows {
		names = append(names, f.name)
		if v, ok := f.value.(float64); ok {
			values = append(values, strconv.FormatFloat(v, 'f', -1, 64))
		} else {
			values = append(values, fmt.Sprint(f.value))
		}
	}
	out := csv.NewWriter(w)
	return out.WriteAll([][]string{names, values})
}
