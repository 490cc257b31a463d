package report_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/middleware/har"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/bench"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/report"
)

var update = flag.Bool("update", false, "write the pages into testdata")

// evil is a text that wants to be more than a text.
const evil = `<script>alert('1')</script>"'&]]><!--` + "\x1b[2J\x00\u202e\xff\uffff\n"

// head is the head of the pages.
func head(about string) report.Head {
	return report.Head{Title: "aiolos test", About: about, Made: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), By: "aiolos 1.2.3"}
}

// measured is a run of fixed numbers: most responses after 1 to 4 ms, some after 200,
// and some errors.
func measured(name string, factor int) report.Run {
	r := &bench.Result{
		Elapsed: 2 * time.Second, Workers: 10, Requests: 1000, Errors: 12, Bytes: 5000, Latency: &bench.Hist{}, Reused: 990,
		Statuses: map[int]int64{200: 978, 301: 10, 503: 10}, Failures: map[string]int64{"cut": 2}, Texts: map[string]int64{"server disconnected: EOF": 1, evil: 1},
	}
	for i := range 978 {
		r.Latency.Add(time.Duration(factor) * (time.Millisecond + time.Duration(i)*3*time.Microsecond))
	}
	for range 20 {
		r.Latency.Add(time.Duration(factor) * 200 * time.Millisecond)
	}
	r.Service = r.Latency
	for i := range 8 {
		p := bench.Point{Start: time.Duration(i) * 250 * time.Millisecond, Width: 250 * time.Millisecond}
		if i != 5 { // when nothing ended
			p.Requests, p.Errors = int64(100+10*i), int64(i/3)
			p.P50, p.P99, p.Max = time.Duration(factor)*2*time.Millisecond, time.Duration(factor*(3+i))*time.Millisecond, 200*time.Millisecond
		}
		r.Timeline = append(r.Timeline, p)
	}
	return report.Run{Name: name, Result: r}
}

// requests are the rows of a waterfall.
func requests() []report.Row {
	ms := time.Millisecond
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	return []report.Row{
		{N: 1, Method: "GET", URL: "https://example.org/old?a=1&b=2", Status: 301, Start: start, Phases: [7]time.Duration{0, 12 * ms, 20 * ms, 40 * ms, ms, 60 * ms, 0}, Total: 133 * ms},
		{N: 2, Method: "GET", URL: "https://example.org/new", Status: 200, Size: 123_456, Start: start.Add(140 * ms), Phases: [7]time.Duration{5 * ms, 0, 0, 0, ms, 30 * ms, 70 * ms}, Total: 110 * ms},
		{N: 3, Method: "POST", URL: "https://example.org/" + evil, Status: 404, Size: 9, Start: start.Add(150 * ms), Phases: [7]time.Duration{0, 0, 0, 0, 0, 30 * ms, 0}, Total: 30 * ms},
		{N: 4, Method: evil, URL: "http://127.0.0.1:1/", Error: "connection refused " + evil, Total: 3 * ms},
	}
}

// pages are the reports that are looked at, by their names in testdata.
func pages() map[string]func(io.Writer) error {
	one, two := measured("http://localhost/"+evil, 1), measured("before.json", 2)
	none := report.Run{Name: "none", Result: &bench.Result{Latency: &bench.Hist{}, Service: &bench.Hist{}, Requests: 3, Errors: 3, Failures: map[string]int64{"no connection": 3}}}
	return map[string]func(io.Writer) error{
		"bench.html":     func(w io.Writer) error { return report.Bench(w, head("GET "+one.Name), []report.Run{one}) },
		"bench.svg":      func(w io.Writer) error { return report.Picture(w, head("GET "+one.Name), []report.Run{one}) },
		"compare.html":   func(w io.Writer) error { return report.Bench(w, head("GET two"), []report.Run{one, two}) },
		"compare.svg":    func(w io.Writer) error { return report.Picture(w, head("GET two"), []report.Run{one, two}) },
		"none.html":      func(w io.Writer) error { return report.Bench(w, head("GET nothing"), []report.Run{none, one}) },
		"waterfall.html": func(w io.Writer) error { return report.Waterfall(w, head(evil), requests()) },
		"empty.html":     func(w io.Writer) error { return report.Waterfall(w, head(""), nil) },
	}
}

// TestGolden: the pages are those of testdata, which are reviewed like code.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, write := range pages() {
		var b strings.Builder
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s is another one: look at the difference after go test ./internal/report -run TestGolden -update", name)
		}
		checkPage(t, name, b.String())
	}
}

