package bench_test

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// result is a run of 1000 requests: 990 take 1 to 4 ms, 9 take 100 ms, and one
// has failed.
func result() *bench.Result {
	r := &bench.Result{
		Elapsed: 2 * time.Second, Workers: 5, Requests: 1000, Errors: 10, Bytes: 5000, Latency: &bench.Hist{},
		Statuses: map[int]int64{200: 990, 503: 9}, Failures: map[string]int64{"cut": 1}, Reused: 994,
		Means: bench.Means{FirstByte: 2 * time.Millisecond},
	}
	for i := range 990 {
		r.Latency.Add(time.Millisecond + time.Duration(i)*3*time.Microsecond)
	}
	for range 9 {
		r.Latency.Add(100 * time.Millisecond)
	}
	r.Service = r.Latency
	return r
}

func TestText(t *testing.T) {
	t.Parallel()
	want := `1 000 requests in 2.00 s, 5 connections, 500 req/s, 10 errors (1 %)
      min      p50      p75      p90      p95      p99    p99.9      max
   1.0 ms   2.5 ms   3.3 ms   3.7 ms   3.9 ms   4.0 ms   100 ms   100 ms
    longer   up to    requests, in bars on a logarithmic scale
    1.0 ms – 1.5 ms   ██████████████████████████▍             164
    1.5 ms – 2.5 ms   ██████████████████████████████          333
    2.5 ms – 4.0 ms   ████████████████████████████████        493
    4.0 ms – 6.0 ms                                             0
    6.0 ms – 10 ms                                              0
     10 ms – 15 ms                                              0
     15 ms – 25 ms                                              0
     25 ms – 40 ms                                              0
     40 ms – 60 ms                                              0
     60 ms – 100 ms   ████████████                              9
  200: 990   503: 9   cut: 1   reused 99.5 %   5.0 kB
  mean: dns 0 ms   connect 0 ms   tls 0 ms   ttfb 2.0 ms   body 0 ms
`
	if got := result().Text(render.Palette{}, 80); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, line := range strings.Split(result().Text(render.Palette{}, 200), "\n") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	r := result()
	r.Target, r.Unsent = 600, 200
	for _, want := range []string{"latency corrected for a target of 600/s; uncorrected p50 2.5 ms", "200 more were due"} {
		if got := r.Text(render.Palette{}, 80); !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	none := &bench.Result{Latency: &bench.Hist{}, Service: &bench.Hist{}, Requests: 3, Errors: 3, Failures: map[string]int64{"no connection": 3}}
	if got := none.Text(render.Palette{}, 80); !strings.Contains(got, "3 errors (100 %)") || !strings.Contains(got, "no connection: 3") {
		t.Errorf("got\n%s", got)
	}
}

func TestMachines(t *testing.T) {
	t.Parallel()
	var object, table strings.Builder
	if err := result().JSON(&object); err != nil {
		t.Fatal(err)
	}
	if err := result().CSV(&table); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(object.String()), &got); err != nil || strings.Count(object.String(), "\n") != 1 {
		t.Fatalf("%v in %s", err, object.String())
	}
	for name, want := range map[string]any{"requests": 1000.0, "errors": 10.0, "seconds": 2.0, "rate": 500.0, "max": 100.0, "min": 1.0, "mean_first_byte": 2.0} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got["statuses"].(map[string]any)["503"] != 9.0 {
		t.Errorf("statuses: %v", got["statuses"])
	}
	rows, err := csv.NewReader(strings.NewReader(table.String())).ReadAll()
	if err != nil || len(rows) != 2 || len(rows[0]) != len(rows[1]) || rows[0][0] != "requests" || rows[1][0] != "1000" {
		t.Errorf("%v in\n%s", err, table.String())
	}
	for _, name := range rows[0] {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is in --csv and not in --json", name)
		}
	}
}

func TestFailIf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"p99>3ms": true, "p99>5ms": false, "p99.9>99ms": true, "max>=100ms": true, "max>100ms": false, "max<=100ms": true,
		"min<2ms": true, "mean<3ms": false, "errors>9": true, "errors>10": false, "errors>=10": true, "errors>0.9%": true,
		"errors > 1.1 %": false, "errors>1.5%": false, "rate<501": true, "rate<500": false, "unsent>0": false, "unsent>=0%": true,
	} {
		all, err := bench.ParseFailIf(strings.ReplaceAll(text, " %", "%"))
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if value, met := all[0].Met(result()); met != want || value == "" {
			t.Errorf("%s: got %v with %s", text, met, value)
		}
	}
	all, err := bench.ParseFailIf("p99>1h, errors>0.1%")
	if err != nil || len(all) != 2 || all[1].Text != "errors>0.1%" {
		t.Fatalf("%+v, %v", all, err)
	}
	none := &bench.Result{Latency: &bench.Hist{}, Service: &bench.Hist{}}
	if _, met := all[0].Met(none); !met {
		t.Error("without a response no time is short enough")
	}
	if _, met := all[1].Met(none); met {
		t.Error("errors of no requests")
	}
	for _, text := range []string{"", "p99", ">1", "p99=1ms", "p99>1", "p0>1ms", "p101>1ms", "px>1ms", "p99>-1ms", "errors>x", "errors>-1", "errors>NaN", "rate<1%", "foo>1", "p99>1ms,"} {
		if got, err := bench.ParseFailIf(text); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
}

// FuzzFailIf: what is accepted can be judged.
func FuzzFailIf(f *testing.F) {
	f.Add("p99>200ms,errors>0.1%")
	f.Add("rate<=1e3, max >= 1h")
	r := result()
	f.Fuzz(func(t *testing.T, text string) {
		all, err := bench.ParseFailIf(text)
		if err != nil {
			return
		}
		for _, c := range all {
			if value, _ := c.Met(r); value == "" {
				t.Errorf("%q has no value", c.Text)
			}
		}
	})
}
