package flags_test

import (
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/flags"
)

// TestDuration: what a flag takes for a duration, and what not.
func TestDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1m30s": 90 * time.Second, "5": 5 * time.Second, "0.5": 500 * time.Millisecond,
		"0": -1, "0s": -1, "1e3": 1000 * time.Second,
	} {
		var d flags.Duration
		if err := d.Set(in); err != nil || time.Duration(d) != want {
			t.Errorf("%q: got %v, %v, want %v", in, time.Duration(d), err, want)
		}
	}
	for _, in := range []string{"", "x", "-1", "-1s", "1 s", "nan", "inf", "1e300", "99999999999h"} {
		var d flags.Duration
		if err := d.Set(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, time.Duration(d))
		}
	}
}
