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
		{"a directory", dir, write("x", nil), nil, "open " + dir + ": "},
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

// TestReplaceKeepsWhatIsThere: a device or a pipe is written to, and of a symbolic link
// the file behind it is replaced. Neither is a file after it.
func TestReplaceKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links and devices of a Unix system")
	}
	text := func(f *os.File) error {
		_, err := f.WriteString("new")
		return err
	}
	dir := t.TempDir()
	name, link := filepath.Join(dir, "sub", "f"), filepath.Join(dir, "link")
	if err := errors.Join(os.Mkdir(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("old"), 0o600), os.Symlink("sub/f", link)); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(link, 0o600, text); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	data, readErr := os.ReadFile(name)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 || readErr != nil || string(data) != "new" {
		t.Errorf("link: got %v, %v; behind it %q, %v", info.Mode(), err, data, readErr)
	}
	device := filepath.Join(dir, "null") // as a link, so that nothing is lost if it is replaced
	if err := os.Symlink(os.DevNull, device); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(device, 0o600, text); err != nil {
		t.Errorf("device: %v", err)
	}
	if info, err := os.Stat(device); err != nil || info.Mode()&fs.ModeDevice == 0 {
		t.Errorf("device: got %v, %v", info.Mode(), err)
	}
}
