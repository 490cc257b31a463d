package report

import (
	"time"

	"github.com/aiolos-http/aiolos/middleware/har"
)

// Row is one request of a waterfall.
type Row struct {
	N           int // its number, from 1
	Method, URL string
	Status      int // 0: it failed
	Error       string
	Size        int64     // of the body, bytes
	Start       time.Time // zero: it is not known, and taken for the end of the request before
	Phases      [7]time.Duration
	Total       time.Duration
}

// phases are the names of a Row's phases, and their looks.
var phases = [...]struct{ name, kind string }{
	{"queue", "queue"},
	{"dns", "dns"},
	{"connect", "connect"},
	{"tls", "tls"},
	{"request", "send"},
	{"first byte", "wait"},
	{"body", "receive"},
}

// RowOf makes a row of an entry of an archive, whoever has written that: what is no
// duration there is none. The URL is the entry's, with all that is in it.
func RowOf(n int, e *har.Entry) Row {
	t := &e.Timings
	row := Row{
		N: n, Method: e.Request.Method, URL: e.Request.URL, Status: e.Response.Status, Error: e.Response.Error,
		Size: max(0, e.Response.Content.Size), Start: e.StartTime(), Total: e.Duration(),
	}
	tls := milliseconds(t.SSL)
	for i, d := range [...]time.Duration{
		milliseconds(t.Blocked), milliseconds(t.DNS), max(0, milliseconds(t.Connect)-tls), tls,
		milliseconds(t.Send), milliseconds(t.Wait), milliseconds(t.Receive),
	} {
		row.Phases[i] = d
	}
	var sum time.Duration
	for _, d := range row.Phases {
		sum += d
	}
	row.Total = max(row.Total, sum)
	return row
}

// maxDuration bounds what an archive may say of a request: a day.
const maxDuration = 24 * time.Hour

// milliseconds is a duration of an archive; -1 is none.
func milliseconds(ms float64) time.Duration {
	if !(ms > 0) {
		return 0
	}
	return time.Duration(min(ms, float64(maxDuration/time.Millisecond)) * float64(time.Millisecond))
}
