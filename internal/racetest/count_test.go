package racetest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
)

func TestCount(t *testing.T) {
	t.Parallel()
	want := 100
	if racetest.Enabled || testing.Short() {
		want = 7
	}
	if got := racetest.Count(100, 7); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
}

// TestCountIsNamed: who does less with the race detector is named so that `make test` runs it
// in full too, and is in the root's module, where it does.
func TestCountIsNamed(t *testing.T) {
	t.Parallel()
	root, asked := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Base(filepath.Dir(path)) == "racetest" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, function := range strings.Split(string(text), "\nfunc ")[1:] {
			if !strings.Contains(function, "racetest.Count(") {
				continue
			}
			asked++
			name, _, _ := strings.Cut(function, "(")
			if !strings.HasPrefix(name, "Test") || !strings.HasSuffix(name, "InFull") || strings.HasPrefix(path, filepath.Join(root, "cmd")) {
				t.Errorf("%s: %s", path, name)
			}
		}
		return nil
	})
	if err != nil || asked < 5 {
		t.Errorf("%d found, %v", asked, err)
	}
}
