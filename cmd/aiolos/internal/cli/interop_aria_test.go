//go:build interop

package cli_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// pacedWriter writes so many bytes a second.
type pacedWriter struct {
	http.ResponseWriter
	rate  int
	start time.Time
	sent  int
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		m, err := w.ResponseWriter.Write(p[n:min(n+32<<10, len(p))])
		n += m
		w.sent += m
		if err != nil {
			return n, err
		}
		time.Sleep(time.Until(w.start.Add(time.Duration(w.sent) * time.Second / time.Duration(w.rate))))
	}
	return len(p), nil
}

// TestInteropAria: "get -x 4" of a large file takes no longer than "aria2c -x4", where the
// server gives each connection its share. The rounds alternate, and the best of each
// counts, for what else the machine does only ever makes a round worse.
func TestInteropAria(t *testing.T) {
	const (
		size   = 64 << 20
		rate   = 8 << 20 // of a connection, so that four take two seconds
		rounds = 3
		band   = 1.05
	)
	aria, err := exec.LookPath("aria2c")
	if err != nil {
		t.Skip("there is no aria2c")
	}
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(&pacedWriter{ResponseWriter: w, rate: rate, start: time.Now()}, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(srv.Close)
	measure := func(get func(dir string)) time.Duration {
		dir := t.TempDir()
		start := time.Now()
		get(dir)
		elapsed := time.Since(start)
		if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		return elapsed
	}
	ours, theirs := time.Hour, time.Hour
	for range rounds {
		theirs = min(theirs, measure(func(dir string) {
			out, err := exec.CommandContext(t.Context(), aria, "-q", "-x4", "-s4", "-k1M", "--no-conf", "-d", dir, "-o", "f", srv.URL+"/f").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}))
		ours = min(ours, measure(func(dir string) {
			if got := run(t.Context(), streams(), "get", "-q", "-x", "4", "-d", dir, "-o", "f", srv.URL+"/f"); got.code != 0 {
				t.Fatalf("got %+v", got)
			}
		}))
	}
	t.Logf("64 MiB at 8 MiB/s for each connection: aiolos %s, aria2c %s", ours, theirs)
	if float64(ours) > band*float64(theirs) {
		t.Errorf("got %s, want no more than aria2c's %s", ours, theirs)
	}
}
