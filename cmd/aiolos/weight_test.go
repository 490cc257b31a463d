//go:build !race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

const (
	maxSize    = 16_000_000
	maxStartUp = 10 * time.Millisecond
)

// TestWeight builds the program as a release does, and checks that it is small and
// starts fast. One fast start is enough, among many, so that a busy machine does no harm.
func TestWeight(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the program")
	}
	name := filepath.Join(t.TempDir(), "aiolos")
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", name, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("it cannot be built here: %v\n%s", err, out)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", info.Size())
	if info.Size() > maxSize {
		t.Errorf("the program has %d bytes, want %d at most: see go tool nm -size -sort size, and whether "+
			"reflect's MethodByName has come in (go build -ldflags=-dumpdep)", info.Size(), maxSize)
	}
	if runtime.GOOS == "windows" {
		return // where a virus scanner looks at a new program first
	}
	best := time.Hour
	for n := 0; best > maxStartUp && n < 500; n++ {
		start := time.Now()
		if out, err := exec.CommandContext(t.Context(), name, "version").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		best = min(best, time.Since(start))
	}
	t.Logf("started in %s", best)
	if best > maxStartUp {
		t.Errorf("the fastest of 500 starts took %s, want %s at most", best, maxStartUp)
	}
}
