package session_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/session"
)

const mebi = 1 << 20

// bigContent is what the parts server has: 4 MiB in which no two places are alike, for each
// line is its own offset. It is made without fmt, for every start of the tests, also of those
// in processes of their own, pays for it.
var bigContent = func() []byte {
	const line = "000000000000000\n"
	b := bytes.Repeat([]byte(line), 4*mebi/len(line))
	for from := 0; from < len(b); from += len(line) {
		for at, n := from+len(line)-2, from; n > 0; at, n = at-1, n/10 {
			b[at] += byte(n % 10)
		}
	}
	return b
}()

// partsServer serves bigContent in ranges. The answer to a request without a range
// comes to its first mebibyte, and goes on when all others were answered, so that
// the parts are what they would be on a slow network.
type partsServer struct {
	*httptest.Server
	s *session.Session

	mu      sync.Mutex
	asked   []string
	answer  map[string]http.HandlerFunc // by the Range
	header  http.Header
	release chan struct{} // the rest of the whole goes on; nil: at once
}

func newPartsServer(t *testing.T, cfg session.Config) *partsServer {
	t.Helper()
	f := &partsServer{answer: map[string]http.HandlerFunc{}, header: http.Header{"Etag": {`"v1"`}}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	f.s = newSession(t, cfg)
	return f
}

func (f *partsServer) serve(w http.ResponseWriter, r *http.Request) {
	span := r.Header.Get("Range")
	f.mu.Lock()
	f.asked = append(f.asked, strings.TrimSpace(span+" "+r.Header.Get("If-Range")))
	answer, release := f.answer[span], f.release
	maps.Copy(w.Header(), f.header)
	f.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case span == "" && release != nil:
		w.Header().Set("Accept-Ranges", "bytes")
		w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
		w.Write(bigContent[:1000])
		http.NewResponseController(w).Flush()
		select {
		case <-release:
			w.Write(bigContent[1000:])
		case <-r.Context().Done():
		}
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(bigContent))
	}
}

// requests are the sorted range headers so far, which are then forgotten.
func (f *partsServer) requests() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	slices.Sort(f.asked)
	got := strings.Join(f.asked, "|")
	f.asked = nil
	return got
}

// counting is a progress that closes done once n bytes are there, and fails the
// test if it goes back or is called twice at once.
func counting(t *testing.T, n int64, done chan struct{}) func(done, total int64) {
	var last int64
	var busy sync.Mutex
	return func(got, total int64) {
		if !busy.TryLock() {
			t.Error("progress is called twice at once")
			return
		}
		defer busy.Unlock()
		if got <= last || total != int64(len(bigContent)) {
			t.Errorf("progress %d of %d after %d", got, total, last)
		}
		if last < n && got >= n && done != nil {
			close(done)
		}
		last = got
	}
}

// saveBig saves into a fresh directory, both ways.
func saveBig(t *testing.T, f *partsServer, way string, cfg session.SaveConfig, opts ...session.Option) (session.Saved, error) {
	t.Helper()
	if way == "session" {
		return f.s.Save(t.Context(), f.URL+"/big", cfg, opts...)
	}
	resp, err := f.s.Get(t.Context(), f.URL+"/big", opts...)
	if err != nil {
		return session.Saved{}, err
	}
	return resp.SaveTo(t.Context(), cfg)
}

const (
	second  = `bytes=1048576-2097151 "v1"`
	third   = `bytes=2097152-3145727 "v1"`
	fourth  = `bytes=3145728-4194303 "v1"`
	allFour = "|" + second + "|" + third + "|" + fourth
)

// TestSaveParallel: the parts are asked for exactly, and together they are the file.
func TestSaveParallel(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"session", "response"} {
		for n, want := range map[int]string{
			4: allFour, 100: allFour, 3: `|bytes=1398101-2796201 "v1"|bytes=2796202-4194303 "v1"`, 2: `|bytes=2097152-4194303 "v1"`, 1: "", 0: "", -1: "",
		} {
			t.Run(fmt.Sprint(way, n), func(t *testing.T) {
				t.Parallel()
				f, dir := newPartsServer(t, session.Config{}), t.TempDir()
				cfg := session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: n, Hash: sha256.New, Progress: counting(t, 0, nil)}
				sum := sha256.Sum256(bigContent)
				cfg.Sum = sum[:]
				if want != "" {
					// The whole goes on only when the other parts are there.
					f.release = make(chan struct{})
					others := min(n, 4) - 1
					cfg.Progress = counting(t, int64(len(bigContent)*others/(others+1)), f.release)
				}
				saved, err := saveBig(t, f, way, cfg)
				if err != nil || saved.Size != int64(len(bigContent)) || saved.Resumed != 0 {
					t.Errorf("got %+v, %v", saved, err)
				}
				if got := f.requests(); got != want {
					t.Errorf("asked for %s\nwant %s", got, want)
				}
				wantContent(t, filepath.Join(dir, "f"), bigContent)
				if got := files(t, dir); got != "f" {
					t.Errorf("files %q", got)
				}
			})
		}
	}
}

