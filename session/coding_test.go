package session_test

import (
	"bytes"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/session"
)

// encoded is text in a coding, made by the libraries themselves.
func encoded(t *testing.T, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		return gzipped(text)
	case "br":
		w = brotli.NewWriterLevel(&b, 3)
	case "zstd":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	default:
		t.Fatalf("%s: not a coding of this test", coding)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// coded is a server that sends body in a coding, to any request.
func coded(t *testing.T, coding, body string) *recorder {
	t.Helper()
	return record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", coding)
		if r.URL.Path != "/" {
			status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(status)
			return
		}
		io.WriteString(w, body) // the client may stop
	})
}

// TestCodings: each coding, cut off and whole, and twice; and what has no body
// is not decoded.
func TestCodings(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("decoded ", 5000)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		data := encoded(t, coding, text)
		s := newSession(t, session.Config{})
		for header, body := range map[string]string{
			coding: data, strings.ToUpper(coding): data, coding + ", " + coding: encoded(t, coding, data),
		} {
			rec := coded(t, header, body)
			resp, err := s.Get(t.Context(), rec.URL)
			if got := readBody(t, resp, err); got != text || resp.Header.Get("Content-Encoding") != header {
				t.Errorf("%s: got %d bytes, want %d", header, len(got), len(text))
			}
		}
		rec := coded(t, coding, data[:len(data)-1])
		resp, err := s.Get(t.Context(), rec.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Bytes(); !errors.Is(err, errors.ErrContentEncoding) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, cut off: got %v", coding, err)
		}
		for _, path := range []string{"/204", "/304", "/"} {
			method := map[bool]string{true: "HEAD", false: "GET"}[path == "/"]
			resp, err := s.Request(t.Context(), method, rec.URL+path)
			if got := readBody(t, resp, err); got != "" {
				t.Errorf("%s %s: got %q", method, path, got)
			}
		}
	}
}

func TestNoDecompress(t *testing.T) {
	t.Parallel()
	data := encoded(t, "zstd", "text")
	rec := coded(t, "zstd", data)
	for name, s := range map[string]*session.Session{
		"session": newSession(t, session.Config{Options: opt(session.NoDecompress())}),
		"derived": newSession(t, session.Config{}).With(session.NoDecompress()),
	} {
		resp, err := s.Get(t.Context(), rec.URL)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := resp.Bytes(); err != nil || string(got) != data || resp.ContentLength != int64(len(data)) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		native, err := s.Client().Get(rec.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(native.Body)
		native.Body.Close()
		if err != nil || string(got) != data || native.Uncompressed || native.Header.Get("Content-Encoding") != "zstd" {
			t.Errorf("%s, native: got %q, %v, %v", name, got, err, native.Header)
		}
	}
	if got := rec.last(t).header.Get("Accept-Encoding"); got == "" {
		t.Error("the header is gone")
	}
}

// TestCodecs: a codec of the caller's, for one session, one request, and both.
func TestCodecs(t *testing.T) {
	t.Parallel()
	answer := func(text string) session.Codec {
		return session.Codec{Name: "X-Test", NewReader: func(src io.Reader) (io.ReadCloser, error) {
			rest, err := io.ReadAll(src)
			return io.NopCloser(strings.NewReader(text + string(rest))), err
		}}
	}
	rec := coded(t, "x-test", "body")
	plain := newSession(t, session.Config{})
	own := newSession(t, session.Config{Options: opt(session.Codecs(answer("session's ")))})
	for _, test := range []struct {
		s    *session.Session
		opts []session.Option
		want string
	}{
		{plain, nil, "body"},
		{plain, opt(session.Codecs(answer("request's "))), "request's body"},
		{plain, opt(session.Codecs()), "body"},
		{own, nil, "session's body"},
		{own, opt(session.Codecs(answer("first "), answer("last "))), "last body"},
		{own, opt(session.MaxDecompressed(100, 0)), "session's body"},
		{own, opt(session.NoDecompress()), "body"},
		{own, nil, "session's body"}, // the session is as it was
	} {
		resp, err := test.s.Get(t.Context(), rec.URL, test.opts...)
		if got := readBody(t, resp, err); got != test.want {
			t.Errorf("%v: got %q, want %q", test.opts, got, test.want)
		}
	}
	nothing := func(io.Reader) (io.ReadCloser, error) { return http.NoBody, nil }
	for _, bad := range []session.Codec{{}, {Name: "x"}, {NewReader: nothing}, {Name: "a b", NewReader: nothing}, {Name: "Identity", NewReader: nothing}} {
		if _, err := session.New(session.Config{Options: opt(session.Codecs(bad))}); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%q: got %v", bad.Name, err)
		}
	}
}

