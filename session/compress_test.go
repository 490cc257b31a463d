package session_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/form"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// decompress undoes a coding with the libraries themselves.
func decompress(t *testing.T, coding, data string) string {
	t.Helper()
	var r io.Reader
	var err error
	switch src := strings.NewReader(data); coding {
	case "gzip":
		r, err = gzip.NewReader(src)
	case "deflate":
		r, err = zlib.NewReader(src)
	case "br":
		r = brotli.NewReader(src)
	case "zstd":
		var d *zstd.Decoder
		d, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1))
		r = d
	default:
		return data
	}
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", coding, err)
	}
	return string(text)
}

// framed answers with how the body was framed.
func framed(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/again" {
		http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		return
	}
	fmt.Fprintf(w, "%v %v", r.ContentLength >= 0, r.TransferEncoding)
}

const (
	withLength = "true []"
	inChunks   = "false [chunked]"
)

func TestCompress(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a text to compress; ", 5000)
	file := filepath.Join(t.TempDir(), "upload.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	bodies := []struct {
		name        string
		open        func() session.Option
		want        string
		contentType string
		framing     string
		once        bool
	}{
		{"text", func() session.Option { return session.Text(text) }, text, "text/plain; charset=utf-8", withLength, false},
		{"json", func() session.Option { return session.JSON([]int{1, 2}) }, "[1,2]", "application/json", withLength, false},
		{"pairs", func() session.Option { return session.FormPairs("a", "1") }, "a=1", "application/x-www-form-urlencoded", withLength, false},
		{"a buffer", func() session.Option { return session.Body(bytes.NewBufferString(text)) }, text, "application/octet-stream", withLength, false},
		{"2 MiB", func() session.Option { return session.Bytes(make([]byte, 2<<20)) }, strings.Repeat("\x00", 2<<20), "application/octet-stream", inChunks, false},
		{"a seeker", func() session.Option { return session.Body(strings.NewReader(text)) }, text, "application/octet-stream", inChunks, false},
		{"a file", func() session.Option { return session.Body(openFile(t, file)) }, text, "text/plain", inChunks, false},
		{"a reader", func() session.Option { return session.Body(io.MultiReader(strings.NewReader(text))) }, text, "application/octet-stream", inChunks, true},
		{"nothing of unknown length", func() session.Option { return session.Body(io.MultiReader()) }, "", "application/octet-stream", inChunks, true},
	}
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		rec := record(t, framed)
		s := newSession(t, session.Config{Options: opt(session.Compress(strings.ToUpper(coding)))})
		for _, body := range bodies {
			for _, path := range []string{"/", "/again"} {
				resp, err := s.Post(t.Context(), rec.URL+path, body.open())
				if body.once && path == "/again" {
					if !errors.Is(err, errors.ErrBodyNotReplayable) {
						t.Errorf("%s, %s%s: got %v", coding, body.name, path, err)
					}
					continue
				}
				if got := readBody(t, resp, err); got != body.framing {
					t.Errorf("%s, %s%s: framing: got %s, want %s", coding, body.name, path, got, body.framing)
				}
				last := rec.last(t)
				if got := last.header.Values("Content-Encoding"); len(got) != 1 || got[0] != coding {
					t.Errorf("%s, %s%s: Content-Encoding: got %q", coding, body.name, path, got)
				}
				if got := last.header.Get("Content-Type"); got != body.contentType {
					t.Errorf("%s, %s%s: Content-Type: got %q", coding, body.name, path, got)
				}
				if got := decompress(t, coding, last.body); got != body.want {
					t.Errorf("%s, %s%s: got %d bytes, want %d", coding, body.name, path, len(got), len(body.want))
				}
			}
		}
	}
}