// checkPage: a page is well-formed, has nothing but elements and attributes that do
// nothing and fetch nothing, and every text in it is a text.
func checkPage(t *testing.T, name, page string) {
	t.Helper()
	elements := strings.Fields("html head meta title style body h1 h2 p code div figure figcaption table tr th td span br svg g rect line path text")
	attributes := strings.Fields("lang charset http-equiv content name class viewBox role aria-label aria-hidden xmlns width height x y x1 x2 y1 y2 d transform text-anchor")
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if !slices.Contains(elements, start.Name.Local) {
			t.Errorf("%s: an element %s", name, start.Name.Local)
		}
		for _, a := range start.Attr {
			if !slices.Contains(attributes, a.Name.Local) {
				t.Errorf("%s: an attribute %s", name, a.Name.Local)
			}
		}
	}
	for _, bad := range []string{"<script", "url(", "@import", "javascript:", "<!--", "NaN", "Inf"} {
		if strings.Contains(page, bad) {
			t.Errorf("%s has %s", name, bad)
		}
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return render.IsDangerous(r, utf8.RuneLen(r)) }); i >= 0 || !utf8.ValidString(page) {
		i = max(i, 0)
		t.Errorf("%s has a character %q", name, page[i:min(i+4, len(page))])
	}
}

// TestTexts: the pages say what was measured.
func TestTexts(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"bench.html":     {"prefers-color-scheme: dark", "default-src &#39;none&#39;", "<td class=\"n\">500</td>", ">p99.9</th>", "Latency over time", "status 503", "&lt;script&gt;alert", `\u202e`, "from 250 ms to 500 ms: 110 requests, 0 errors", ">100 ms</text>"},
		"bench.svg":      {"prefers-color-scheme: dark", `xmlns="http://www.w3.org/2000/svg"`, "requests 1 000, errors 12", "server disconnected: EOF"},
		"compare.html":   {"second / first", "<td class=\"n\">2.00</td>", "before.json"},
		"compare.svg":    {"before.json"},
		"none.html":      {"error: no connection", "<td class=\"n\">-</td>"},
		"waterfall.html": {"4 requests in 250 ms, 123 kB of bodies, 2 errors", "https://example.org/old?a=1&amp;b=2", "dns 12 ms, connect 20 ms, tls 40 ms, request 1.0 ms, first byte 60 ms, total 133 ms", ">failed</td>", "connection refused &lt;script&gt;"},
		"empty.html":     {"0 requests in"},
	} {
		var b strings.Builder
		if err := pages()[name](&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s has no %s", name, want)
			}
		}
	}
}

// TestBars: the bars of a waterfall begin and end where the requests do.
func TestBars(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	rows := []report.Row{
		{N: 1, Status: 200, Start: start.Add(50 * time.Millisecond), Phases: [7]time.Duration{5: 30 * time.Millisecond, 6: 20 * time.Millisecond}, Total: 50 * time.Millisecond},
		{N: 2, Status: 200, Start: start, Phases: [7]time.Duration{2: 10 * time.Millisecond}, Total: 20 * time.Millisecond},
		{N: 3, Status: 200, Phases: [7]time.Duration{0: 10 * time.Millisecond}, Total: 10 * time.Millisecond}, // after the one before
	}
	if err := report.Waterfall(&b, head(""), rows); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<rect class="queue" x="50%" width="50%" y="9" height="4"/><rect class="wait" x="50%" width="30%" y="4" height="14"/><rect class="receive" x="80%" width="20%"`,
		`<rect class="queue" x="0%" width="20%" y="9" height="4"/><rect class="connect" x="0%" width="10%"`,
		`<rect class="queue" x="20%" width="10%"`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing in\n%s", want, b.String())
		}
	}
}

// FuzzRow: whatever an archive has, its page is one that does nothing.
func FuzzRow(f *testing.F) {
	f.Add("GET", "http://h/", "", "2026-11-21T10:00:00Z", 12.5, 1.0, 200)
	f.Add(evil, evil, evil, "9999-12-31T23:59:59Z", 1e300, -1e300, -5)
	f.Add("", "", "", "", 0.0, -1.0, 0)
	f.Fuzz(func(t *testing.T, method, url, failure, started string, total, phase float64, status int) {
		e := &har.Entry{Started: started, Time: total}
		e.Request.Method, e.Request.URL, e.Response.Error, e.Response.Status = method, url, failure, status
		e.Response.Content.Size = int64(status) * 1e9
		e.Timings = har.Timings{Blocked: phase, DNS: -1, Connect: phase, SSL: total, Wait: phase * 2, Receive: 1}
		old := &har.Entry{Started: "1970-01-01T00:00:00Z", Time: 3}
		var b strings.Builder
		if err := report.Waterfall(&b, head(url), []report.Row{report.RowOf(1, e), report.RowOf(2, old), report.RowOf(3, e)}); err != nil {
			t.Fatal(err)
		}
		checkPage(t, "the page", b.String())
	})
}
