package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// maxRead bounds what ReadJSON reads.
const maxRead = 16 << 20

// figures are what ReadJSON reads beside the details.
type figures struct {
	details

	Requests    int64   `json:"requests"`
	Errors      int64   `json:"errors"`
	Unsent      int64   `json:"unsent"`
	Seconds     float64 `json:"seconds"`
	Connections int     `json:"connections"`
	Target      float64 `json:"target_rate"`
	Bytes       int64   `json:"bytes"`
	Reused      int64   `json:"reused"`
	Min         float64 `json:"min"`
	Mean        float64 `json:"mean"`
	Max         float64 `json:"max"`
	ServiceMax  float64 `json:"uncorrected_max"`
	DNS         float64 `json:"mean_dns"`
	Connect     float64 `json:"mean_connect"`
	TLS         float64 `json:"mean_tls"`
	FirstByte   float64 `json:"mean_first_byte"`
	Body        float64 `json:"mean_body"`
}

// ReadJSON reads a result that [Result.JSON] has written. Its percentiles are as exact
// as those of the result itself.
func ReadJSON(in io.Reader) (*Result, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxRead+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxRead {
		return nil, errors.New("it is too large")
	}
	var f figures
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("it is no output of bench --json: %w", err)
	}
	switch {
	case f.Requests < 0 || f.Errors < 0 || f.Unsent < 0 || f.Seconds < 0 || f.Seconds > maxSeconds || f.Target < 0:
		return nil, errors.New("its numbers are not those of a run")
	case f.Histogram == nil:
		return nil, errors.New("it is no output of bench --json: it has no histogram")
	}
	r := &Result{
		Elapsed: time.Duration(f.Seconds * float64(time.Second)), Workers: f.Connections, Target: f.Target,
		Requests: f.Requests, Unsent: f.Unsent, Errors: f.Errors, Bytes: f.Bytes, Reused: f.Reused,
		Statuses: f.Statuses, Failures: f.Failures, Texts: f.Texts,
		Means: Means{readMilliseconds(f.DNS), readMilliseconds(f.Connect), readMilliseconds(f.TLS), readMilliseconds(f.FirstByte), readMilliseconds(f.Body)},
	}
	if r.Latency, err = readCounts(f.Histogram); err != nil {
		return nil, err
	}
	r.Latency.restore(readMilliseconds(f.Min), readMilliseconds(f.Mean), readMilliseconds(f.Max))
	r.Service = r.Latency
	if f.Service != nil {
		if r.Service, err = readCounts(f.Service); err != nil {
			return nil, err
		}
		most := readMilliseconds(f.ServiceMax)
		r.Service.restore(min(r.Service.Min(), most), r.Service.Mean(), most)
	}
	return r, r.readTimeline(f.Timeline)
}

// maxSeconds is the longest run, and maxPoints the longest timeline.
const (
	maxSeconds = 1e8
	maxPoints  = 10_000
)

// readMilliseconds is a duration that was written in milliseconds. What is none is 0.
func readMilliseconds(ms float64) time.Duration {
	if !(ms > 0 && ms <= maxSeconds*1000) {
		return 0
	}
	return time.Duration(math.Round(ms * 1e6))
}

// readCounts makes a histogram again.
func readCounts(list [][2]float64) (*Hist, error) {
	h := &Hist{}
	for _, c := range list {
		if !(c[0] >= 0 && c[1] >= 1 && c[1] <= 1e12) || len(list) > buckets {
			return nil, fmt.Errorf("its histogram has %v", c)
		}
		h.addCounted(readMilliseconds(c[0]), uint64(c[1]))
	}
	return h, nil
}

// restore sets what the buckets know only about.
func (h *Hist) restore(shortest, mean, longest time.Duration) {
	if h.n == 0 || shortest > longest {
		return
	}
	h.min, h.max = shortest, longest
	h.sum = mean * time.Duration(h.n) //nolint:gosec // a count of requests
}

// readTimeline reads what happened when.
func (r *Result) readTimeline(points []jsonPoint) error {
	if len(points) > maxPoints {
		return errors.New("its timeline is too long")
	}
	for _, p := range points {
		if p.Requests < 0 || p.Errors < 0 || p.Errors > p.Requests {
			return errors.New("its timeline has numbers that are not those of a run")
		}
		r.Timeline = append(r.Timeline, Point{
			Start: readMilliseconds(p.Start), Width: max(readMilliseconds(p.Width), 1), Requests: p.Requests, Errors: p.Errors,
			P50: readMilliseconds(p.P50), P99: readMilliseconds(p.P99), Max: readMilliseconds(p.Max),
		})
	}
	return nil
}
