package report

import (
	"io"
	"strings"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// The measures of a picture.
const (
	pictureLeft = 20.0
	lineHeight  = 20.0
	drawingRoom = chartHeight + 50
	// maxOutcomes is how many rows of outcomes there is room for.
	maxOutcomes = 12
)

// Picture writes the charts of one or two runs as an SVG.
func Picture(w io.Writer, h Head, runs []Run) error {
	drawings := drawRuns(runs)
	lines := 0
	for _, r := range runs {
		lines = max(lines, min(len(listOutcomes(r)), maxOutcomes))
	}
	m := &markup{}
	startPicture(m, h.Title+" "+h.About, wideChart+2*pictureLeft, 160+float64(lines)*lineHeight+float64(len(drawings))*drawingRoom)
	m.element("text", h.Title, class("head"), num("x", pictureLeft), num("y", 34))
	m.element("text", clip(h.About, 140), class("mono"), num("x", pictureLeft), num("y", 56))
	m.line()
	drawFigures(m, runs, 82)
	y := 156.0
	for _, d := range drawings {
		m.element("text", d.title, class("title"), num("x", pictureLeft), num("y", y))
		m.line()
		for i, chart := range d.charts {
			m.start("g", attr{"transform", "translate(" + formatNumber(columnAt(i)) + " " + formatNumber(y+10) + ")"})
			m.b.WriteString(chart)
			m.end("g")
			m.line()
		}
		y += drawingRoom
	}
	for i, r := range runs {
		drawOutcomes(m, r, columnAt(i), y)
	}
	m.end("svg")
	m.line()
	_, err := io.WriteString(w, m.String())
	return err
}

// columnAt is where the column of a run begins.
func columnAt(i int) float64 { return pictureLeft + float64(i)*(narrowChart+gap) }

// drawFigures writes the figures of each run into a picture.
func drawFigures(m *markup, runs []Run, y float64) {
	figures := listFigures(runs)
	perLine := 8
	if len(runs) > 1 {
		perLine = 5
	}
	for i, r := range runs {
		if len(runs) > 1 {
			m.element("text", clip(r.Name, 70), class("mono"), num("x", columnAt(i)), num("y", y))
		}
		text, line := "", 1
		for n, f := range figures {
			if text += f.name + " " + f.values[i] + ", "; n%perLine == perLine-1 || n == len(figures)-1 {
				m.element("text", strings.TrimSuffix(text, ", "), class("label"), num("x", columnAt(i)), num("y", y+float64(line)*16))
				m.line()
				text, line = "", line+1
			}
		}
	}
}

// drawOutcomes writes the outcomes into a picture.
func drawOutcomes(m *markup, r Run, x, y float64) {
	for i, o := range listOutcomes(r) {
		if i == maxOutcomes {
			break
		}
		m.element("text", render.Count(o.n)+"  "+clip(o.text, 80), class("mono"), num("x", x), num("y", y+lineHeight*float64(i)))
		m.line()
	}
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
