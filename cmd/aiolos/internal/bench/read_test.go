package bench_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// full is a result with a timeline, texts, and a rate.
func full() *bench.Result {
	r := result()
	r.Target, r.Unsent = 600, 3
	r.Texts = map[string]int64{"cut <script>": 1}
	r.Service = &bench.Hist{}
	for range 999 {
		r.Service.Add(1500 * time.Microsecond)
	}
	for i := range 4 {
		start := time.Duration(i) * 500 * time.Millisecond
		r.Timeline = append(r.Timeline, bench.Point{
			Start: start, Width: 500 * time.Millisecond, Requests: 250, Errors: int64(i), P50: 2 * time.Millisecond, P99: 4 * time.Millisecond, Max: 100 * time.Millisecond,
		})
	}
	return r
}

// TestReadJSON: what was written says the same when it is read.
func TestReadJSON(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*bench.Result{"full": full(), "short": result(), "none": {Latency: &bench.Hist{}, Service: &bench.Hist{}}} {
		var first, second strings.Builder
		if err := r.JSON(&first); err != nil {
			t.Fatal(err)
		}
		again, err := bench.ReadJSON(strings.NewReader(first.String()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := again.JSON(&second); err != nil || first.String() != second.String() {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, second.String(), first.String())
		}
		if got, want := again.Text(render.Palette{}, 80), r.Text(render.Palette{}, 80); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	for _, text := range []string{
		"", "[]", "null", "{}", `{"requests": 3}`, `{"histogram": [], "requests": -1}`, `{"histogram": [[1, 0]]}`, `{"histogram": [[-1, 1]]}`,
		`{"histogram": [], "timeline": [{"requests": 1, "errors": 2}]}`, `{"histogram": [], "seconds": 1e30}`,
	} {
		if r, err := bench.ReadJSON(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %+v", text, r)
		}
	}
}

// FuzzReadJSON: what is accepted can be shown.
func FuzzReadJSON(f *testing.F) {
	var b strings.Builder
	if err := full().JSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.String())
	f.Add(`{"histogram": [[1e9, 1e12], [0, 1]], "min": 5, "max": 1, "seconds": 1e8, "requests": 9e18}`)
	f.Add(`{"histogram": [], "timeline": [{"start": 1e99, "width": -1, "requests": 3}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := bench.ReadJSON(strings.NewReader(text))
		if err != nil {
			return
		}
		if r.Text(render.Palette{}, 80) == "" {
			t.Error("it has no text")
		}
	})
}
