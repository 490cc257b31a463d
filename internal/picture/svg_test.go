package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/x/vt"
)

// play is a screen on which output was shown.
func play(t *testing.T, output string) *vt.Emulator {
	t.Helper()
	screen := vt.NewEmulator(columns, lines)
	if _, err := io.WriteString(screen, output); err != nil {
		t.Fatal(err)
	}
	return screen
}

// What the tool does to a terminal while it works is not in the picture.
func TestReadRows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"lines", "one\r\ntwo\r\n\r\nthree\r\n", "one\ntwo\n\nthree\n"},
		{"colours", "\x1b[1m\x1b[32m200\x1b[0m\x1b[0m OK\x1b[m\r\n", "200 OK\n"},
		{"a live line", "10 requests\r\x1b[K20\r\x1b[Kdone\r\n", "done\n"},
		{"bars", "title\r\n[=>  ] 1\r\n[==> ] 2\r\n\x1b[2A\x1b[J[====] 1\r\n[===>] 2\r\n", "title\n[====] 1\n[===>] 2\n"},
		{"bars that become fewer", "a\r\nb\r\nc\r\n\x1b[3A\x1b[Jdone\r\nc\r\n", "done\nc\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			for _, row := range readRows(play(t, tt.output)) {
				for _, c := range row {
					got.WriteString(max(c.text, " "))
				}
				got.WriteByte('\n')
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	svg := drawSVG(play(t, typeCommand("aiolos time 'a&b'")+"  dns   12 ms \x1b[36m██▌\x1b[0m\r\n\x1b[33mslow <b>\x1b[0m ok\r\n"), `A & "B"`)
	wellFormed(t, svg)
	for _, want := range []string{
		`<title>A &amp; &#34;B&#34;</title>`,
		`<text class="dim" x="18" y="31" textLength="8.4" lengthAdjust="spacingAndGlyphs">$</text>`,
		`<text class="bold" x="34.8" y="31" textLength="142.8" lengthAdjust="spacingAndGlyphs">aiolos time &#39;a&amp;b&#39;</text>`,
		`>dns</text>`, `>12 ms</text>`,
		`<rect class="c36" x="135.6" y="39" width="21" height="12"/>`, // two and a half characters
		`>slow &lt;b&gt;</text>`, `>ok</text>`,
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
