package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
)

func TestUnits(t *testing.T) {
	t.Parallel()
	for _, tt := range [][2]string{
		{app.Count(0), "0"},
		{app.Count(1234567), "1 234 567"},
		{app.Count(-123456), "-123 456"},
		{app.Bytes(0), "0 B"},
		{app.Bytes(999), "999 B"},
		{app.Bytes(1234), "1.2 kB"},
		{app.Bytes(34e6), "34 MB"},
		{app.Duration(500 * time.Microsecond), "0.5 ms"},
		{app.Duration(12 * time.Millisecond), "12 ms"},
		{app.Duration(1250 * time.Millisecond), "1.25 s"},
		{app.Duration(125 * time.Second), "2m05s"},
		{app.Duration(187 * time.Minute), "3h07m"},
		{app.Line("a\x1b[2J\nb"), `a\x1b[2J\nb`},
		{app.Line(`"a\b" ä`), `"a\b" ä`},
		{app.Line("\xff\u202e"), `\xff\u202e`},
	} {
		if tt[0] != tt[1] {
			t.Errorf("got %q, want %q", tt[0], tt[1])
		}
	}
}

// TestNotice: what is told takes the place of what is redrawn, and where nothing is redrawn it
// is a line like any other.
func TestNotice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, term string
		tty        bool
		quiet      int
		want       string
	}{
		{"terminal", "xterm", true, 0, "\r\x1b[K1 of 2\r\x1b[Kaiolos-fleet: 7 back\n\r\x1b[K2 of 2\r\x1b[K"},
		{"dumb terminal", "dumb", true, 0, "aiolos-fleet: 7 back\n"},
		{"file", "xterm", false, 0, "aiolos-fleet: 7 back\n"},
		{"quiet", "xterm", true, 1, ""},
	} {
		var errs strings.Builder
		a := &app.App{Streams: app.Streams{Err: &errs, ErrTTY: tt.tty, Getenv: func(string) string { return tt.term }}, Quiet: tt.quiet}
		a.Redraw("1 of 2")
		a.Notice("%d back", 7)
		a.Redraw("2 of 2")
		a.Redraw("")
		if errs.String() != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, errs.String(), tt.want)
		}
	}
}
