package download_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// in makes a Fetcher for a directory.
func in(t *testing.T, s *server, dir string, c download.Conflict) *download.Fetcher {
	t.Helper()
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return &download.Fetcher{Client: s.sess, Dir: d, Conflict: c, Progress: &quiet{}}
}

// TestRetryKeepsTheName: a transfer that broke goes on in its own file, whatever
// the name of that has become.
func TestRetryKeepsTheName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		conflict download.Conflict
		tag      string
		name     string
		asked    string
	}{
		{download.Rename, `"v1"`, "f-1", ` |bytes=1000- "v1"`},
		{download.Rename, "", "f-1", " | "},
		{download.Overwrite, `"v1"`, "f", ` |bytes=1000- "v1"`},
		{download.Overwrite, "", "f", " | "},
	} {
		for _, given := range []string{"f", ""} {
			s, dir := newServer(t), t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "f"), []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.cutAt, s.tag = 1000, tt.tag
			f := in(t, s, dir, tt.conflict)
			f.Retries = 1
			res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f", Name: given, Index: 1})
			if res.Err != nil || res.Name != tt.name || res.Cuts != 1 || res.Had != 0 {
				t.Errorf("%s %q: got %+v", tt.conflict, given, res)
			}
			if got := s.asked(); got != tt.asked {
				t.Errorf("%s %q: asked for %q, want %q", tt.conflict, given, got, tt.asked)
			}
			wantFile(t, dir, tt.name)
			if got := files(t, dir); strings.Contains(got, "part") {
				t.Errorf("%s %q: files %q", tt.conflict, given, got)
			}
		}
	}
}

// TestNoRetry: what would be the same again is not tried again.
func TestNoRetry(t *testing.T) {
	t.Parallel()
	sum, err := download.ParseSum("sha256:" + strings.Repeat("00", 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, status := range map[string]int{"checksum": http.StatusOK, "status": http.StatusNotFound} {
		s, dir := newServer(t), t.TempDir()
		s.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		f := in(t, s, dir, download.Rename)
		f.Retries = 3
		res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f", Index: 1, Sum: sum})
		if res.Err == nil || res.Cuts != 0 || res.Kept || s.asked() != " " || files(t, dir) != "" {
			t.Errorf("%s: got %+v, files %q", name, res, files(t, dir))
		}
	}
}

// TestSameURLTwice: of two jobs for one URL one goes on with the unfinished file.
func TestSameURLTwice(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	unfinished(t, s, dir, "f", 1000)
	job := download.Job{URL: s.URL + "/f", Index: 1}
	had := map[string]int64{}
	download.Run(t.Context(), in(t, s, dir, download.Rename), []download.Job{job, job, job}, download.Limits{Total: 3, PerHost: 3}, func(r download.Result) {
		if r.Err != nil {
			t.Error(r.Err)
		}
		had[r.Name] = r.Had
		wantFile(t, dir, r.Name)
	})
	if len(had) != 3 || had["f"] != 1000 || had["f-1"] != 0 || had["f-2"] != 0 {
		t.Errorf("had %v", had)
	}
}

// TestOverwriteOnce: a file of the same run is not what --conflict=overwrite means.
func TestOverwriteOnce(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	jobs := []download.Job{{URL: s.URL + "/a/F", Index: 1}, {URL: s.URL + "/b/f", Index: 2}}
	download.Run(t.Context(), in(t, s, dir, download.Overwrite), jobs, download.Limits{Total: 1, PerHost: 1}, func(r download.Result) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	})
	if got := files(t, dir); got != "F f-1" {
		t.Errorf("files %q", got)
	}
}

// TestNameIsADirectory: -o names a file, and not where it goes.
func TestNameIsADirectory(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/f", Name: "x", Index: 1}); res.Err != nil || res.Name != "x-1" {
		t.Errorf("got %+v", res)
	}
	if res := fetch(t, s, dir, download.Overwrite, download.Job{URL: s.URL + "/f", Name: "x", Index: 1}); res.Err == nil {
		t.Errorf("got %+v in the place of a directory", res)
	}
}

// TestParallel: parts of one file come at the same time, if that is asked for.
func TestParallel(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat(content(), 64) // 4 MiB
	for _, parallel := range []int{0, 4} {
		s, dir := newServer(t), t.TempDir()
		asked := make(chan struct{})
		ask := sync.OnceFunc(func() { close(asked) })
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"v1"`)
			if r.Header.Get("Range") != "" {
				ask()
			} else if parallel > 1 {
				w.Header().Set("Accept-Ranges", "bytes")
				w.Header().Set("Content-Length", strconv.Itoa(len(data)))
				_, _ = w.Write(data[:1000])
				_ = http.NewResponseController(w).Flush()
				select {
				case <-asked: // a part is asked for while this one comes
				case <-t.Context().Done():
				}
				_, _ = w.Write(data[1000:])
				return
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		})
		q := &quiet{}
		f := in(t, s, dir, download.Rename)
		f.Parallel, f.Progress = parallel, q
		res := f.Fetch(t.Context(), download.Job{URL: s.URL + "/f", Index: 1})
		if res.Err != nil || res.Size != int64(len(data)) || q.added != res.Size || q.started != 1 || q.ended != 1 {
			t.Errorf("got %+v, progress %d", res, q.added)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

// TestExitCode: what a status means to a script, and what is said of it.
func TestExitCode(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{404: 4, 503: 5, 304: 3, 206: 1, 416: 4} {
		s, dir := newServer(t), t.TempDir()
		s.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/f", Index: 1})
		if got := download.ExitCode(res.Err); got != want {
			t.Errorf("%d: exit code %d, want %d", status, got, want)
		}
		if status != http.StatusPartialContent && !strings.HasSuffix(res.Err.Error(), http.StatusText(status)) {
			t.Errorf("%d: %v", status, res.Err)
		}
	}
	if got := download.ExitCode(nil); got != 0 {
		t.Errorf("exit code %d without an error", got)
	}
}
