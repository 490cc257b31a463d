package session_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestDecoding: a body is decoded, its headers stay, and the connection is kept.
func TestDecoding(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("decoded ", 5000)
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	io.WriteString(w, text)
	w.Close()
	empty := gzipped("")
	body, tail := empty[:len(empty)-3], empty[len(empty)-3:]
	chunkedGzip := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, test := range []struct{ method, answer, want string }{
		{"GET", response("Content-Encoding: gzip\r\n", gzipped(text)), text},
		{"GET", response("Content-Encoding: GZIP\r\n", gzipped(text)), text},
		{"GET", response("Content-Encoding: deflate\r\n", z.String()), text},
		{"GET", response("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", gzipped(gzipped(text))), text},
		{"GET", response("Content-Encoding: unknown\r\n", "as it is"), "as it is"},
		{"GET", response("Content-Encoding: gzip\r\n", ""), ""},
		{"GET", chunkedGzip + fmt.Sprintf("%x\r\n%s\r\n3\r\n%s\r\n0\r\n\r\n", len(body), body, tail), ""},
		{"GET", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", ""},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n", ""},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n", ""},
	} {
		srv := wiretest.New(t, func(c *wiretest.Conn) {
			for {
				if _, ok := c.ReadHead(); !ok || !c.Write(test.answer) {
					return
				}
			}
		})
		s := newSession(t, session.Config{})
		for range 2 {
			resp, err := s.Request(t.Context(), test.method, srv.URL())
			if got := readBody(t, resp, err); got != test.want {
				t.Errorf("%.60q: got %d bytes, want %d", test.answer, len(got), len(test.want))
			}
			if resp.Header.Get("Content-Encoding") == "" {
				t.Errorf("%.60q: the header is gone", test.answer)
			}
		}
		if n := srv.Conns(); n != 1 {
			t.Errorf("%.60q: %d connections, want 1", test.answer, n)
		}
	}
}

// TestNativeDecoding: net/http's users decode what they have asked for.
func TestNativeDecoding(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, gzipped("text"))
	})
	s := newSession(t, session.Config{})
	for accept, decoded := range map[string]bool{"": true, "gzip": false} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", rec.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			req.Header.Set("Accept-Encoding", accept)
		}
		resp, err := s.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.Uncompressed != decoded || (string(body) == "text") != decoded || (resp.Header.Get("Content-Encoding") == "") != decoded {
			t.Errorf("Accept-Encoding %q: got %q, %v, header %v", accept, body, err, resp.Header)
		}
	}
}

// TestBomb: a small body that becomes a large one stops at the limit.
func TestBomb(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, gzipped(strings.Repeat("\x00", 8<<20)))
	})
	s := newSession(t, session.Config{Options: opt(session.MaxBodySize(1 << 20))})
	resp, err := s.Get(t.Context(), rec.URL)
	if err != nil {
		t.Fatal(err)
	}
	var large *errors.BodyTooLargeError
	if _, err := resp.Bytes(); !errors.As(err, &large) || !large.Decompressed {
		t.Errorf("got %v", err)
	}
}
