package cache_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// serveBody answers each request with a fresh response with that body.
func serveBody(asked *int, length int64, body func() io.Reader) http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		*asked++
		return &http.Response{
			StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{"Cache-Control": {"max-age=100"}},
			Body: io.NopCloser(body()), ContentLength: length, Request: req,
		}, nil
	})
}

// A body is kept if it was read whole, and not if it was not.
func TestBody(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 10)
	broken := func() io.Reader { return io.MultiReader(strings.NewReader(text[:50]), failingReader{}) }
	whole := func() io.Reader { return strings.NewReader(text) }
	for _, tc := range []struct {
		name   string
		limit  int64
		length int64
		body   func() io.Reader
		read   int64 // bytes that are read before Close; -1 is all
		kept   bool
	}{
		{"read to the end", 0, 100, whole, -1, true},
		{"of unknown length", 0, -1, whole, -1, true},
		{"read to its length but not to EOF", 0, 100, whole, 100, true},
		{"not read", 0, 100, whole, 0, false},
		{"half read", 0, 100, whole, 50, false},
		{"all but EOF of unknown length", 0, -1, whole, 100, false},
		{"shorter than announced", 0, 200, whole, -1, false},
		{"broken", 0, -1, broken, -1, false},
		{"as large as the limit", 100, -1, whole, -1, true},
		{"larger than the limit", 99, -1, whole, -1, false},
		{"announced larger than the limit", 99, 100, whole, -1, false},
		{"no limit", -1, 100, whole, -1, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var asked int
			c := cache.New(cache.Config{MaxBody: tc.limit})
			defer c.Close()
			rt := c.Wrap(serveBody(&asked, tc.length, tc.body))
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
			for range 2 {
				resp, err := rt.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				r := io.Reader(resp.Body)
				if tc.read >= 0 {
					r = io.LimitReader(r, tc.read)
				}
				got, err := io.ReadAll(r)
				if err == nil && !strings.HasPrefix(text, string(got)) {
					t.Errorf("got %q", got)
				}
				resp.Body.Close()
			}
			if kept := asked == 1; kept != tc.kept {
				t.Errorf("got kept %v, want %v", kept, tc.kept)
			}
		})
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errOrigin }

// A body above the limit streams: it is never in memory as a whole.
func TestBodyStreams(t *testing.T) {
	var asked int
	const size = 512 << 20
	c := cache.New(cache.Config{MaxBody: 1 << 20})
	defer c.Close()
	rt := c.Wrap(serveBody(&asked, -1, func() io.Reader { return io.LimitReader(zeros{}, size) }))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	runtime.ReadMemStats(&after)
	if n != size || err != nil {
		t.Errorf("got %v bytes, %v", n, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("allocated %d bytes", grown)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// The errors of a store are told and fail no request.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"open", "create", "write", "commit"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			var asked int
			var told []error
			c := cache.New(cache.Config{
				Store:   &brokenStore{Store: cache.NewMemory(0), op: op},
				OnError: func(err error) { told = append(told, err) },
			})
			defer c.Close()
			rt := c.Wrap(serveBody(&asked, -1, func() io.Reader { return strings.NewReader("ok") }))
			for range 2 {
				if _, body := sendGet(t, rt, "http://example.com/?secret=canary"); body != "ok" {
					t.Errorf("got %q", body)
				}
			}
			if asked != 2 || len(told) != 2 || c.Stats().Errors != 2 {
				t.Fatalf("asked %v times, told %v", asked, told)
			}
			if text := told[0].Error(); text != "cache: "+op+": broken" || !errors.Is(told[0], errBroken) {
				t.Errorf("got %q", text)
			}
		})
	}
}

var errBroken = errors.New("broken")

// brokenStore is a store where one kind of call fails.
type brokenStore struct {
	cache.Store
	op string
}

func (s *brokenStore) Open(key string) (*cache.Entry, error) {
	if s.op == "open" {
		return nil, errBroken
	}
	return s.Store.Open(key)
}

func (s *brokenStore) Create(key string, meta *cache.Meta) (cache.Writer, error) {
	w, err := s.Store.Create(key, meta)
	if s.op == "create" {
		return nil, errBroken
	}
	return &brokenWriter{w, s.op}, err
}

type brokenWriter struct {
	cache.Writer
	op string
}

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.op == "write" {
		return 0, errBroken
	}
	return w.Writer.Write(p)
}

func (w *brokenWriter) Commit() error {
	if w.op == "commit" {
		return errBroken
	}
	return w.Writer.Commit()
}

// A cache works over files, over processes, and behind a plain http.Client.
func TestDirBehindClient(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	asked := 0
	for run := range 3 {
		store, err := cache.NewDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := cache.New(cache.Config{Store: store, OnError: func(err error) { t.Error(err) }})
		client := &http.Client{Transport: c.Wrap(serveBody(&asked, -1, func() io.Reader { return bytes.NewReader([]byte("body " + strconv.Itoa(asked))) }))}
		resp, err := client.Get("http://example.com/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "body 1" || asked != 1 || resp.StatusCode != 200 {
			t.Errorf("run %d: got %q after %v requests", run, body, asked)
		}
		c.Close()
	}
}

// The body of a 101 is the connection, and passes as it is.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	type connection struct{ io.ReadWriteCloser }
	conn := connection{}
	c := cache.New(cache.Config{})
	defer c.Close()
	rt := c.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: http.Header{"Cache-Control": {"max-age=9"}}, Body: conn}, nil
	}))
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/", nil)
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := resp.Body.(connection); !ok {
		t.Errorf("got a body of %T", resp.Body)
	}
}