func openFile(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestCompressNothing: what has no body gets no Content-Encoding, and one whose
// body a redirect takes away loses it.
func TestCompressNothing(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/see" {
			http.Redirect(w, r, "/", http.StatusSeeOther)
		}
	})
	s := newSession(t, session.Config{Options: opt(session.Compress("gzip"))})
	for _, test := range []struct {
		method, path string
		opts         []session.Option
	}{
		{"GET", "/", nil},
		{"POST", "/", nil},
		{"POST", "/", opt(session.Text(""))},
		{"POST", "/", opt(session.Bytes(nil))},
		{"GET", "/", opt(session.Header("Content-Encoding", "br"))}, // the caller's, not ours
		{"POST", "/see", opt(session.Text("text"))},
		{"POST", "/", opt(session.Text("text"), session.Compress(""))},
	} {
		resp, err := s.Request(t.Context(), test.method, rec.URL+test.path, test.opts...)
		readBody(t, resp, err)
		if got := rec.last(t).header.Get("Content-Encoding"); got != "" && got != "br" {
			t.Errorf("%s %s %v: Content-Encoding: got %q", test.method, test.path, test.opts, got)
		}
	}
}

// TestCompressRefused: nothing is sent, and the body is closed.
func TestCompressRefused(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	for name, opts := range map[string][]session.Option{
		"unknown coding":          opt(session.Compress("rot13")),
		"two codings":             opt(session.Compress("gzip, br")),
		"identity":                opt(session.Compress("identity")),
		"own Content-Encoding":    opt(session.Compress("gzip"), session.Header("Content-Encoding", "gzip")),
		"the same, the other way": opt(session.Header("content-encoding", "br"), session.Compress("gzip")),
		"own Content-Length":      opt(session.Compress("gzip"), session.Header("Content-Length", "4")),
	} {
		closed := false
		body := &noted{strings.NewReader("text"), &closed}
		resp, err := s.Post(t.Context(), rec.URL, append(opts, session.Body(body))...)
		if resp != nil || !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v, %v", name, resp, err)
		}
		if strings.HasPrefix(name, "own ") && !closed {
			t.Errorf("%s: the body was not closed", name)
		}
	}
	if n := rec.count(); n != 0 {
		t.Errorf("the server saw %d requests", n)
	}
}

// TestCompressFails: what goes wrong in the body fails the request.
func TestCompressFails(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	s := newSession(t, session.Config{})
	mine := errors.New("mine")
	broken := func(yield func([]byte, error) bool) {
		_ = yield([]byte("text"), nil) && yield(nil, mine)
	}
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		_, err := s.Post(t.Context(), srv.URL(), session.Stream(broken), session.Compress(coding))
		if !errors.Is(err, mine) || !errors.Is(err, errors.ErrClient) {
			t.Errorf("%s: got %v, want %v", coding, err, mine)
		}
	}
}

// TestCompressProgress: the progress is that of the wire.
func TestCompressProgress(t *testing.T) {
	t.Parallel()
	rec := record(t, ok)
	s := newSession(t, session.Config{})
	text := strings.Repeat("text ", 10_000)
	for name, body := range map[string]session.Option{"in memory": session.Text(text), "streamed": session.Body(strings.NewReader(text))} {
		var done, total int64
		resp, err := s.Post(t.Context(), rec.URL, body, session.Compress("gzip"),
			session.Progress(func(d, n int64) { done, total = d, n }))
		readBody(t, resp, err)
		sent := int64(len(rec.last(t).body))
		want := map[string]int64{"in memory": sent, "streamed": -1}[name]
		if done != sent || total != want {
			t.Errorf("%s: got %d of %d, want %d of %d", name, done, total, sent, want)
		}
	}
}

// TestCompressForm: a form of several parts is encoded like any other body.
func TestCompressForm(t *testing.T) {
	t.Parallel()
	rec := record(t, framed)
	s := newSession(t, session.Config{})
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := form.New().Field("name", "value").File("file", path)
	resp, err := s.Post(t.Context(), rec.URL, session.FormData(data), session.Compress("deflate"))
	if got := readBody(t, resp, err); got != inChunks {
		t.Errorf("framing: got %s", got)
	}
	if got := decompress(t, "deflate", rec.last(t).body); !strings.Contains(got, "value") || !strings.Contains(got, "content") {
		t.Errorf("got %q", got)
	}
}

// TestCompressNative: requests of net/http's making are sent as they are.
func TestCompressNative(t *testing.T) {
	t.Parallel()
	rec := record(t, framed)
	s := newSession(t, session.Config{Options: opt(session.Compress("gzip"))})
	resp, err := s.Client().Post(rec.URL, "text/plain", strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if last := rec.last(t); last.body != "text" || last.header.Get("Content-Encoding") != "" {
		t.Errorf("got %q, %v", last.body, last.header)
	}
}
