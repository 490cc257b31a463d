//go:build unix

package cache_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

// What stands in the place of a file and is none is a miss: nobody waits for the writer
// of a pipe, whether there is one that says nothing or none.
func TestDirNotAFile(t *testing.T) {
	t.Parallel()
	pipe := func(t *testing.T, name string) {
		t.Helper()
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for place, put := range map[string]func(t *testing.T, name string){
		"pipe": pipe,
		"pipe with a writer": func(t *testing.T, name string) {
			t.Helper()
			pipe(t, name)
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
		},
		"link to a pipe": func(t *testing.T, name string) {
			t.Helper()
			other := filepath.Join(t.TempDir(), "pipe")
			pipe(t, other)
			if err := os.Symlink(other, name); err != nil {
				t.Fatal(err)
			}
		},
		"link to a device": func(t *testing.T, name string) {
			t.Helper()
			if err := os.Symlink("/dev/zero", name); err != nil {
				t.Fatal(err)
			}
		},
		"directory": func(t *testing.T, name string) {
			t.Helper()
			if err := os.Mkdir(name, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d, err := cache.NewDir(dir, 0)
			if err != nil {
				t.Fatal(err)
			}
			putEntry(t, d, "a", "1", "body")
			names, err := filepath.Glob(filepath.Join(dir, "*.cached"))
			if err != nil || len(names) != 1 {
				t.Fatalf("files %v, %v", names, err)
			}
			update, err := cache.CreateOver(d, "a", &cache.Meta{ID: "1"})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(names[0]); err != nil {
				t.Fatal(err)
			}
			put(t, names[0])
			if err := update.Commit(); err != nil { // of an entry that has gone
				t.Error(err)
			}
			update.Abort()
			if entry, err := d.Open("a"); entry != nil || err == nil {
				t.Errorf("got %v, %v, want an error", entry, err)
			}
			if entry, err := d.Open("a"); entry != nil || err != nil {
				t.Errorf("it stayed: %v, %v", entry, err)
			}
			putEntry(t, d, "a", "2", "new")
			if got := lookUp(t, d, "a"); got == "" {
				t.Error("the new entry is not found")
			}
		})
	}
}
