package debug

import (
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

// rows writes the rows of the tables that can be long. A template would make hundreds of
// objects for each.
type rows struct{ strings.Builder }

func (r *rows) begin(class string) {
	r.WriteString("\n<tr")
	if class != "" {
		r.WriteString(` class="` + class + `"`)
	}
	r.WriteByte('>')
}

func (r *rows) end() { r.WriteString("</tr>") }

// text is a cell with what somebody else may have chosen.
func (r *rows) text(s string) { r.cell("<td>", s) }

// url is one with a long name.
func (r *rows) url(s string) { r.cell(`<td class="u">`, s) }

func (r *rows) cell(tag, s string) {
	r.WriteString(tag)
	r.WriteString(template.HTMLEscapeString(s))
	r.WriteString("</td>")
}

func (r *rows) number(n int64) { r.right(strconv.FormatInt(n, 10)) }

func (r *rows) since(now, then time.Time) { r.right(age(now, then)) }

// right is a cell of digits.
func (r *rows) right(s string) {
	r.WriteString(`<td class="n">`)
	r.WriteString(s)
	r.WriteString("</td>")
}

func (r *rows) html() template.HTML {
	return template.HTML(r.String()) //nolint:gosec // what comes from elsewhere was escaped
}

func hostRows(hosts []HostStats) template.HTML {
	r := new(rows)
	for i := range hosts {
		h, class, oldest := &hosts[i], "", ""
		if h.Waiting > 0 {
			class, oldest = "wait", rounded(h.OldestWait)
		}
		name := h.Scheme + "://" + h.Host
		if h.Proxy != "" {
			name += " through " + h.Proxy
		}
		r.begin(class)
		r.url(name)
		for _, n := range []int{h.InUse, h.Dialing, h.HTTP1.Open, h.HTTP2.Open, h.Idle, h.Waiting} {
			r.number(int64(n))
		}
		r.right(oldest)
		r.text(h.Waits)
		for _, n := range []uint64{h.Opened, h.Reused, h.Retried} {
			r.right(strconv.FormatUint(n, 10))
		}
		r.end()
	}
	return r.html()
}

func callRows(now time.Time, calls []Call) template.HTML {
	r := new(rows)
	for i := range calls {
		c := &calls[i]
		switch {
		case c.Phase == session.PhaseQueue, c.Waits != "":
			r.begin("wait")
		case c.Phase == session.PhaseResponse:
			r.begin("held")
		default:
			r.begin("")
		}
		r.text(c.Method)
		r.url(c.URL)
		r.text(string(c.Phase))
		r.since(now, c.Since)
		r.since(now, c.Started)
		r.number(int64(c.Hop))
		r.number(int64(c.Attempt))
		r.text(c.Waits)
		r.end()
	}
	return r.html()
}

const unknownCaller = "not known without connector.Config.OnLeak, nor of what came from no connection"

func unreadRows(now time.Time, calls []Call) template.HTML {
	r := new(rows)
	for i := range calls {
		c := &calls[i]
		caller := c.Caller
		if caller == "" {
			caller = unknownCaller
		}
		r.begin("")
		r.text(c.Method)
		r.url(c.URL)
		r.number(int64(c.Status))
		r.since(now, c.Since)
		r.number(c.Read)
		r.url(caller)
		r.end()
	}
	return r.html()
}
