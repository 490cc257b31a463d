package render_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

func TestEscaper(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "a\tb\nc é 漢 😀", "a\tb\nc é 漢 😀"},
		{"escape", "\x1b]0;owned\x07\x1b[2J", `\x1b]0;owned\x07\x1b[2J`},
		{"CRLF", "a\r\nb\r\n", "a\nb\n"},
		{"CR alone", "safe\rbad", `safe\x0dbad`},
		{"CR at the end", "a\r", `a\x0d`},
		{"two CR", "a\r\r\nb", `a\x0d` + "\nb"},
		{"C1 as UTF-8", "\u009b2J", `\u009b2J`},
		{"C1 as a byte", "\x9b2J", `\x9b2J`},
		{"not UTF-8", "\xff\xfe", `\xff\xfe`},
		{"cut character", "a\xe6\xbc", `a\xe6\xbc`},
		{"backspace, delete, NUL", "a\bb\x7fc\x00", `a\x08b\x7fc\x00`},
		{"direction", "a\u202eb\u2066c", `a\u202eb\u2066c`},
		{"replacement character", "\ufffd", "\ufffd"},
	} {
		for name, split := range map[string]func(io.Reader) io.Reader{
			"whole":     func(r io.Reader) io.Reader { return r },
			"bytewise":  iotest.OneByteReader,
			"in halves": iotest.HalfReader,
		} {
			var got bytes.Buffer
			e := render.NewEscaper(&got)
			if _, err := io.Copy(e, split(io.LimitReader(strings.NewReader(tt.in), 1e6))); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want {
				t.Errorf("%s, %s: got %q, want %q", tt.name, name, got.String(), tt.want)
			}
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	if got, want := render.Line("a\nb\tc\r\x1b[m\u2028é"), `a\x0ab\x09c\x0d\x1b[m\u2028é`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzEscaper checks that no control character survives, in whatever pieces the
// text comes.
func FuzzEscaper(f *testing.F) {
	f.Add([]byte("\x1b[31mred\r\n\xc2\x9b"), 1)
	f.Add([]byte("é漢\xff\r"), 3)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		size = max(1, min(size, 100))
		var got bytes.Buffer
		e := render.NewEscaper(&got)
		for i := 0; i < len(data); i += size {
			if n, err := e.Write(data[i:min(len(data), i+size)]); err != nil || n == 0 {
				t.Fatalf("Write: %d, %v", n, err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{got.String(), render.Line(string(data))} {
			if !utf8.ValidString(s) {
				t.Errorf("%q is not UTF-8", s)
			}
			for _, r := range s {
				if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
					t.Errorf("%q still has %U", s, r)
				}
			}
		}
	})
}

func TestColored(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		mode render.ColorMode
		env  map[string]string
		tty  bool
		want bool
	}{
		{"terminal", render.ColorAuto, nil, true, true},
		{"pipe", render.ColorAuto, nil, false, false},
		{"always", render.ColorAlways, map[string]string{"NO_COLOR": "1"}, false, true},
		{"never", render.ColorNever, map[string]string{"FORCE_COLOR": "1"}, true, false},
		{"NO_COLOR", render.ColorAuto, map[string]string{"NO_COLOR": "1"}, true, false},
		{"NO_COLOR empty", render.ColorAuto, map[string]string{"NO_COLOR": ""}, true, true},
		{"refusal wins", render.ColorAuto, map[string]string{"NO_COLOR": "1", "FORCE_COLOR": "1"}, true, false},
		{"FORCE_COLOR", render.ColorAuto, map[string]string{"FORCE_COLOR": "1", "TERM": "dumb"}, false, true},
		{"CLICOLOR_FORCE", render.ColorAuto, map[string]string{"CLICOLOR_FORCE": "1"}, false, true},
		{"dumb", render.ColorAuto, map[string]string{"TERM": "dumb"}, true, false},
	} {
		getenv := func(name string) string { return tt.env[name] }
		if got := render.Colored(tt.mode, getenv, tt.tty); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestColorMode(t *testing.T) {
	t.Parallel()
	var m render.ColorMode
	if err := m.Set("always"); err != nil || m.String() != "always" {
		t.Errorf("got %v, %v", m, err)
	}
	if err := m.Set("maybe"); err == nil {
		t.Error("maybe is accepted")
	}
}

func TestPalette(t *testing.T) {
	t.Parallel()
	on, off := render.NewPalette(true), render.Palette{}
	if got, want := on.Status(404, "no"), "\x1b[31mno\x1b[0m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := on.Red(""); got != "" {
		t.Errorf("nothing painted is %q", got)
	}
	if got := off.Bold("x"); got != "x" {
		t.Errorf("got %q, want x", got)
	}
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234: "1.2 kB", 9949: "9.9 kB", 12345: "12 kB", 999499: "999 kB", 999999: "1.0 MB", 5e9: "5.0 GB", 7e18: "7000 PB"} {
		if got := render.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0 ms", 300: "1 µs", 840 * time.Microsecond: "840 µs", 999600 * time.Nanosecond: "1.0 ms", 9940 * time.Microsecond: "9.9 ms",
		12 * time.Millisecond: "12 ms", 999 * time.Millisecond: "999 ms", 1250 * time.Millisecond: "1.25 s", 125 * time.Second: "2m05s", -time.Second: "-1.00 s",
	} {
		if got := render.Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567", -1000: "-1 000", -999: "-999"} {
		if got := render.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}