func TestMaxDecompressed(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a", 6<<20)
	rec := coded(t, "br", encoded(t, "br", text))
	s := newSession(t, session.Config{})
	for _, test := range []struct {
		opts  []session.Option
		limit int64 // 0: it passes
	}{
		{nil, 4 << 20},
		{opt(session.MaxDecompressed(0, -1)), 0},
		{opt(session.MaxDecompressed(6<<20, -1)), 0},
		{opt(session.MaxDecompressed(6<<20-1, -1)), 6<<20 - 1},
		{opt(session.MaxDecompressed(1000, 0)), 1000},
		{opt(session.MaxDecompressed(1000, 0), session.MaxDecompressed(0, -1)), 0},
		{opt(session.MaxBodySize(500)), 500},
		{opt(session.MaxBodySize(500), session.MaxDecompressed(1000, 0)), 500},
	} {
		resp, err := s.Get(t.Context(), rec.URL, test.opts...)
		if err != nil {
			t.Fatal(err)
		}
		got, err := resp.Bytes()
		if test.limit == 0 {
			if err != nil || len(got) != len(text) {
				t.Errorf("%v: got %d bytes, %v", test.opts, len(got), err)
			}
			continue
		}
		large, ok := errors.AsType[*errors.BodyTooLargeError](err)
		if !ok || large.Limit != test.limit || !large.Decompressed || !errors.Is(err, errors.ErrClientPayload) {
			t.Errorf("%v: got %v, want a limit of %d", test.opts, err, test.limit)
		}
	}
}

// TestBombMemory reads 10 GiB of zeros in one piece, or tries to. It is not
// parallel: it looks at what is alive on the heap.
func TestBombMemory(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector makes it slow")
	}
	zeros := strings.Repeat("\x00", 10<<20)
	for _, coding := range []string{"gzip", "zstd", "br"} {
		bomb := strings.Repeat(encoded(t, coding, zeros), 1000) // members and frames
		if coding == "br" {
			bomb = encoded(t, coding, zeros+zeros) // of the others, it has neither
		}
		for header, body := range map[string]string{coding: bomb, coding + ", " + coding: encoded(t, coding, bomb)} {
			rec := coded(t, header, body)
			s := newSession(t, session.Config{})
			var peak int64
			var m runtime.MemStats
			for range 3 { // what pools hold lives for two
				runtime.GC()
			}
			runtime.ReadMemStats(&m)
			base := int64(m.HeapAlloc)
			next := int64(0)
			resp, err := s.Get(t.Context(), rec.URL, session.Progress(func(done, _ int64) {
				if done < next {
					return
				}
				next = done + 256<<10
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, int64(m.HeapAlloc)-base)
			}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = resp.Bytes()
			if !errors.Is(err, errors.ErrBodyTooLarge) || !errors.Is(err, errors.ErrContentEncoding) {
				t.Errorf("%s: got %v", header, err)
			}
			if next == 0 || peak > 32<<20 {
				t.Errorf("%s: heap +%d MiB, want at most 32", header, peak>>20)
			}
			t.Logf("%s: heap +%d MiB", header, peak>>20)
		}
	}
}

func TestTextCharset(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ contentType, body, want string }{
		{"text/plain; charset=latin1", "\xfc", "ü"},
		{"application/json", `"ü"`, `"ü"`},
		{"text/plain; charset=klingon", "ü", "ü"},
		{"text/plain; charset=hz-gb-2312", "ü", "ü"},
		{"text/plain; charset=koi8-r", "\xef\xbb\xbfü", "ü"},
		{"", "\xfc", "\uFFFD"},
	} {
		rec := record(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", test.contentType)
			io.WriteString(w, test.body)
		})
		resp, err := newSession(t, session.Config{}).Get(t.Context(), rec.URL)
		if got := readBody(t, resp, err); got != test.want {
			t.Errorf("%s: got %q, want %q", test.contentType, got, test.want)
		}
	}
}

// TestCompressedAllocs: with warm pools, an encoded body costs one allocation
// more than one that is not.
func TestCompressedAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	got := map[string]float64{}
	for name, opts := range map[string][]session.Option{
		"plain":    opt(session.Text(strings.Repeat("text ", 100))),
		"gzip":     opt(session.Text(strings.Repeat("text ", 100)), session.Compress("gzip")),
		"streamed": opt(session.Bytes(make([]byte, 1<<20+1)), session.Compress("zstd")),
	} {
		s := newSession(t, full())
		rec := record(t, ok)
		got[name] = testing.AllocsPerRun(50, func() {
			resp, err := s.Post(t.Context(), rec.URL, opts...)
			if err != nil {
				t.Fatal(err)
			}
			resp.Close()
		})
	}
	t.Logf("allocations, the server's included: %v", got)
	if got["gzip"] > got["plain"]+10 {
		t.Errorf("got %v allocations", got)
	}
}
