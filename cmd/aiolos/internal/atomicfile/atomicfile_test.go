package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
)

// TestReplace: an older file is replaced as a whole, or not at all, and errors name the
// file that was asked for.
func TestReplace(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	write := func(text string, err error) func(*os.File) error {
		return func(f *os.File) error {
			_, writeErr := f.WriteString(text)
			return errors.Join(writeErr, err)
		}
	}
	if err := atomicfile.Replace(name, 0o600, write("old", nil)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		what, name string
		write      func(*os.File) error
		want       error
		text       string
	}{
		{"write", name, write("half", failed), failed, "failed"},
		{"no directory", filepath.Join(dir, "no", "f"), write("", nil), fs.ErrNotExist, "open " + filepath.Join(dir, "no", "f") + ": "},
		{"closed", name, func(f *os.File) error {
			_ = f.Close()
			_, err := f.WriteString("x")
			return err
		}, fs.ErrClosed, "write " + name + ": "},
		{"a directory", dir, write("x", nil), nil, "replace " + dir + ": "},
	} {
		err := atomicfile.Replace(tt.name, 0o600, tt.write)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), tt.text) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: got %v, want %v with %q", tt.what, err, tt.want, tt.text)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil || string(data) != "old" {
		t.Errorf("got %q, %v", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if info, err := os.Stat(name); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
