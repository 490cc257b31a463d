package picture_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/picture"
)

func TestScreen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"lines", "one\r\ntwo\n\nthree\n", "one\ntwo\n\nthree\n"},
		{"colours", "\x1b[1m\x1b[32m200\x1b[0m\x1b[0m OK\x1b[m\n", "200 OK\n"},
		{"two in one", "\x1b[1;31mno\x1b[0m", "no\n"},
		{"a live line", "10 requests\r\x1b[K20\r\x1b[Kdone\n", "done\n"},
		{"over it", "abc\rX", "Xbc\n"},
		{"bars", "title\n[=>  ] 1\n[==> ] 2\n\x1b[2A\x1b[J[====] 1\n[===>] 2\n", "title\n[====] 1\n[===>] 2\n"},
		{"bars that become fewer", "a\nb\nc\n\x1b[3A\x1b[Jdone\nc\n", "done\nc\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s picture.Screen
			if err := s.Play(tt.output); err != nil || s.Text() != tt.want {
				t.Errorf("got %q, %v, want %q", s.Text(), err, tt.want)
			}
		})
	}
	for _, bad := range []string{"\a", "\x1b[2K", "\x1b[1;31", "\x1b[38;5;1m", "\x1b[2A", "\x1b[xA", "\x1b[2J", "\x1b]0;title\a", "\xff"} {
		if err := new(picture.Screen).Play(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	var s picture.Screen
	if err := errors.Join(s.Command("aiolos time 'a&b'"), s.Play("  dns   12 ms \x1b[36m██▌\x1b[0m\n\x1b[33mslow <b>\x1b[0m ok\n")); err != nil {
		t.Fatal(err)
	}
	svg := s.SVG(`A & "B"`)
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
