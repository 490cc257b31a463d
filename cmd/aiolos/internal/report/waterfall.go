package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// Waterfall writes a page with a line for each request, whose bar begins where the
// request began.
func Waterfall(w io.Writer, h Head, rows []Row) error {
	m := &markup{}
	startPage(m, h)
	f := placeRows(rows)
	m.element("p", f.summary())
	m.line()
	m.start("p")
	for _, p := range phases {
		m.start("span", class("key"))
		m.start("svg", attr{"aria-hidden", "true"})
		m.empty("rect", class(p.kind), num("width", 10), num("height", 10))
		m.end("svg")
		m.text(p.name)
		m.end("span")
		m.line()
	}
	m.end("p")
	m.line()
	m.start("table", class("fall"))
	m.line()
	f.writeHeader(m)
	for i := range rows {
		f.writeRow(m, i)
	}
	m.end("table")
	m.line()
	return endPage(m, w)
}

// fall is a waterfall: its requests, and where each begins.
type fall struct {
	rows   []Row
	starts []time.Duration // after the first
	whole  scale
}

// maxSpan bounds the time from the first request to the last: a century.
const maxSpan = 36525 * 24 * time.Hour

// placeRows finds out when each request began.
func placeRows(rows []Row) *fall {
	f := &fall{rows: rows, starts: make([]time.Duration, len(rows))}
	var first time.Time
	for _, r := range rows {
		if !r.Start.IsZero() && (first.IsZero() || r.Start.Before(first)) {
			first = r.Start
		}
	}
	var before, end time.Duration // the end of the request before, and of all
	for i, r := range rows {
		f.starts[i] = min(before, maxSpan)
		if !r.Start.IsZero() {
			f.starts[i] = min(r.Start.Sub(first), maxSpan)
		}
		before = f.starts[i] + r.Total
		end = max(end, before)
	}
	f.whole = scale{to: float64(max(end, 1))}
	return f
}

// summary tells what all requests have in common.
func (f *fall) summary() string {
	var size int64
	failed := 0
	for _, r := range f.rows {
		size += r.Size
		if r.Status == 0 || r.Status >= 400 {
			failed++
		}
	}
	return fmt.Sprintf("%s requests in %s, %s of bodies, %s errors", render.Count(int64(len(f.rows))),
		render.Duration(time.Duration(f.whole.to)), render.Bytes(size), render.Count(int64(failed)))
}

// writeHeader writes the names of the columns, and the times above the bars.
func (f *fall) writeHeader(m *markup) {
	m.start("tr")
	m.element("th", "#", class("n no"))
	m.element("th", "status", class("status"))
	m.element("th", "request")
	m.element("th", "size", class("n size"))
	m.element("th", "time", class("n time"))
	m.start("th", class("bars"))
	m.start("svg", attr{"role", "img"}, attr{"aria-label", "times since the first request"})
	for _, v := range f.whole.ticks(4) {
		at := f.whole.at(v) * 100
		m.empty("line", class("grid"), percent("x1", at), percent("x2", at), num("y1", 16), num("y2", 22))
		if at < 92 { // the word has room
			m.element("text", durationAt(v), class("label"), percent("x", at), num("y", 12))
		}
	}
	m.end("svg")
	m.end("th")
	m.end("tr")
	m.line()
}

// writeRow writes one request.
func (f *fall) writeRow(m *markup, i int) {
	r := &f.rows[i]
	m.start("tr")
	m.element("td", strconv.Itoa(r.N), class("n no"))
	status := "failed"
	if r.Status != 0 {
		status = strconv.Itoa(r.Status)
	}
	m.element("td", status, class("status "+statusKind(r.Status)))
	m.start("td")
	m.element("code", strings.TrimSpace(r.Method+" "+r.URL))
	if r.Error != "" {
		m.empty("br")
		m.element("span", r.Error, class("bad"))
	}
	m.end("td")
	m.element("td", render.Bytes(r.Size), class("n size"))
	m.element("td", render.Duration(r.Total), class("n time"))
	m.start("td", class("bars"))
	m.start("svg", attr{"role", "img"}, attr{"aria-label", r.tellPhases()})
	m.element("title", r.tellPhases())
	f.drawBar(m, i)
	m.end("svg")
	m.end("td")
	m.end("tr")
	m.line()
}

// tellPhases is a row in words.
func (r *Row) tellPhases() string {
	var words []string
	for i, d := range r.Phases {
		if d > 0 {
			words = append(words, phases[i].name+" "+render.Duration(d))
		}
	}
	return strings.Join(append(words, "total "+render.Duration(r.Total)), ", ")
}

// minBar is how wide the bar of a request is at least, in percent.
const minBar = 0.3

// drawBar draws the phases of a request one after the other. What they leave of the
// whole is grey.
func (f *fall) drawBar(m *markup, i int) {
	r := &f.rows[i]
	start, end := f.starts[i], f.starts[i]+r.Total
	left := f.whole.at(float64(start)) * 100
	m.empty("rect", class("queue"), percent("x", left), percent("width", max(minBar, f.whole.at(float64(end))*100-left)), num("y", 9), num("height", 4))
	for k, d := range r.Phases {
		if d <= 0 {
			continue
		}
		left = f.whole.at(float64(start)) * 100
		start += d
		m.empty("rect", class(phases[k].kind), percent("x", left), percent("width", max(minBar, f.whole.at(float64(start))*100-left)), num("y", 4), num("height", 14))
	}
}
