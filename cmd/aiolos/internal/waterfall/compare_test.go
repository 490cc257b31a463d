package waterfall_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/waterfall"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	ms := time.Millisecond
	cold := session.Timing{DNS: 12 * ms, Connect: 20 * ms, FirstByte: 50 * ms, Total: 82 * ms}
	warm := func(n int) session.Timing {
		d := time.Duration(n) * ms
		return session.Timing{Reused: true, FirstByte: d, Total: d + 10*ms}
	}
	for _, tt := range []struct {
		name    string
		timings []session.Timing
		want    []string
	}{
		{"both", []session.Timing{cold, warm(90), warm(40), warm(50)}, []string{
			"  median      cold (1)  warm (3)",
			"  queue              -         -",
			"  dns            12 ms         -",
			"  connect        20 ms         -",
			"  tls                -         -",
			"  request            -         -",
			"  first byte     50 ms     50 ms",
			"  body               -         -",
			"  total          82 ms     60 ms",
			"  least          82 ms     50 ms",
			"  most           82 ms    100 ms",
			"",
		}},
		{"even", []session.Timing{warm(40), warm(60)}, []string{
			"  median      warm (2)",
			"  queue              -",
			"  dns                -",
			"  connect            -",
			"  tls                -",
			"  request            -",
			"  first byte     50 ms",
			"  body               -",
			"  total          60 ms",
			"  least          50 ms",
			"  most           70 ms",
			"",
		}},
	} {
		if got, want := waterfall.Compare(tt.timings), strings.Join(tt.want, "\n"); got != want {
			t.Errorf("%s: got:\n%s\nwant:\n%s", tt.name, got, want)
		}
	}
	if got := waterfall.Compare(nil); strings.Contains(got, "cold") || strings.Contains(got, "warm") {
		t.Errorf("of nothing: %q", got)
	}
}
