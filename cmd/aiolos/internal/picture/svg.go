package picture

import (
	"encoding/xml"
	"fmt"
	"strings"
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

// SVG returns the picture of what is on the screen.
func (s *Screen) SVG(title string) string {
	columns := 0
	for _, row := range s.rows {
		columns = max(columns, len(row))
	}
	width, height := roundTenth(float64(columns)*charWidth+2*margin), roundTenth(float64(len(s.rows))*lineHeight+2*margin)
	var out strings.Builder
	fmt.Fprintf(&out, head, width, height, escapeXML(title), width-1, height-1)
	for y, row := range s.rows {
		for x := 0; x < len(row); {
			switch n := barLength(row[x:]); {
			case row[x].r == ' ':
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

// barLength is how many block elements of one style the row begins with: U+2588 is a
// full one, U+258F an eighth of one.
func barLength(row []cell) int {
	n := 0
	for n < len(row) && row[n].r >= '█' && row[n].r <= '▏' && row[n].style == row[0].style {
		n++
	}
	return n
}

// textLength is how many characters of one style the row begins with, up to a bar or
// two spaces.
func textLength(row []cell) int {
	n := 0
	for n < len(row) && row[n].style == row[0].style && barLength(row[n:]) == 0 {
		if row[n].r == ' ' && (n+1 == len(row) || row[n+1].r == ' ' || row[n+1].style != row[0].style) {
			break
		}
		n++
	}
	return n
}

// drawBar draws block elements as rectangles: fonts do not agree on them.
func drawBar(out *strings.Builder, x, y int, row []cell) {
	eighths := 0
	for _, c := range row {
		eighths += 8 - int(c.r-'█')
	}
	fmt.Fprintf(out, "<rect%s x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\"/>\n", styleClass(row[0].style),
		roundTenth(margin+float64(x)*charWidth), roundTenth(margin+float64(y)*lineHeight+3), roundTenth(float64(eighths)*charWidth/8), lineHeight-6)
}

// drawText draws characters, as wide as they have to be in whatever font.
func drawText(out *strings.Builder, x, y int, row []cell) {
	var text strings.Builder
	for _, c := range row {
		text.WriteRune(c.r)
	}
	fmt.Fprintf(out, "<text%s x=\"%g\" y=\"%g\" textLength=\"%g\" lengthAdjust=\"spacingAndGlyphs\">%s</text>\n", styleClass(row[0].style),
		roundTenth(margin+float64(x)*charWidth), roundTenth(margin+float64(y)*lineHeight+13), roundTenth(float64(len(row))*charWidth), escapeXML(text.String()))
}

func styleClass(st style) string {
	var names []string
	if st.bold {
		names = append(names, "bold")
	}
	if st.dim {
		names = append(names, "dim")
	}
	if st.color != 0 {
		names = append(names, fmt.Sprintf("c%d", st.color))
	}
	if names == nil {
		return ""
	}
	return ` class="` + strings.Join(names, " ") + `"`
}

func escapeXML(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder does not fail
	return out.String()
}

// roundTenth keeps one digit.
func roundTenth(v float64) float64 { return float64(int(v*10+0.5)) / 10 }
