package download_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/download"
)

// content is what the test server has at /file.
func content() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 4096) }

// server is a file server that can cut bodies, and remembers the ranges that it
// was asked for.
type server struct {
	*httptest.Server
	sess     *session.Session
	mu       sync.Mutex
	tag      string
	modified time.Time
	cutAt    int // bytes of a body before the connection is cut; 0: never
	header   http.Header
	ranges   []string
	handler  http.HandlerFunc // in place of all this
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{tag: `"v1"`, header: http.Header{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	var err error
	if s.sess, err = session.New(session.Config{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.sess.Close() })
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Range"))
	if s.handler != nil {
		s.handler(w, r)
		return
	}
	maps.Copy(w.Header(), s.header)
	if s.tag != "" {
		w.Header().Set("ETag", s.tag)
	}
	if s.cutAt > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(content())))
		_, _ = w.Write(content()[:s.cutAt])
		s.cutAt = 0
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", s.modified, bytes.NewReader(content()))
}

// asked returns the range headers so far and forgets them.
func (s *server) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := strings.Join(s.ranges, "|")
	s.ranges = nil
	return got
}

// quiet is a Progress that counts.
type quiet struct {
	mu             sync.Mutex
	started, ended int
	added          int64
}

func (q *quiet) Start(string, int64, int64) download.Tracker {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.started++
	return q
}

func (q *quiet) Add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.added += int64(n)
}

func (q *quiet) Stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended++
}

// fetch makes one call of the tool for one URL.
func fetch(t *testing.T, s *server, dir string, c download.Conflict, job download.Job) download.Result {
	t.Helper()
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	q := &quiet{}
	f := &download.Fetcher{Client: s.sess, Dir: d, Conflict: c, Progress: q}
	res := f.Fetch(t.Context(), job)
	if q.started != q.ended {
		t.Errorf("%d downloads were shown and %d ended", q.started, q.ended)
	}
	if res.Err == nil && !res.Skipped && q.added != res.Size-res.Had {
		t.Errorf("progress of %d bytes, want %d", q.added, res.Size-res.Had)
	}
	return res
}

// files returns the names in a directory.
func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// wantFile checks that a file has the whole content.
func wantFile(t *testing.T, dir, name string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || !bytes.Equal(got, content()) {
		t.Errorf("%s: %d bytes, %v, want the %d of the server", name, len(got), err, len(content()))
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/file.bin?x=1", Index: 1})
	if res.Err != nil || res.Name != "file.bin" || res.Size != int64(len(content())) || res.Had != 0 {
		t.Errorf("got %+v", res)
	}
	wantFile(t, dir, "file.bin")
	if got := files(t, dir); got != "file.bin" {
		t.Errorf("files %q, want file.bin alone", got)
	}
}

func TestFetchResumes(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	for _, tt := range []struct {
		name, tag string
		modified  time.Time
		range2    string
		had       int64
	}{
		{"by tag", `"v1"`, time.Time{}, `bytes=1000- "v1"`, 1000},
		{"by date", "", old, "bytes=1000- " + old.Format(http.TimeFormat), 1000},
		{"weak tag, by date", `W/"v1"`, old, "bytes=1000- " + old.Format(http.TimeFormat), 1000},
		{"weak tag alone starts again", `W/"v1"`, time.Time{}, " ", 0},
		{"nothing starts again", "", time.Time{}, " ", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			s.tag, s.modified, s.cutAt = tt.tag, tt.modified, 1000
			if !tt.modified.IsZero() {
				s.header.Set("Last-Modified", tt.modified.Format(http.TimeFormat))
			}
			job := download.Job{URL: s.URL + "/f", Index: 1}
			first := fetch(t, s, dir, download.Rename, job)
			if first.Err == nil || first.Kept != (tt.had > 0) || first.Size != 1000 || first.Name != "f" {
				t.Fatalf("first call: got %+v, want a failure at 1000 bytes", first)
			}
			want := ""
			if first.Kept {
				want = "f.part f.part.json"
			}
			if got := files(t, dir); got != want {
				t.Fatalf("files %q, want %q", got, want)
			}
			s.asked()
			second := fetch(t, s, dir, download.Rename, job)
			if second.Err != nil || second.Had != tt.had || second.Name != "f" {
				t.Errorf("second call: got %+v, want %d bytes kept", second, tt.had)
			}
			if got := s.asked(); got != tt.range2 {
				t.Errorf("asked for %q, want %q", got, tt.range2)
			}
			wantFile(t, dir, "f")
			if got := files(t, dir); got != "f" {
				t.Errorf("files %q, want f alone", got)
			}
		})
	}
}

// TestFetchResumesByDisposition needs the description to find the part again,
// for the name is not in the URL.
func TestFetchResumesByDisposition(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	s.cutAt = 5
	s.header.Set("Content-Disposition", `attachment; filename="real.bin"`)
	job := download.Job{URL: s.URL + "/get?id=7", Index: 1}
	fetch(t, s, dir, download.Rename, job)
	if res := fetch(t, s, dir, download.Rename, job); res.Err != nil || res.Had != 5 || res.Name != "real.bin" {
		t.Errorf("got %+v", res)
	}
	wantFile(t, dir, "real.bin")
}

