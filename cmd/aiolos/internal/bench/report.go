package bench

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Percentiles are those of the summaries.
func Percentiles() []float64 { return []float64{50, 75, 90, 95, 99, 99.9} }

// maxBins is how many bars the histogram on a terminal has, at most.
const maxBins = 12

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
		r.writePercentiles(&b, width)
		r.drawHistogram(&b, p, width)
	}
	r.writeFooter(&b)
	r.writeTexts(&b)
	return b.String()
}

// writePercentiles writes a table of them, of several rows if the window is narrow.
func (r *Result) writePercentiles(b *strings.Builder, width int) {
	const column = 9
	names, values := []string{"min"}, []time.Duration{r.Latency.Min()}
	for _, q := range Percentiles() {
		names, values = append(names, "p"+formatFigure(q)), append(values, r.Latency.Percentile(q))
	}
	names, values = append(names, "max"), append(values, r.Latency.Max())
	for len(names) > 0 {
		n := min(len(names), max(1, width/column))
		var head, body strings.Builder
		for i := range n {
			fmt.Fprintf(&head, "%*s", column, names[i])
			fmt.Fprintf(&body, "%*s", column, render.Duration(values[i]))
		}
		fmt.Fprintf(b, "%s\n%s\n", head.String(), body.String())
		names, values = names[n:], values[n:]
	}
}

// CompareText is a line of ratios: what the second run has of what the first one has.
func CompareText(first, second *Result) string {
	var b strings.Builder
	b.WriteString("second / first:")
	add := func(name string, a, c float64) {
		if a > 0 {
			fmt.Fprintf(&b, "   %s %.2f", name, c/a)
		}
	}
	add("rate", first.Rate(), second.Rate())
	for _, q := range Percentiles() {
		add("p"+formatFigure(q), float64(first.Latency.Percentile(q)), float64(second.Latency.Percentile(q)))
	}
	add("errors", float64(first.Errors), float64(second.Errors))
	return b.String() + "\n"
}

// maxShownTexts is how many texts of errors the summary has.
const maxShownTexts = 5

// writeTexts writes what the errors say, the most frequent first.
func (r *Result) writeTexts(b *strings.Builder) {
	all := r.SortedTexts()
	for i, t := range all {
		if i == maxShownTexts {
			fmt.Fprintf(b, "  %10s  more texts: see --json or --report\n", "… "+strconv.Itoa(len(all)-i))
			break
		}
		fmt.Fprintf(b, "  %10s  %s\n", render.Count(t.N), render.Line(t.Text))
	}
}

// TextCount is the text of an error and how often it came.
type TextCount struct {
	Text string
	N    int64
}

// SortedTexts are what the errors say, the most frequent first.
func (r *Result) SortedTexts() []TextCount {
	all := make([]TextCount, 0, len(r.Texts))
	for text, n := range r.Texts {
		all = append(all, TextCount{text, n})
	}
	slices.SortFunc(all, func(a, b TextCount) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Text, b.Text)) })
	return all
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

// drawHistogram draws the histogram. Both axes are logarithmic: what a hundredth of the
// requests took is still seen beside the rest.
func (r *Result) drawHistogram(b *strings.Builder, p render.Palette, width int) {
	bins := r.Latency.Bins(maxBins)
	var most uint64
	for _, bin := range bins {
		most = max(most, bin.N)
	}
	room := min(max(width-48, 10), 40)
	fmt.Fprintf(b, "  %8s   %-8s %s\n", "longer", "up to", p.Dim("requests, in bars on a logarithmic scale"))
	for _, bin := range bins {
		bar := drawBar(math.Log1p(float64(bin.N)) / math.Log1p(float64(most)) * float64(room))
		fmt.Fprintf(b, "  %8s – %-8s %s%s %10s\n", render.Duration(bin.From), render.Duration(bin.To),
			p.Cyan(bar), strings.Repeat(" ", room-len([]rune(bar))), render.Count(int64(bin.N))) //nolint:gosec // a count of requests
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
