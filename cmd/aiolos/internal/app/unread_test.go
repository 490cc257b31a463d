//go:build unix

package app_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
)

// TestHasUnreadInput: bytes in a pipe, and a file that nobody has begun to read. Nothing
// is taken.
func TestHasUnreadInput(t *testing.T) {
	t.Parallel()
	open := func(text string, at int64) *os.File {
		name := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		return f
	}
	pipe := func(text string, end bool) *os.File {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if end {
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		} else {
			t.Cleanup(func() { _ = w.Close() })
		}
		return r
	}
	device, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		in   *os.File
		want bool
		rest string
	}{
		{"pipe with bytes", pipe("x\n", true), true, "x\n"},
		{"pipe that was closed", pipe("", true), false, ""},
		{"pipe without bytes yet", pipe("", false), false, "-"},
		{"file", open("x\n", 0), true, "x\n"},
		{"file in whose midst a loop is", open("x\ny\n", 2), false, "y\n"},
		{"empty file", open("", 0), false, ""},
		{"device", device, false, ""},
	} {
		a := &app.App{Streams: app.Streams{In: tt.in}}
		if got := a.HasUnreadInput(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if tt.rest != "-" {
			if rest, err := io.ReadAll(tt.in); err != nil || string(rest) != tt.rest {
				t.Errorf("%s: %q is left, %v, want %q", tt.name, rest, err, tt.rest)
			}
		}
		a.InTTY = true
		if a.HasUnreadInput() {
			t.Errorf("%s: a terminal has what is typed", tt.name)
		}
		_ = tt.in.Close()
	}
	if (&app.App{Streams: app.Streams{In: strings.NewReader("x")}}).HasUnreadInput() {
		t.Error("what is no file was said to have something")
	}
}
