package demo_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/demo"
)

// TestRun is the whole demo.
func TestRun(t *testing.T) {
	t.Parallel()
	var out, moving bytes.Buffer
	start := time.Now()
	err := demo.Run(t.Context(), demo.Config{Out: &out, Err: &moving})
	if err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("it took %v, want less than 20 s", d)
	}
	if moving.Len() > 0 {
		t.Errorf("without a terminal it moved: %q", moving.String())
	}
	t.Log(out.String())
}
