//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	manyFiles = 200
	perHost   = 6
)

// content is that of file n: from nothing to 200 kB, and some of 1 MB.
func content(n int) []byte {
	size := n * n * 5
	if n%50 == 49 {
		size = 1 << 20
	}
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)}).Read(data) // it does not fail
	return data
}

// unreliable cuts every fifth transfer in its middle.
type unreliable struct {
	requests, cuts, resumed, sent atomic.Int64
	busy, most                    atomic.Int64
	reached                       chan struct{} // closed at the request number stop
	stop                          int64
}

func (u *unreliable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	busy := u.busy.Add(1)
	defer u.busy.Add(-1)
	for most := u.most.Load(); busy > most && !u.most.CompareAndSwap(most, busy); most = u.most.Load() {
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/f"))
	data := content(n)
	w.Header().Set("ETag", `"v1"`)
	if r.Header.Get("Range") != "" {
		u.resumed.Add(1)
	}
	count := u.requests.Add(1)
	if count == u.stop {
		close(u.reached)
	}
	out := &cutter{ResponseWriter: w, u: u, left: -1}
	if count%5 == 0 && len(data) > 1 {
		out.left = len(data) / 2
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(data))
}

// cutter breaks the connection after so many bytes, if left is not negative.
type cutter struct {
	http.ResponseWriter

	u    *unreliable
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.left >= 0 && len(p) > c.left {
		n, _ := c.ResponseWriter.Write(p[:c.left])
		c.u.sent.Add(int64(n))
		c.u.cuts.Add(1)
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	if c.left >= 0 {
		c.left -= len(p)
	}
	n, err := c.ResponseWriter.Write(p)
	c.u.sent.Add(int64(n))
	return n, err
}

// lists writes the list of URLs and that of checksums.
func lists(t *testing.T, url string) (urls, sums string, total int64) {
	t.Helper()
	var u, s strings.Builder
	for n := range manyFiles {
		data := content(n)
		total += int64(len(data))
		fmt.Fprintf(&u, "%s/f%d\n", url, n)
		fmt.Fprintf(&s, "%x  f%d\n", sha256.Sum256(data), n)
	}
	dir := t.TempDir()
	urls, sums = filepath.Join(dir, "urls"), filepath.Join(dir, "sums")
	for name, text := range map[string]string{urls: u.String(), sums: s.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return urls, sums, total
}

// TestManyDownloads: a process fetches 200 files of all sizes from a server that cuts
// one transfer of five, is interrupted in the middle, and says how to go on; a second
// one finishes the rest. Nothing is fetched twice, and the limits hold.
func TestManyDownloads(t *testing.T) {
	t.Parallel()
	u := &unreliable{reached: make(chan struct{}), stop: manyFiles / 2}
	srv := httptest.NewServer(u)
	defer srv.Close()
	urls, sums, total := lists(t, srv.URL)
	dir := filepath.Join(t.TempDir(), "files")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	name := program(t)
	start := func() (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.CommandContext(ctx, name, "get", "-i", urls, "-d", dir, "-j", "16", "--per-host", strconv.Itoa(perHost),
			"--checksum", "@"+sums, "--on-conflict=skip", "--no-config")
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &stderr
	}

	first, said := start()
	select {
	case <-u.reached:
	case <-ctx.Done():
		t.Fatalf("%d requests have come\n%s", u.requests.Load(), said)
	}
	if err := first.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if code := first.ProcessState.ExitCode(); code != 130 || !strings.Contains(said.String(), "aiolos: interrupted") {
		t.Errorf("the interrupted one ended with %d and said\n%s", code, said)
	}
	whole, parts := 0, 0
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.Name(), ".part"):
			parts++
		case !strings.HasSuffix(e.Name(), ".json"):
			whole++
		}
	}
	if whole < manyFiles/10 || whole == manyFiles {
		t.Errorf("%d files are complete after the interrupt", whole)
	}
	if parts > 0 && !strings.Contains(said.String(), "run the same command to continue with ") {
		t.Errorf("%d parts are left, and nothing tells of them:\n%s", parts, said)
	}

	second, said := start()
	if err := second.Wait(); err != nil {
		t.Errorf("the second one: %v\n%s", err, said)
	}
	if n := strings.Count(said.String(), "skipped  "); n != whole {
		t.Errorf("%d files were skipped, want the %d that were complete", n, whole)
	}
	for n := range manyFiles {
		if got, err := os.ReadFile(filepath.Join(dir, "f"+strconv.Itoa(n))); err != nil || !bytes.Equal(got, content(n)) {
			t.Errorf("file %d: %d bytes, %v", n, len(got), err)
		}
	}
	if entries, err = os.ReadDir(dir); err != nil || len(entries) != manyFiles {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	// What the first process was sent and did not get onto the disk is at most what was
	// under way.
	under := int64(perHost) * (1 << 20)
	if sent := u.sent.Load(); sent < total || sent > total+under {
		t.Errorf("%d bytes were sent for %d", sent, total)
	}
	if u.most.Load() > perHost {
		t.Errorf("%d transfers at a time, want %d", u.most.Load(), perHost)
	}
	if u.cuts.Load() < manyFiles/10 || u.resumed.Load() < u.cuts.Load()/2 {
		t.Errorf("%d cuts, %d resumed", u.cuts.Load(), u.resumed.Load())
	}
	t.Logf("%d requests, %d cuts, %d resumed, %d of %d bytes, %d whole and %d parts after the interrupt",
		u.requests.Load(), u.cuts.Load(), u.resumed.Load(), u.sent.Load(), total, whole, parts)
}
