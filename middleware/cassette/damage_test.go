package cassette_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cassette"
)

// TestCut: a cassette that is cut is refused, or plays what was before, and
// the last body as far as it goes.
func TestCut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c")
	for n := range len(cassetteGood) {
		if err := os.WriteFile(path, []byte(cassetteGood[:n]), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := cassette.Open(path, cassette.Config{Mode: cassette.Auto})
		if err != nil {
			if !errors.Is(err, errors.ErrInvalidRequest) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%d bytes: got %v", n, err)
			}
			continue
		}
		if c.Recording() || c.Unused() > strings.Count(cassetteGood[:n], "\n> ") {
			t.Errorf("%d bytes: %d exchanges, recording: %v", n, c.Unused(), c.Recording())
		}
		if err := c.Close(); err != nil {
			t.Errorf("%d bytes: close: %v", n, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != cassetteGood[:n] {
			t.Errorf("%d bytes: the file changed to %q, %v", n, got, err)
		}
	}
}

// TestGarbled: a byte that is another one is an error in one line, or another
// exchange.
func TestGarbled(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"\x00", "\n", "=", "~", "\xff"} {
		for i := range len(cassetteGood) {
			path := filepath.Join(t.TempDir(), "c")
			if err := os.WriteFile(path, []byte(cassetteGood[:i]+b+cassetteGood[i+1:]), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := cassette.Open(path, cassette.Config{})
			if err != nil && (!errors.Is(err, errors.ErrInvalidRequest) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%q at %d: got %v", b, i, err)
			}
		}
	}
}

// TestModes: the mode of a file does not matter, and what is written only its
// owner can read, in the place of what was there.
func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no such modes here")
	}
	dir, count := t.TempDir(), 0
	for _, mode := range []os.FileMode{0o600, 0o644, 0o666, 0o400} {
		path := filepath.Join(dir, mode.String())
		if err := errors.Join(os.WriteFile(path, []byte(cassetteGood), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		if got := open(t, path, cassette.Config{}).Unused(); got != 2 {
			t.Errorf("%v: %d exchanges, want 2", mode, got)
		}
		rec := open(t, path, cassette.Config{Mode: cassette.Record})
		send(t, rec.Wrap(echoServer(&count)), http.MethodGet, "http://example.com/", "")
		if err := rec.Close(); err != nil {
			t.Errorf("%v: %v", mode, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("%v: then %v, %v, want 0600", mode, info.Mode(), err)
		}
	}
}

// TestNotWritten: what was there stays if the new one cannot be written, and
// nothing else is left.
func TestNotWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "c") // a directory, which no file replaces
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	rec := open(t, path, cassette.Config{Mode: cassette.Record})
	for range 2 {
		if err := rec.Close(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want an error of one line", err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 || !left[0].IsDir() {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestNotWrittenNamesTheFile: the error is about the file that was asked for.
func TestNotWrittenNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "no", "c")
	rec := open(t, path, cassette.Config{Mode: cassette.Record})
	if err := rec.Close(); err == nil || !strings.Contains(err.Error(), "open "+path+": ") {
		t.Errorf("got %v, want %s in it", err, path)
	}
}
