//go:build interop && linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/status"
)

// worker is "aiolos-fleet work" in a process of its own.
type worker struct {
	t    *testing.T
	cmd  *exec.Cmd
	said bytes.Buffer
	done chan struct{}
	err  error
}

func startWorker(t *testing.T, r *redisServer, dir string, args ...string) *worker {
	t.Helper()
	w := &worker{t: t, done: make(chan struct{}), cmd: command(t, r.env(), append([]string{"work", "--dir", dir}, args...)...)}
	w.cmd.Stdout, w.cmd.Stderr = &w.said, &w.said
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(w.done)
		w.err = w.cmd.Wait()
	}()
	t.Cleanup(func() {
		w.cmd.Process.Kill()
		<-w.done
	})
	return w
}

// wait waits for its end, which must be one in order.
func (w *worker) wait() {
	w.t.Helper()
	select {
	case <-w.done:
	case <-time.After(2 * patience):
		w.t.Fatal("the worker does not end")
	}
	if w.err != nil {
		w.t.Errorf("got %v:\n%s", w.err, &w.said)
	}
}

// readStatus is what "status --json" says.
func readStatus(t *testing.T, r *redisServer) status.Status {
	t.Helper()
	var s status.Status
	got := call(t, "", r.env(), "status", "--json")
	if err := json.Unmarshal([]byte(got.out), &s); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	return s
}

// site is a server with a file N under /N, which it may hold back.
type site struct {
	*httptest.Server
	hold chan struct{} // nil: nothing is held back

	mu     sync.Mutex
	asked  map[string]int
	ranges int
	held   int
}

func newSite(t *testing.T, hold chan struct{}) *site {
	s := &site{hold: hold, asked: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		s.asked[req.URL.Path]++
		first := s.asked[req.URL.Path] == 1
		if req.Header.Get("Range") != "" {
			s.ranges++
		}
		s.mu.Unlock()
		body := strings.Repeat(req.URL.Path+"\n", 1000)
		w.Header().Set("Etag", `"`+req.URL.Path+`"`)
		if hold != nil && first {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
			io.WriteString(w, body[:len(body)/2])
			http.NewResponseController(w).Flush()
			s.mu.Lock()
			s.held++
			s.mu.Unlock()
			select {
			case <-hold:
			case <-req.Context().Done():
				return
			}
			io.WriteString(w, body[len(body)/2:])
			return
		}
		http.ServeContent(w, req, "", time.Time{}, strings.NewReader(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// underWay is how many requests are held back, or were.
func (s *site) underWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// repeats is how many requests there were beyond the first of each.
func (s *site) repeats() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, times := range s.asked {
		n += times - 1
	}
	return n
}

// push pushes so many of the site's URLs.
func (s *site) push(t *testing.T, r *redisServer, count int) {
	t.Helper()
	var list strings.Builder
	for n := range count {
		fmt.Fprintf(&list, "%s/%d\n", s.URL, n)
	}
	if got := call(t, list.String(), r.env(), "push"); got.code != 0 || !strings.HasPrefix(got.out, strings.ReplaceAll(fmt.Sprint(count), "000", " 000")) {
		t.Fatalf("got %+v", got)
	}
}

// checkFiles compares what was saved with what has to be.
func checkFiles(t *testing.T, dir string, want int) {
	t.Helper()
	got := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		_, name, _ := strings.Cut(filepath.Base(path), "-")
		if string(data) != strings.Repeat("/"+name+"\n", 1000) {
			t.Errorf("%s is not right", path)
		}
		got++
		return err
	})
	if err != nil || got != want {
		t.Errorf("got %d files, %v, want %d", got, err, want)
	}
}

// TestInteropDemo is the demo: three workers, one of which is killed.
func TestInteropDemo(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("not installed: redis-server")
	}
	start := time.Now()
	r := call(t, "", nil, "demo")
	t.Logf("in %v\n%s%s", time.Since(start), r.err, r.out)
	if r.code != 0 || strings.Contains(r.out, "WRONG") {
		t.Errorf("got %d", r.code)
	}
}

// TestInteropTerminate: a worker that is told to end puts back what is under way, and the
// next one goes on with the files where they are.
func TestInteropTerminate(t *testing.T) {
	t.Parallel()
	r, dir := startRedis(t), t.TempDir()
	s := newSite(t, make(chan struct{}))
	s.push(t, r, 6)
	first := startWorker(t, r, dir, "--grace", "500ms", "--per-host", "0")
	await(t, "all are under way", func() bool { return s.underWay() == 6 })
	first.cmd.Process.Signal(syscall.SIGTERM)
	first.wait()
	if now := readStatus(t, r); now.Pending != 6 || now.Active != 0 || now.Failed != 0 {
		t.Errorf("got %+v, want that all 6 wait again", now)
	}
	startWorker(t, r, dir, "--until-done").wait()
	checkFiles(t, dir, 6)
	if s.ranges != 6 {
		t.Errorf("got %d requests for the rest, want 6", s.ranges)
	}
}

