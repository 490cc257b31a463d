//go:build linux || darwin

package session_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session"
)

// diskChild is set in the process whose disk is full.
const diskChild = "AIOLOS_TEST_DISK_CHILD"

// TestSaveFullDisk: a full disk is an error of one line, and what was fetched stays
// and is gone on with. The limit that plays the full disk is that of a process, and
// so the test runs in one of its own.
func TestSaveFullDisk(t *testing.T) {
	if os.Getenv(diskChild) == "" {
		t.Parallel()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSaveFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), diskChild+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS: TestSaveFullDisk/")) {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	t.Run("alone", fullDiskAlone)
	t.Run("parts", fullDiskParts)
	t.Run("parts of the rest", fullDiskRest)
	t.Run("from the start", fullDiskAtOnce)
}

// fillDisk makes every write fail that goes beyond the first bytes of its file, be
// it the part or its description.
func fillDisk(t *testing.T, full bool) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if full {
		limit.Cur = 16
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
}

// wantFullDisk checks the error, and what it is said to have left.
func wantFullDisk(t *testing.T, saved session.Saved, err error, left int64) {
	t.Helper()
	fillDisk(t, false)
	if !errors.Is(err, syscall.EFBIG) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %q, want one line about the disk", err)
	}
	if saved.Unfinished != (left > 0) || saved.Size != left {
		t.Errorf("left %+v, want %d bytes", saved, left)
	}
}

func fullDiskAlone(t *testing.T) {
	f, dir := newFileServer(t), t.TempDir()
	f.handler = func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(&slowly{w}, r, "", f.modified, bytes.NewReader(content))
	}
	path, first := filepath.Join(dir, "f"), int64(0)
	saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: path, Progress: func(done, _ int64) {
		if first == 0 {
			first = done
			fillDisk(t, true)
		}
	}})
	wantFullDisk(t, saved, err, first)
	saved, err = f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: path})
	if err != nil || saved.Resumed != first {
		t.Errorf("then %+v, %v", saved, err)
	}
	wantContent(t, path, content)
}

// slowly writes in pieces.
type slowly struct{ http.ResponseWriter }

func (w *slowly) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		m, err = w.ResponseWriter.Write(p[:min(len(p), 10_000)])
		n, p = n+m, p[m:]
		http.NewResponseController(w.ResponseWriter).Flush()
	}
	return n, err
}

func fullDiskParts(t *testing.T) {
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	f.release = make(chan struct{})
	path := filepath.Join(dir, "f")
	saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4, Progress: func(done, _ int64) {
		if done == 3*mebi+1000 { // all but the rest of the first
			fillDisk(t, true)
			close(f.release)
		}
	}})
	wantFullDisk(t, saved, err, 1000)
	if got := files(t, dir); got != "f.part f.part.json" {
		t.Errorf("files %q", got)
	}
	saved, err = f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4})
	if err != nil || saved.Resumed != 1000 {
		t.Errorf("then %+v, %v", saved, err)
	}
	wantContent(t, path, bigContent)
}

// fullDiskRest: what is there stays, too, if there is no room to say that parts begin.
func fullDiskRest(t *testing.T) {
	f, dir := newPartsServer(t, session.Config{}), t.TempDir()
	f.answer[""] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
		w.Write(bigContent[:1000])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	path := filepath.Join(dir, "f")
	saved, err := f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path})
	if err == nil || saved.Size != 1000 || !saved.Unfinished {
		t.Fatalf("%+v, %v", saved, err)
	}
	fillDisk(t, true)
	saved, err = f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4})
	wantFullDisk(t, saved, err, 1000)
	if got := files(t, dir); got != "f.part f.part.json" {
		t.Errorf("files %q", got)
	}
	saved, err = f.s.Save(t.Context(), f.URL+"/big", session.SaveConfig{Path: path, Parallel: 4})
	if err != nil || saved.Resumed != 1000 {
		t.Errorf("then %+v, %v", saved, err)
	}
	wantContent(t, path, bigContent)
}

// fullDiskAtOnce: not even the description can be written.
func fullDiskAtOnce(t *testing.T) {
	f, dir := newFileServer(t), t.TempDir()
	fillDisk(t, true)
	saved, err := f.s.Save(t.Context(), f.URL+"/f", session.SaveConfig{Path: filepath.Join(dir, "f")})
	wantFullDisk(t, saved, err, 0)
	if got := files(t, dir); got != "" {
		t.Errorf("files %q", got)
	}
}
