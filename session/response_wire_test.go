package session_test

import (
	"bytes"
	"compress/flate"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// always answers every request of a connection with the same bytes.
func always(text string) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok || !c.Write(text) {
				return
			}
		}
	}
}

// TestAnswersOnTheWire: what is no body is none, what is one is read to its end,
// and the connection serves the next request.
func TestAnswersOnTheWire(t *testing.T) {
	t.Parallel()
	const chunked = "Transfer-Encoding: chunked\r\n\r\n"
	var raw bytes.Buffer
	fw, err := flate.NewWriter(&raw, 6)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(fw, "raw deflate")
	fw.Close()
	for _, test := range []struct{ name, method, answer, want string }{
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", ""},
		{"HEAD with chunks", "HEAD", "HTTP/1.1 200 OK\r\n" + chunked, ""},
		{"204 with a coding", "GET", "HTTP/1.1 204 No Content\r\nContent-Encoding: br\r\n\r\n", ""},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", ""},
		{"304 with chunks", "GET", "HTTP/1.1 304 Not Modified\r\n" + chunked, ""},
		{"no chunk", "GET", "HTTP/1.1 200 OK\r\n" + chunked + "0\r\n\r\n", ""},
		{"small chunks", "GET", "HTTP/1.1 200 OK\r\n" + chunked + "1\r\na\r\n01;x=y\r\nb\r\n000a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n", "ab01234567890123456789"},
		{"100 unasked", "GET", "HTTP/1.1 100 Continue\r\n\r\n" + okResponse, "ok"},
		{"hints first", "GET", "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + okResponse, "ok"},
		{"no reason", "GET", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", "ok"},
		{"nor a blank", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok"},
		{"empty fields", "GET", "HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Type: \r\nContent-Length: 2\r\n\r\nok", "ok"},
		{"raw deflate", "GET", response("Content-Encoding: deflate\r\n", raw.String()), "raw deflate"},
		{"members", "GET", response("Content-Encoding: gzip\r\n", gzipped("one ")+gzipped("")+gzipped("two")), "one two"},
		{"frames", "GET", response("Content-Encoding: zstd\r\n", encoded(t, "zstd", "one ")+encoded(t, "zstd", "two")), "one two"},
	} {
		srv := wiretest.New(t, always(test.answer))
		s := newSession(t, session.Config{})
		for range 2 {
			resp, err := s.Request(t.Context(), test.method, srv.URL())
			if got := readBody(t, resp, err); got != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
			if reason := resp.Reason(); strings.HasPrefix(test.name, "no") && test.name != "no chunk" && reason != "" {
				t.Errorf("%s: got the reason %q", test.name, reason)
			}
			if values, ok := resp.Header["X-Empty"]; test.name == "empty fields" && (!ok || values[0] != "" || resp.ContentType() != "application/octet-stream") {
				t.Errorf("%s: got %v as %s", test.name, resp.Header, resp.ContentType())
			}
		}
		if n := srv.Conns(); n != 1 {
			t.Errorf("%s: %d connections, want 1", test.name, n)
		}
	}
}

// TestUnread: a long body that nobody wants is not read to its end; its
// connection is closed, and cannot be read from any more.
func TestUnread(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.Repeat("x", 8<<20)) // the client may go
	})
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Release(); err != nil {
		t.Errorf("Release: %v", err)
	}
	eventuallyFree(t, s.Connector())
	if st := s.Connector().Stats(); st.Idle != 0 || st.Closed != 1 {
		t.Errorf("the connection was kept: %+v", st)
	}
	var v any
	for name, read := range map[string]func() error{
		"Bytes": func() error { _, err := resp.Bytes(); return err },
		"Text":  func() error { _, err := resp.Text(); return err },
		"JSON":  func() error { return resp.JSON(&v) },
		"Body":  func() error { _, err := io.ReadAll(resp.Body); return err },
		"Content": func() error {
			_, err := resp.Content().ReadAny()
			return err
		},
	} {
		if err := read(); !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestJSONTypes: JSON has many names, of which none has something behind it.
func TestJSONTypes(t *testing.T) {
	t.Parallel()
	for contentType, isJSON := range map[string]bool{
		"": true, "application/json": true, "Application/JSON; charset=utf-8": true, "application/problem+json": true,
		"model/gltf+json": true, "text/x+JSON": true, "application/vnd.api+json;v=1": true,
		"application/json-seq": false, "application/jsonx": false, "text/html": false, "text/json+xml": false, "json": false,
	} {
		resp := answerOf(t, http.StatusOK, `{"a":1}`, "Content-Type", contentType)
		var v map[string]int
		err := resp.JSON(&v)
		if (err == nil) != isJSON || isJSON && v["a"] != 1 {
			t.Errorf("%q: got %v, %v", contentType, v, err)
		}
		if wrong, ok := errors.AsType[*errors.ContentTypeError](err); !isJSON && (!ok || wrong.Status != 200 || wrong.Header.Get("Content-Type") != contentType) {
			t.Errorf("%q: got %#v", contentType, err)
		}
	}
}

// TestBackPressure: what nobody reads is not taken from the server, however small
// its pieces are.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: -1}, func(t *testing.T, b *bubble) {
		var sent atomic.Int64
		b.serve(t, "h:80", func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for c.Write("1\r\nx\r\n") {
				if sent.Add(1) == 10_000_000 {
					return
				}
			}
		})
		resp, err := b.s.Get(t.Context(), "http://h/")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Content().ReadExactly(1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := sent.Load()
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := sent.Load(); after != before || after > 1<<20 {
			t.Errorf("the server has sent %d chunks, and %d an hour later", before, after)
		}
		resp.Close()
	})
}