// TestInteropStandstill: a worker stands still beyond its leases. Its tasks are done by
// another one, and it does no harm when it goes on.
func TestInteropStandstill(t *testing.T) {
	t.Parallel()
	r, dir, other := startRedis(t), t.TempDir(), t.TempDir()
	hold := make(chan struct{})
	s := newSite(t, hold)
	s.push(t, r, 4)
	first := startWorker(t, r, dir, "--per-host", "0")
	await(t, "all are under way", func() bool { return s.underWay() == 4 })
	first.cmd.Process.Signal(syscall.SIGSTOP)
	start := time.Now()
	startWorker(t, r, other, "--until-done", "--per-host", "0").wait()
	t.Logf("the leases were over, and all done, after %v", time.Since(start))
	checkFiles(t, other, 4)
	close(hold)
	first.cmd.Process.Signal(syscall.SIGCONT)
	time.Sleep(time.Second)
	first.cmd.Process.Signal(syscall.SIGTERM)
	first.wait()
	if now := readStatus(t, r); now.Left() != 0 || now.Completed != 4 || now.Archived != 0 {
		t.Errorf("got %+v, want 4 done", now)
	}
}

// TestInteropRestart: Redis goes away in the middle and comes back; everything is fetched.
func TestInteropRestart(t *testing.T) {
	t.Parallel()
	r, dir := startRedis(t), t.TempDir()
	s := newSite(t, nil)
	s.push(t, r, 1000)
	w := startWorker(t, r, dir, "--until-done", "--rate", "200")
	await(t, "some are done", func() bool { return readStatus(t, r).Completed > 50 })
	r.stop()
	time.Sleep(2 * time.Second)
	r.run()
	w.wait()
	checkFiles(t, dir, 1000)
	if now := readStatus(t, r); now.Left() != 0 || now.Archived != 0 {
		t.Errorf("got %+v", now)
	}
	t.Logf("%d requests again; the worker said:\n%s", s.repeats(), &w.said)
}

// TestInteropDrainAndRetry: drain lets what is under way end and nothing begin; retry brings
// back what was given up.
func TestInteropDrainAndRetry(t *testing.T) {
	t.Parallel()
	r, dir := startRedis(t), t.TempDir()
	hold := make(chan struct{})
	s := newSite(t, hold)
	s.push(t, r, 20)
	w := startWorker(t, r, dir, "--until-done", "-j", "4", "--per-host", "0")
	await(t, "some are under way", func() bool { return s.underWay() == 4 })
	if got := call(t, "", r.env(), "drain", "--timeout", "1s"); got.code != 9 || !strings.Contains(got.err, "4 under way") {
		t.Errorf("got %+v, want 9", got)
	}
	close(hold)
	if got := call(t, "", r.env(), "drain"); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if now := readStatus(t, r); !now.Paused || now.Pending != 16 || now.Completed != 4 {
		t.Errorf("got %+v, want 16 waiting", now)
	}
	call(t, "", r.env(), "drain", "--resume")
	w.wait()
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	call(t, gone.URL+"/x\nhttp://127.0.0.1:1/y\n", r.env(), "push")
	startWorker(t, r, dir, "--until-done", "--attempts", "1").wait()
	if got := call(t, "", r.env(), "retry", "--class", "ClientResponse 404"); got.out != "1 brought back\n" {
		t.Errorf("got %+v", got)
	}
	if now := readStatus(t, r); now.Pending != 1 || now.Archived != 1 || len(now.Failures) != 2 {
		t.Errorf("got %+v", now)
	}
	checkFiles(t, dir, 20)
}

// TestInteropWatch redraws the status on a terminal, until an interrupt.
func TestInteropWatch(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	cmd := command(t, append(r.env(), "TERM=xterm"), "status", "--watch", "--interval", "100ms")
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var mu sync.Mutex
	var shown bytes.Buffer
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := terminal.Read(buf)
			mu.Lock()
			shown.Write(buf[:n])
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	await(t, "it was drawn three times", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Count(shown.String(), "\x1b[H\x1b[2Jdefault") >= 3
	})
	terminal.Write([]byte{3}) // Ctrl-C
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want an end in order", err)
	}
}
