package report

import (
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

// The room around the drawing of a chart, for its labels.
const (
	marginLeft, marginRight = 58.0, 14.0
	marginTop, marginBottom = 26.0, 24.0
)

// chart is a drawing with two axes. The origin is at the left below.
//
//	┌ marginTop: the legend ──────────┐
//	│ label ─┼──────────────────────  │
//	│ label ─┼──────────────────────  │
//	│      label     label     label  │
//	└─────────────────────────────────┘
type chart struct {
	markup

	width, height float64
	x, y          scale
	keys          float64 // where the next word of the legend begins
}

// newChart makes a chart with its axes, whose labels two functions write.
func newChart(name string, width, height float64, x, y scale, xLabel, yLabel func(float64) string) *chart {
	c := &chart{width: width, height: height, x: x, y: y, keys: marginLeft}
	c.start("svg", attr{"viewBox", "0 0 " + formatNumber(width) + " " + formatNumber(height)}, attr{"role", "img"}, attr{"aria-label", name},
		num("width", width), num("height", height))
	c.line()
	for _, v := range y.ticks(5) {
		at := c.yAt(v)
		c.empty("line", class("grid"), num("x1", marginLeft), num("x2", width-marginRight), num("y1", at), num("y2", at))
		c.element("text", yLabel(v), class("label"), num("x", marginLeft-6), num("y", at+4), attr{"text-anchor", "end"})
		c.line()
	}
	for _, v := range x.ticks(int(width / 90)) {
		at := c.xAt(v)
		c.empty("line", class("grid"), num("x1", at), num("x2", at), num("y1", height-marginBottom), num("y2", height-marginBottom+4))
		c.element("text", xLabel(v), class("label"), num("x", at), num("y", height-6), attr{"text-anchor", "middle"})
		c.line()
	}
	return c
}

// xAt and yAt are the places of values.
func (c *chart) xAt(v float64) float64 {
	return marginLeft + c.x.at(v)*(c.width-marginLeft-marginRight)
}

func (c *chart) yAt(v float64) float64 {
	return c.height - marginBottom - c.y.at(v)*(c.height-marginTop-marginBottom)
}

// bar draws a bar from one place of the axis to another, between two heights.
func (c *chart) bar(kind string, x1, x2, y1, y2 float64) {
	left, right, top, bottom := c.xAt(x1), c.xAt(x2), c.yAt(y2), c.yAt(y1)
	c.empty("rect", class(kind), num("x", left), num("y", top), num("width", max(0.6, right-left-0.6)), num("height", max(0, bottom-top)))
}

// tip says what is at a place, to whoever points at it.
func (c *chart) tip(x1, x2 float64, text string) {
	left := c.xAt(x1)
	c.start("rect", class("hot"), num("x", left), num("y", marginTop), num("width", max(1, c.xAt(x2)-left)), num("height", c.height-marginTop-marginBottom))
	c.element("title", text)
	c.end("rect")
	c.line()
}

// key adds a word to the legend, beside a line or a square of its colour.
func (c *chart) key(shape, kind, word string) {
	if shape == "line" {
		c.empty("line", class("line "+kind), num("x1", c.keys), num("x2", c.keys+14), num("y1", 12), num("y2", 12))
	} else {
		c.empty("rect", class(kind), num("x", c.keys+2), num("y", 7), num("width", 10), num("height", 10))
	}
	c.element("text", word, class("label"), num("x", c.keys+19), num("y", 16))
	c.line()
	c.keys += 34 + 7*float64(len(word))
}

// finish ends the chart.
func (c *chart) finish() string {
	c.end("svg")
	return c.String()
}

// durationAt labels an axis of durations in nanoseconds.
func durationAt(v float64) string { return render.Duration(time.Duration(v)) }

// countAt labels an axis of numbers.
func countAt(v float64) string { return render.Count(int64(v)) }