// TestConnectorGone: the end of a connector is that of its sessions.
func TestConnectorGone(t *testing.T) {
	t.Parallel()
	conn, err := connector.New(connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t, session.Config{Connector: conn})
	if s.Closed() {
		t.Error("a new session is closed")
	}
	conn.Close()
	if !s.Closed() {
		t.Error("the session of a closed connector is open")
	}
	if _, err := s.Get(t.Context(), "http://127.0.0.1:1/"); !errors.Is(err, errors.ErrSessionClosed) {
		t.Errorf("got %v", err)
	}
}

// TestContentAndBytes: what the stream has read ahead is not lost, and what was
// kept can be streamed.
func TestContentAndBytes(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/mixed; boundary=b")
		if r.URL.Path == "/400" {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, "first\nsecond\nthird\r\n--b\r\n\r\npart\r\n--b--")
	})
	s := newSession(t, session.Config{})
	const rest = "second\nthird\r\n--b\r\n\r\npart\r\n--b--"
	read := func(path string) *session.Response {
		resp, err := s.Get(t.Context(), rec.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := resp.Content().ReadLine(); err != nil || string(line) != "first\n" {
			t.Errorf("got %q, %v", line, err)
		}
		return resp
	}
	resp := read("/")
	for range 2 {
		if got := readBody(t, resp, nil); got != rest {
			t.Errorf("Text: got %q", got)
		}
	}
	p, err := partsOf(t, read("/"), session.MultipartConfig{}).Next()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.Text(); err != nil || text != "part" {
		t.Errorf("part: got %q, %v", text, err)
	}
	p.Close()
	refused, ok := errors.AsType[*errors.ClientResponseError](read("/400").CheckStatus())
	if !ok || string(refused.Body) != rest {
		t.Errorf("got %v", refused)
	}
	resp, err = s.Get(t.Context(), rec.URL)
	readBody(t, resp, err)
	var got []string
	for line, err := range resp.Content().Lines() {
		if err != nil {
			t.Error(err)
		}
		got = append(got, line)
	}
	if len(got) != 7 || got[0] != "first" || !resp.Content().AtEOF() {
		t.Errorf("got %q", got)
	}
}

// TestCloseFromAnywhere: while another goroutine reads, and twice at once.
func TestCloseFromAnywhere(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, stallAfter("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart"))
	s := newSession(t, session.Config{})
	for range 10 {
		resp, err := s.Get(t.Context(), srv.URL())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := resp.Content().ReadExactly(5); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := resp.Bytes(); !errors.Is(err, errors.ErrClient) {
				t.Errorf("got %v", err)
			}
		})
		for range 3 {
			wg.Go(func() {
				if err := resp.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		}
		wg.Wait()
	}
}