// unfinished leaves a part of n bytes behind, as an interrupted call would.
func unfinished(t *testing.T, s *server, dir, name string, n int) {
	t.Helper()
	meta := fmt.Sprintf(`{"url":%q,"etag":"\"v1\"","length":%d}`, s.URL+"/f", len(content()))
	for file, data := range map[string][]byte{name + ".part": content()[:n], name + ".part.json": []byte(meta)} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchAnswersToARange(t *testing.T) {
	t.Parallel()
	all := len(content())
	reply := func(status int, contentRange, tag string, body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				_, _ = w.Write(content())
				return
			}
			w.Header().Set("Content-Range", contentRange)
			w.Header().Set("ETag", tag)
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	for _, tt := range []struct {
		name    string
		have    int
		handler http.HandlerFunc
		had     int64
		asks    int
	}{
		{"continued", 1000, reply(206, fmt.Sprintf("bytes 1000-%d/%d", all-1, all), `"v1"`, content()[1000:]), 1000, 1},
		{"length unknown to the server", 1000, reply(206, fmt.Sprintf("bytes 1000-%d/*", all-1), `"v1"`, content()[1000:]), 1000, 1},
		{"whole file", 1000, reply(200, "", `"v2"`, content()), 0, 1},
		{"complete already", all, reply(416, fmt.Sprintf("bytes */%d", all), "", nil), int64(all), 1},
		{"complete, no length", all, reply(416, "", "", nil), int64(all), 1},
		{"complete, not ours", 1000, reply(416, "bytes */1001", "", nil), 0, 2},
		{"wrong place", 1000, reply(206, fmt.Sprintf("bytes 999-%d/%d", all-1, all), `"v1"`, content()[999:]), 0, 2},
		{"no place", 1000, reply(206, "", `"v1"`, content()[1000:]), 0, 2},
		{"other length", 1000, reply(206, fmt.Sprintf("bytes 1000-%d/%d", all, all+1), `"v1"`, content()[999:]), 0, 2},
		{"other tag", 1000, reply(206, fmt.Sprintf("bytes 1000-%d/%d", all-1, all), `"v2"`, content()[1000:]), 0, 2},
		{"longer than the file", all, reply(416, fmt.Sprintf("bytes */%d", all-1), "", nil), 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			s.handler = tt.handler
			unfinished(t, s, dir, "f", tt.have)
			res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/f", Index: 1})
			if res.Err != nil || res.Had != tt.had || res.Size != int64(all) {
				t.Errorf("got %+v, want %d bytes kept", res, tt.had)
			}
			if got := strings.Count(s.asked(), "|") + 1; got != tt.asks {
				t.Errorf("%d requests, want %d", got, tt.asks)
			}
			wantFile(t, dir, "f")
			if got := files(t, dir); got != "f" {
				t.Errorf("files %q, want f alone", got)
			}
		})
	}
}

func TestFetchFailures(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		code    int
	}{
		{"status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, 4},
		{"busy", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, 5},
		{"part that nobody asked for", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPartialContent) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, dir := newServer(t), t.TempDir()
			s.handler = tt.handler
			res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/f", Index: 1})
			if got := download.ExitCode(res.Err); got != tt.code {
				t.Errorf("%v: exit code %d, want %d", res.Err, got, tt.code)
			}
			if got := files(t, dir); got != "" || res.Kept {
				t.Errorf("files %q, kept %v, want none", got, res.Kept)
			}
		})
	}
}

// TestFetchErrorKeepsThePart: a 503 to a range must not cost the bytes.
func TestFetchErrorKeepsThePart(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	s.handler = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }
	unfinished(t, s, dir, "f", 1000)
	res := fetch(t, s, dir, download.Rename, download.Job{URL: s.URL + "/f", Index: 1})
	if res.Err == nil || !res.Kept {
		t.Errorf("got %+v", res)
	}
	if info, err := os.Stat(filepath.Join(dir, "f.part")); err != nil || info.Size() != 1000 {
		t.Errorf("part: %v, %v, want its 1000 bytes", info, err)
	}
}

func TestFetchInterrupt(t *testing.T) {
	t.Parallel()
	s, dir := newServer(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	s.handler = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content())))
		w.Header().Set("ETag", `"v1"`)
		_, _ = w.Write(content()[:1000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	d, err := download.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	f := &download.Fetcher{Client: s.sess, Dir: d, Conflict: download.Rename, Progress: cancelling{cancel}}
	res := f.Fetch(ctx, download.Job{URL: s.URL + "/f", Index: 1})
	if !errors.Is(res.Err, context.Canceled) || download.ExitCode(res.Err) != 130 || !res.Kept || res.Size != 1000 {
		t.Errorf("got %+v, want an interrupt with 1000 bytes kept", res)
	}
}

// cancelling is a Progress that interrupts at the first bytes.
type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Start(string, int64, int64) download.Tracker { return c }
func (c cancelling) Add(int)                                     { c.cancel() }
func (c cancelling) Stop()                                       {}
