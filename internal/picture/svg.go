package main

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

// The size of a character, and the margin, in the units of the picture.
const (
	charWidth  = 8.4
	lineHeight = 18.0
	margin     = 18.0
)

// head has the looks. The ground is the picture's own, so that it can be read on
// a page of any colour.
const head = `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %[1]g %[2]g" width="%[1]g" height="%[2]g">
<title>%[3]s</title>
<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #1f2328 }
.ground { fill: #f6f8fa; stroke: #d1d9e0 }
.bold { font-weight: 700 } .dim { fill: #6e7781 }
.c31 { fill: #b3261e } .c32 { fill: #1a7f37 } .c33 { fill: #8a5a00 } .c34 { fill: #0550ae } .c35 { fill: #8250df } .c36 { fill: #0a6c74 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.ground { fill: #161b22; stroke: #3d444d }
.dim { fill: #8b949e }
.c31 { fill: #ff7b72 } .c32 { fill: #56d364 } .c33 { fill: #e3b341 } .c34 { fill: #79c0ff } .c35 { fill: #d2a8ff } .c36 { fill: #56d4dd }
}
</style>
<rect class="ground" x="0.5" y="0.5" width="%[4]g" height="%[5]g" rx="8"/>
`

// drawSVG draws what is on the screen.
func drawSVG(screen *vt.Emulator, title string) string {
	rows := readRows(screen)
	longest := 0
	for _, row := range rows {
		longest = max(longest, len(row))
	}
	width, height := roundTenth(float64(longest)*charWidth+2*margin), roundTenth(float64(len(rows))*lineHeight+2*margin)
	var out strings.Builder
	fmt.Fprintf(&out, head, width, height, escapeXML(title), width-1, height-1)
	for y, row := range rows {
		for x := 0; x < len(row); {
			switch n := barLength(row[x:]); {
			case row[x].isBlank():
				x++
			case n > 0:
				drawBar(&out, x, y, row[x:x+n])
				x += n
			default:
				n = textLength(row[x:])
				drawText(&out, x, y, row[x:x+n])
				x += n
			}
		}
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// cell is one character of the screen and the classes that give it its looks.
type cell struct{ text, class string }

func (c cell) isBlank() bool { return c.text == "" || c.text == " " }

// eighths is how much of the cell a block element fills: U+2588 is a full one,
// U+258F an eighth of one. It is 0 for any other character.
func (c cell) eighths() int {
	if r := []rune(c.text); len(r) == 1 && r[0] >= '█' && r[0] <= '▏' {
		return 8 - int(r[0]-'█')
	}
	return 0
}

// readRows reads the lines of the screen, without blanks at their ends and without
// empty lines at the end.
func readRows(screen *vt.Emulator) [][]cell {
	rows := make([][]cell, 0, screen.Height())
	used := 0
	for y := range screen.Height() {
		var row []cell
		for x := range screen.Width() {
			if c := screen.CellAt(x, y); c != nil && !(cell{text: c.Content}).isBlank() {
				for len(row) < x {
					row = append(row, cell{})
				}
				row = append(row, cell{c.Content, styleClass(c.Style)})
			}
		}
		rows = append(rows, row)
		if len(row) > 0 {
			used = y + 1
		}
	}
	return rows[:used]
}

// styleClass is the attribute for a style: bold, dim, and the colours 31 to 37 of SGR.
func styleClass(style uv.Style) string {
	var names []string
	if style.Attrs&uv.AttrBold != 0 {
		names = append(names, "bold")
	}
	if style.Attrs&uv.AttrFaint != 0 {
		names = append(names, "dim")
	}
	if c, ok := style.Fg.(ansi.BasicColor); ok && c >= ansi.Red && c <= ansi.White {
		names = append(names, fmt.Sprintf("c%d", 30+c))
	}
	if names == nil {
		return ""
	}
	return ` class="` + strings.Join(names, " ") + `"`
}

// barLength is how many block elements of one style the row begins with.
func barLength(row []cell) int {
	n := 0
	for n < len(row) && row[n].eighths() > 0 && row[n].class == row[0].class {
		n++
	}
	return n
}

// textLength is how many characters of one style the row begins with, up to a bar or
// two blanks. A blank between two words is of their style.
func textLength(row []cell) int {
	n := 1
	for n < len(row) && row[n].eighths() == 0 {
		next := n
		if row[n].isBlank() {
			next++
		}
		if next == len(row) || row[next].isBlank() || row[next].eighths() > 0 || row[next].class != row[0].class {
			break
		}
		n = next + 1
	}
	return n
}

// drawBar draws block elements as rectangles: fonts do not agree on them.
func drawBar(out *strings.Builder, x, y int, row []cell) {
	eighths := 0
	for _, c := range row {
		eighths += c.eighths()
	}
	fmt.Fprintf(out, "<rect%s x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"/>\n", row[0].class,
		roundTenth(margin+float64(x)*charWidth), roundTenth(margin+float64(y)*lineHeight+3), roundTenth(float64(eighths)*charWidth/8), lineHeight-6)
}

// drawText draws characters, as wide as they have to be in whatever font.
func drawText(out *strings.Builder, x, y int, row []cell) {
	var text strings.Builder
	for _, c := range row {
		text.WriteString(cmp.Or(c.text, " "))
	}
	fmt.Fprintf(out, "<text%s x=\"%g\" y=\"%g\" textLength=\"%g\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n", row[0].class,
		roundTenth(margin+float64(x)*charWidth), roundTenth(margin+float64(y)*lineHeight+13), roundTenth(float64(len(row))*charWidth), escapeXML(text.String()))
}

func escapeXML(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder does not fail
	return out.String()
}

// roundTenth keeps one digit.
func roundTenth(v float64) float64 { return float64(int(v*10+0.5)) / 10 }
