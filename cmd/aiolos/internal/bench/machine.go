package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

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
	for _, q := range Percentiles() {
		rows = append(rows, row{"p" + formatFigure(q), render.Milliseconds(r.Latency.Percentile(q))})
	}
	rows = append(rows, row{"max", render.Milliseconds(r.Latency.Max())})
	for _, q := range Percentiles() {
		rows = append(rows, row{"uncorrected_p" + formatFigure(q), render.Milliseconds(r.Service.Percentile(q))})
	}
	return append(rows, row{"uncorrected_max", render.Milliseconds(r.Service.Max())},
		row{"mean_dns", render.Milliseconds(r.Means.DNS)}, row{"mean_connect", render.Milliseconds(r.Means.Connect)}, row{"mean_tls", render.Milliseconds(r.Means.TLS)},
		row{"mean_first_byte", render.Milliseconds(r.Means.FirstByte)}, row{"mean_body", render.Milliseconds(r.Means.Body)})
}

// details are the parts of --json that are no figures. Times are in milliseconds.
type details struct {
	Statuses  map[int]int64    `json:"statuses"`
	Failures  map[string]int64 `json:"failures"`
	Texts     map[string]int64 `json:"texts"`
	Histogram [][2]float64     `json:"histogram"` // up to which time, and how many
	Service   [][2]float64     `json:"uncorrected_histogram,omitempty"`
	Timeline  []jsonPoint      `json:"timeline,omitempty"`
}

// jsonPoint is a Point of --json.
type jsonPoint struct {
	Start    float64 `json:"start"`
	Width    float64 `json:"width"`
	Requests int64   `json:"requests"`
	Errors   int64   `json:"errors"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// JSON writes the result as one object, from which [ReadJSON] makes it again.
func (r *Result) JSON(w io.Writer) error {
	object := map[string]any{"statuses": r.Statuses, "failures": r.Failures, "texts": r.Texts, "histogram": listCounts(r.Latency)}
	if r.Service != r.Latency {
		object["uncorrected_histogram"] = listCounts(r.Service)
	}
	if len(r.Timeline) > 0 {
		points := make([]jsonPoint, len(r.Timeline))
		for i, p := range r.Timeline {
			points[i] = jsonPoint{
				exactMilliseconds(p.Start), exactMilliseconds(p.Width), p.Requests, p.Errors,
				exactMilliseconds(p.P50), exactMilliseconds(p.P99), exactMilliseconds(p.Max),
			}
		}
		object["timeline"] = points
	}
	for _, f := range r.reportRows() {
		object[f.name] = f.value
	}
	return json.NewEncoder(w).Encode(object)
}

// listCounts is a histogram as JSON has it.
func listCounts(h *Hist) [][2]float64 {
	list := [][2]float64{}
	for d, n := range h.Counts {
		list = append(list, [2]float64{exactMilliseconds(d), float64(n)})
	}
	return list
}

// exactMilliseconds is a duration in milliseconds, to the nanosecond.
func exactMilliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// CSV writes the result as a line of names and a line of values.
func (r *Result) CSV(w io.Writer) error {
	names, values := r.cells()
	return csv.NewWriter(w).WriteAll([][]string{names, values})
}

// CSVLine writes the line of values alone.
func (r *Result) CSVLine(w io.Writer) error {
	_, values := r.cells()
	return csv.NewWriter(w).WriteAll([][]string{values})
}

// cells are the names and the values of --csv.
func (r *Result) cells() (names, values []string) {
	for _, f := range r.reportRows() {
		names = append(names, f.name)
		if v, ok := f.value.(float64); ok {
			values = append(values, strconv.FormatFloat(v, 'f', -1, 64))
		} else {
			values = append(values, fmt.Sprint(f.value))
		}
	}
	return names, values
}
