package render_test

import (
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	got, err := render.JSON(map[string]string{"a": "<x>\x1b[2J\u009b\u202e\x7f\t\nä\u2028"})
	want := `{"a":"<x>\u001b[2J\u009b\u202e\u007f\t\nä\u2028"}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	// Releases of Go differ in whether U+FFFD is written as it is or as an escape.
	data, err := render.JSON("\xff")
	var back string
	if err != nil || json.Unmarshal(data, &back) != nil || back != "\ufffd" {
		t.Errorf("got %q, %v, want U+FFFD", data, err)
	}
	if got, err := render.JSON(math.Inf(1)); err == nil {
		t.Errorf("got %q, want an error", got)
	}
}

// FuzzJSON: what comes out is JSON that means the same, and harmless.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{"", "a", "\x1b]0;x\x07", "\u009b", "\u202e", "\x7f", "\U0001f600"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		data, err := render.JSON(s)
		if err != nil {
			t.Fatal(err)
		}
		line := string(data[:len(data)-1])
		if render.Line(line) != line {
			t.Errorf("%q is not harmless", line)
		}
		var back string
		if err := json.Unmarshal(data, &back); err != nil || utf8.ValidString(s) && back != s {
			t.Errorf("got %q, %v, want %q", back, err, s)
		}
	})
}
