package download_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// TestRecordOfTwoCalls: of calls that end in one directory at the same time only one can
// take the record away, which is no failure of the others.
func TestRecordOfTwoCalls(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	open := func() *download.Dir {
		dir, err := download.OpenDir(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { dir.Close() })
		if err := dir.KeepRecord(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dirs := []*download.Dir{open(), open(), open(), open()}
	for _, lines := range []string{"\n", `{"url":"of another call","file":"f"}` + "\n"} {
		for range 100 { // any of them may meet
			if err := os.WriteFile(filepath.Join(path, ".aiolos-get.json"), []byte(lines), 0o600); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for _, dir := range dirs {
				wg.Go(func() {
					if err := dir.DropRecord(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
	}
	left, err := filepath.Glob(filepath.Join(path, ".aiolos-get.json.*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
