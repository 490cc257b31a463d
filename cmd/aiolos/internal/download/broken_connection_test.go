package download_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// cutting serves files of several sizes and cuts every fifth body in its middle.
type cutting struct {
	requests, resumed, sent atomic.Int64
	busy, most              atomic.Int64
	tag                     string
}

// body is the content of /n: from 1 byte to some 200 kB.
func body(n int) []byte {
	return bytes.Repeat([]byte(strconv.Itoa(n)+" "), 1+n*n)
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	busy := c.busy.Add(1)
	defer c.busy.Add(-1)
	for most := c.most.Load(); busy > most && !c.most.CompareAndSwap(most, busy); most = c.most.Load() {
	}
	n, _ := strconv.Atoi(r.URL.Path[1:])
	data := body(n)
	if c.tag != "" {
		w.Header().Set("ETag", c.tag)
	}
	if r.Header.Get("Range") != "" {
		c.resumed.Add(1)
	}
	if c.requests.Add(1)%5 != 0 {
		http.ServeContent(&counting{w, c}, r, "", time.Time{}, bytes.NewReader(data))
		return
	}
	var from int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && c.tag != "" {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
		w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
		w.WriteHeader(http.StatusPartialContent)
	} else {
		from = 0
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	}
	half := data[from : from+(len(data)-from)/2]
	_, _ = w.Write(half)
	c.sent.Add(int64(len(half)))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// counting counts what is sent.
type counting struct {
	http.ResponseWriter
	c *cutting
}

func (w *counting) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.c.sent.Add(int64(n))
	return n, err
}

// fetchAll downloads n files through a session.
func fetchAll(ctx context.Context, t *testing.T, url, dir string, n, retries int) []download.Result {
	t.Helper()
	s, err := session.New(session.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var jobs []download.Job
	for i := range n {
		jobs = append(jobs, download.Job{URL: url + "/" + strconv.Itoa(i), Index: i + 1})
	}
	f := &download.Fetcher{Client: s, Dir: d, Conflict: download.Skip, Progress: &quiet{}, Retries: retries}
	var results []download.Result
	download.Run(ctx, f, jobs, download.Limits{Total: 16, PerHost: 6}, func(r download.Result) { results = append(results, r) })
	return results
}

// wantBodies checks all files and that nothing else is there.
func wantBodies(t *testing.T, dir string, n int) {
	t.Helper()
	for i := range n {
		if got, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i))); err != nil || !bytes.Equal(got, body(i)) {
			t.Errorf("file %d: %d bytes, %v, want %d", i, len(got), err, len(body(i)))
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != n {
		t.Errorf("%d entries in the directory, %v, want %d", len(entries), err, n)
	}
}

// TestCuts: 200 files from a server that cuts one connection of five.
func TestCuts(t *testing.T) {
	t.Parallel()
	const n = 200
	for _, tag := range []string{`"v1"`, ""} {
		t.Run("tag"+tag, func(t *testing.T) {
			t.Parallel()
			c := &cutting{tag: tag}
			srv := httptest.NewServer(c)
			defer srv.Close()
			dir := t.TempDir()
			var size, cuts int64
			for _, r := range fetchAll(t.Context(), t, srv.URL, dir, n, 5) {
				if r.Err != nil {
					t.Errorf("%s: %v", r.Job.URL, r.Err)
				}
				size += r.Size
				cuts += int64(r.Cuts)
			}
			wantBodies(t, dir, n)
			if c.most.Load() > 6 || cuts < n/5 {
				t.Errorf("%d at a time, want 6; %d cuts, want %d at least", c.most.Load(), cuts, n/5)
			}
			if resumed := c.resumed.Load(); (resumed > 0) != (tag != "") {
				t.Errorf("%d requests with a range", resumed)
			}
			// What had arrived is not sent again, if the server can go on.
			if tag != "" && c.sent.Load() != size {
				t.Errorf("%d bytes were sent for %d", c.sent.Load(), size)
			}
		})
	}
}

// TestCutsInterrupted: a second call finishes what an interrupt left behind.
func TestCutsInterrupted(t *testing.T) {
	t.Parallel()
	const n = 60
	var mu sync.Mutex
	served := 0
	ctx, cancel := context.WithCancel(t.Context())
	c := &cutting{tag: `"v1"`}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if served++; served == n/2 {
			cancel()
		}
		mu.Unlock()
		c.ServeHTTP(w, r)
	}))
	defer srv.Close()
	dir := t.TempDir()
	failed := 0
	for _, r := range fetchAll(ctx, t, srv.URL, dir, n, 5) {
		if r.Err != nil {
			failed++
		}
	}
	if failed == 0 || failed == n {
		t.Fatalf("%d of %d failed: the interrupt came at the wrong time", failed, n)
	}
	// The same command with --conflict=skip leaves what is complete as it is.
	for _, r := range fetchAll(t.Context(), t, srv.URL, dir, n, 5) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	wantBodies(t, dir, n)
}

// TestRetriesEnd: a server that always cuts is given up.
func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	requests := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.Header().Set("Content-Length", "10")
		_, _ = w.Write([]byte("12345"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	defer srv.Close()
	r := fetchAll(t.Context(), t, srv.URL, t.TempDir(), 1, 2)[0]
	if r.Err == nil || r.Cuts != 2 || requests != 3 {
		t.Errorf("got %+v after %d requests", r, requests)
	}
}
