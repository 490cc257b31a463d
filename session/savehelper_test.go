package session_test

import (
	"bytes"
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
)

// content is what the file server has, wherever one looks.
var content = bytes.Repeat([]byte("0123456789abcdef"), 4096)

// fileServer serves content, can cut it short, and remembers what it was asked.
type fileServer struct {
	*httptest.Server
	s *session.Session

	mu       sync.Mutex
	tag      string
	modified time.Time
	header   http.Header
	cutAt    int // of the next body, the bytes before the connection is cut
	handler  http.HandlerFunc
	asked    []string
}

func newFileServer(t *testing.T) *fileServer {
	t.Helper()
	f := &fileServer{tag: `"v1"`, header: http.Header{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	f.s = newSession(t, session.Config{})
	return f
}

func (f *fileServer) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
	maps.Copy(w.Header(), f.header)
	if f.tag != "" {
		w.Header().Set("ETag", f.tag)
	}
	switch {
	case f.handler != nil:
		f.handler(w, r)
	case f.cutAt > 0:
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		w.Write(content[:f.cutAt])
		f.cutAt = 0
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		http.ServeContent(w, r, "", f.modified, bytes.NewReader(content))
	}
}

// requests are the range headers so far, which are then forgotten.
func (f *fileServer) requests() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	got := strings.Join(f.asked, "|")
	f.asked = nil
	return got
}

// ways are the two ways to save.
var ways = map[string]func(t *testing.T, f *fileServer, url string, cfg session.SaveConfig) (session.Saved, error){
	"session": func(t *testing.T, f *fileServer, url string, cfg session.SaveConfig) (session.Saved, error) {
		t.Helper()
		return f.s.Save(t.Context(), f.URL+url, cfg)
	},
	"response": func(t *testing.T, f *fileServer, url string, cfg session.SaveConfig) (session.Saved, error) {
		t.Helper()
		resp, err := f.s.Get(t.Context(), f.URL+url)
		if err != nil {
			return session.Saved{}, err
		}
		return resp.SaveTo(t.Context(), cfg)
	},
}

// files are the names in a directory.
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

func wantContent(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, %v, want the %d of the server", path, len(got), err, len(want))
	}
}

// plant leaves an unfinished file behind, as the command line tool would.
func plant(t *testing.T, f *fileServer, dir, name, url string, data []byte) {
	t.Helper()
	meta := fmt.Sprintf("{\n  \"url\": %q,\n  \"etag\": \"\\\"v1\\\"\",\n  \"length\": %d\n}\n", f.URL+url, len(content))
	for file, data := range map[string][]byte{name + ".part": data, name + ".part.json": []byte(meta)} {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
