package cli_test

import (
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/cli"
)

func TestPatience(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1m30s": 90 * time.Second, "5": 5 * time.Second, "0.5": 500 * time.Millisecond,
		"0": -1, "0s": -1, "1e3": 1000 * time.Second,
	} {
		if got, err := cli.Patience(in); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "x", "-1", "-1s", "1 s", "nan", "inf", "1e300", "99999999999h"} {
		if got, err := cli.Patience(in); err == nil {
			t.Errorf("%q: got %v, want an error", in, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"gte": "get", "got": "get", "tme": "time", "servr": "serve", "hlep": "help", "completions": "completion",
		"demos": "demo", "post": "POST URL", "Delete": "DELETE URL",
		"foo": "", "example": "", "x": "", "wget2": "",
	} {
		if got := cli.Nearest(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
