package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// markup is HTML or SVG as it grows. Names of elements and attributes are constants of
// this package; every value and every text is escaped on its way in.
type markup struct{ b strings.Builder }

// attr is an attribute of an element.
type attr struct{ name, value string }

// class, num and percent make attributes.
func class(value string) attr               { return attr{"class", value} }
func num(name string, v float64) attr       { return attr{name, formatNumber(v)} }
func percent(name string, v float64) attr   { return attr{name, formatNumber(v) + "%"} }
func formatNumber(v float64) string         { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
func (m *markup) String() string            { return m.b.String() }
func (m *markup) end(name string)           { m.b.WriteString("</" + name + ">") }
func (m *markup) line()                     { m.b.WriteByte('\n') }
func (m *markup) text(s string)             { m.b.WriteString(escape(s)) }
func (m *markup) empty(n string, a ...attr) { m.open(n, a, "/>") }
func (m *markup) start(n string, a ...attr) { m.open(n, a, ">") }

// open writes the beginning of an element.
func (m *markup) open(name string, attrs []attr, end string) {
	m.b.WriteString("<" + name)
	for _, a := range attrs {
		m.b.WriteString(" " + a.name + `="` + escape(a.value) + `"`)
	}
	m.b.WriteString(end)
}

// element writes an element with a text.
func (m *markup) element(name, text string, attrs ...attr) {
	m.start(name, attrs...)
	m.text(text)
	m.end(name)
}

// escaped are the characters that mean something in HTML and XML, in texts and in
// values in double quotes; and those that XML has not (XML 1.0 2.2) and terminals do
// not mind.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;",
	"\ufffe", `\ufffe`, "\uffff", `\uffff`)

// escape makes a text fit for HTML and XML. What XML cannot hold and what turns the
// direction of writing becomes visible, as on a terminal.
func escape(s string) string { return escaped.Replace(render.Line(s)) }
