package bench_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// TestBins: every duration is in one bin, the bins follow each other, and there are no
// more of them than asked for, as far as powers of ten allow.
func TestBins(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, tt := range []struct {
		name     string
		from, to float64 // nanoseconds
	}{
		{"one value", 2e6, 2e6},
		{"an edge", 1e6, 1e6},
		{"nothing", 0, 0},
		{"narrow", 1e6, 1.3e6},
		{"a decade", 1e6, 9.9e6},
		{"wide", 3e4, 2e9},
		{"all", 1, 9e17},
	} {
		for _, n := range []int{1, 12, 80} {
			var h bench.Hist
			for range 1000 {
				h.Add(time.Duration(tt.from * math.Pow(max(tt.to, 1)/max(tt.from, 1), random.Float64())))
			}
			bins := h.Bins(n)
			var sum uint64
			for i, b := range bins {
				sum += b.N
				if b.From >= b.To || i > 0 && b.From != bins[i-1].To {
					t.Errorf("%s: bin %d is from %v to %v", tt.name, i, b.From, b.To)
				}
			}
			decades := int(math.Log10(max(tt.to, 1)/max(tt.from, 1))) + 2
			if sum != 1000 || len(bins) > max(n, decades) || bins[0].From > max(h.Min(), 1) {
				t.Errorf("%s: %d durations in %d bins of %d, from %v", tt.name, sum, len(bins), n, bins[0].From)
			}
		}
	}
	var none bench.Hist
	if got := none.Bins(12); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// TestTextShowsRareModes: ten of ten thousand that took 200 ms are seen beside those of
// 100 µs, in a row of their own.
func TestTextShowsRareModes(t *testing.T) {
	t.Parallel()
	r := &bench.Result{Elapsed: time.Second, Requests: 10_000, Latency: &bench.Hist{}}
	for i := range 9990 {
		r.Latency.Add(100*time.Microsecond + time.Duration(i)*time.Nanosecond)
	}
	for range 10 {
		r.Latency.Add(200 * time.Millisecond)
	}
	r.Service = r.Latency
	text := r.Text(render.Palette{}, 80)
	found := false
	for line := range strings.Lines(text) {
		if strings.Contains(line, "█") && strings.HasSuffix(line, " 10\n") {
			found = strings.Contains(line, "100 ms –") && strings.Count(line, "█") >= 5
		}
	}
	if !found {
		t.Errorf("the mode at 200 ms is not seen in\n%s", text)
	}
}

// TestTextNarrow: in a narrow window the percentiles have several rows.
func TestTextNarrow(t *testing.T) {
	t.Parallel()
	got := result().Text(render.Palette{}, 40)
	for _, want := range []string{
		"\n      min      p50      p75      p90\n   1.0 ms   2.5 ms   3.3 ms   3.7 ms\n      p95      p99    p99.9      max\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// TestTextErrors: what the errors say is there, the most frequent first, and harmless.
func TestTextErrors(t *testing.T) {
	t.Parallel()
	r := result()
	r.Texts = map[string]int64{"seldom": 1, "often\x1b[2J": 30, "a": 2, "b": 2, "c": 2, "d": 2, "e": 2, "long " + strings.Repeat("long ", 50) + "end": 5}
	got := r.Text(render.Palette{}, 60)
	want := `          30  often\x1b[2J
           5  ` + strings.Repeat("long ", 51) + `end
           2  a
           2  b
           2  c
         … 3  more texts: see --json or --report
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
}

func TestCompareText(t *testing.T) {
	t.Parallel()
	second := result()
	second.Elapsed, second.Errors = time.Second, 5
	want := "second / first:   rate 2.00   p50 1.00   p75 1.00   p90 1.00   p95 1.00   p99 1.00   p99.9 1.00   errors 0.50\n"
	if got := bench.CompareText(result(), second); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	none := &bench.Result{Latency: &bench.Hist{}, Service: &bench.Hist{}}
	if got := bench.CompareText(none, none); got != "second / first:\n" {
		t.Errorf("of nothing: %q", got)
	}
}
