package app_test

import (
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