// held is a file of which only the start is read before the rest is released.
type held struct {
	*bytes.Reader
	release <-chan struct{}
	over    <-chan struct{} // the test has ended
}

func (h *held) Read(p []byte) (int, error) {
	if h.Size()-int64(h.Len()) > 0 {
		select {
		case <-h.release:
		case <-h.over:
		}
	}
	return h.Reader.Read(p[:min(len(p), 1000)])
}

// TestSaveParallelAlone: one request is enough, or all that can be had.
func TestSaveParallelAlone(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-time.Hour)
	serve := func(content []byte, modified time.Time, header ...string) func(f *partsServer, w http.ResponseWriter, r *http.Request) {
		return func(f *partsServer, w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			var file io.ReadSeeker = bytes.NewReader(content)
			if r.Header.Get("Range") == "" && f.release != nil {
				file = &held{bytes.NewReader(content), f.release, t.Context().Done()}
			}
			http.ServeContent(w, r, "", modified, file)
		}
	}
	for _, tt := range []struct {
		name     string
		handler  func(f *partsServer, w http.ResponseWriter, r *http.Request)
		opts     []session.Option
		requests int
	}{
		{"weak tag", serve(bigContent, time.Time{}, "Etag", `W/"v1"`), nil, 1},
		{"no validator", serve(bigContent, time.Time{}, "Etag", ""), nil, 1},
		{"new date", serve(bigContent, time.Now().Add(time.Hour), "Etag", ""), nil, 1},
		{"old date", serve(bigContent, old, "Etag", ""), nil, 4},
		{"weak tag and old date", serve(bigContent, old, "Etag", `W/"v1"`), nil, 4},
		{"short", serve(bigContent[:2*mebi-1], time.Time{}), nil, 1},
		{"long enough for two", serve(bigContent[:2*mebi], time.Time{}), nil, 2},
		{"no ranges", func(_ *partsServer, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
			w.Write(bigContent)
		}, nil, 1},
		{"ranges refused", func(_ *partsServer, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(bigContent)))
			w.Header().Set("Accept-Ranges", "none")
			w.Write(bigContent)
		}, nil, 1},
		{"no length", func(_ *partsServer, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Accept-Ranges", "bytes")
			http.NewResponseController(w).Flush()
			w.Write(bigContent)
		}, nil, 1},
		{"a bound of the body", serve(bigContent, time.Time{}), opt(session.MaxBodySize(int64(len(bigContent)) - 1)), 1},
		{"a bound that is enough", serve(bigContent, time.Time{}), opt(session.MaxBodySize(int64(len(bigContent)))), 4},
		{"progress of the request", serve(bigContent, time.Time{}), opt(session.Progress(func(int64, int64) {})), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, dir := newPartsServer(t, session.Config{}), t.TempDir()
			f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				f.mu.Lock()
				f.asked = append(f.asked, r.Header.Get("Range"))
				f.mu.Unlock()
				w.Header().Set("Etag", `"v1"`)
				tt.handler(f, w, r)
			})
			cfg := session.SaveConfig{Path: filepath.Join(dir, "f"), Parallel: 4}
			if n := tt.requests; n > 1 {
				f.release = make(chan struct{})
				var once sync.Once
				cfg.Progress = func(done, total int64) {
					if done >= total/int64(n)*int64(n-1) {
						once.Do(func() { close(f.release) })
					}
				}
			}
			saved, err := f.s.Save(t.Context(), f.URL+"/big", cfg, tt.opts...)
			if bounded := tt.name == "a bound of the body"; bounded != (err != nil) {
				t.Errorf("got %+v, %v", saved, err)
			}
			if got := strings.Count(f.requests(), "|") + 1; got != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if err == nil {
				data, err := os.ReadFile(filepath.Join(dir, "f"))
				if err != nil || !bytes.HasPrefix(bigContent, data) || int64(len(data)) != saved.Size {
					t.Errorf("the file has %d bytes, %v", len(data), err)
				}
			}
		})
	}
}
