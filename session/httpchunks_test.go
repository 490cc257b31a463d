package session_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// wireChunk is a chunk as it is on the wire.
func wireChunk(data string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(data), data) }

// wireChunks are chunks of x of these sizes, and the end of the body.
func wireChunks(sizes ...int) string {
	var b strings.Builder
	for _, n := range sizes {
		b.WriteString(wireChunk(strings.Repeat("x", n)))
	}
	return b.String() + "0\r\n\r\n"
}

// answers is a script that answers each request in the same way, in writes of n
// bytes, or in one for zero.
func answers(text string, n int) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			if n > 0 && !c.WriteSlow(text, n, 0) || n == 0 && !c.Write(text) {
				return
			}
		}
	}
}

// chunksOf reads a body by its chunks. The shape "3 2. 5." is a chunk that came in
// pieces of 3 and 2 bytes, and one of 5.
func chunksOf(resp *session.Response) (shape, data string, err error) {
	var pieces []string
	var all strings.Builder
	for c, failed := range resp.Content().HTTPChunks() {
		if err = failed; err != nil {
			break
		}
		piece := strconv.Itoa(len(c.Data))
		if c.End {
			piece += "."
		}
		pieces = append(pieces, piece)
		all.Write(c.Data)
	}
	return strings.Join(pieces, " "), all.String(), err
}

func getChunks(t *testing.T, s *session.Session, url string, opts ...session.Option) *session.Response {
	t.Helper()
	resp, err := s.Get(t.Context(), url, append(opts, session.HTTPChunks())...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Close() })
	return resp
}

// TestHTTPChunks: each chunk is whole, however the bytes of the connection come,
// and the connection is used again.
func TestHTTPChunks(t *testing.T) {
	t.Parallel()
	ones := make([]int, 5000)
	for i := range ones {
		ones[i] = 1
	}
	for _, tt := range []struct{ name, answer, want string }{
		{"none", chunkedHead + "0\r\n\r\n", ""},
		{"one", chunkedHead + wireChunks(5), "5."},
		{"several", chunkedHead + wireChunks(5, 1, 7), "5. 1. 7."},
		{"around a buffer", chunkedHead + wireChunks(4095, 4096, 4097, 1), "4095. 4096. 4097. 1."},
		{"as long as is read ahead", chunkedHead + wireChunks(16384, 3), "16384. 3."},
		{"extensions", chunkedHead + "3;a=\"b;c\"\r\nabc\r\n02\r\nde\r\n0;y\r\n\r\n", "3. 2."},
		{"trailers", "HTTP/1.1 200 OK\r\nTrailer: A\r\nTransfer-Encoding: chunked\r\n\r\n" + wireChunk("abc") + "0\r\nA: 1\r\n\r\n", "3."},
		{"framing in the data", chunkedHead + wireChunk("0\r\n\r\n") + wireChunk("1\r\na\r\n") + wireChunks(), "5. 6."},
		{"interim heads", "HTTP/1.1 103 x\r\nLink: <a>\r\n\r\nHTTP/1.1 102 y\r\n\r\n" + chunkedHead + wireChunks(2, 3), "2. 3."},
		{"many", chunkedHead + wireChunks(ones...), strings.TrimSuffix(strings.Repeat("1. ", 5000), " ")},
	} {
		for _, n := range []int{0, 1, 3, 1000} {
			if n > 0 && n < 1000 && len(tt.answer) > 1000 {
				continue
			}
			t.Run(fmt.Sprint(tt.name, " ", n), func(t *testing.T) {
				t.Parallel()
				leaf := certs.For(t, certs.Options{})
				s := newSession(t, session.Config{Options: opt(session.TLS(leaf.Client()))})
				for i, srv := range []*wiretest.Server{
					wiretest.New(t, answers(tt.answer, n)), wiretest.NewTLS(t, leaf.Server(), answers(tt.answer, n)),
				} {
					for range 2 {
						if got, _, err := chunksOf(getChunks(t, s, srv.URL())); err != nil || got != tt.want {
							t.Errorf("server %d: got %.100s, %v, want %.100s", i, got, err, tt.want)
						}
						resp, err := s.Get(t.Context(), srv.URL())
						readBody(t, resp, err)
					}
					if srv.Conns() != 1 {
						t.Errorf("server %d: %d connections, want 1", i, srv.Conns())
					}
				}
			})
		}
	}
}

// TestHTTPChunkPieces: a chunk that is longer than what is read ahead, and what
// another method has begun.
func TestHTTPChunkPieces(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answers(chunkedHead+wireChunk("0123456789")+wireChunk("abc\ndef\n")+wireChunk("last")+wireChunks(), 0))
	s := newSession(t, session.Config{})
	if got, data, err := chunksOf(getChunks(t, s, srv.URL(), session.ReadBufferSize(4))); err != nil || got != "4 4 2. 4 4. 4." || data != "0123456789abc\ndef\nlast" {
		t.Errorf("got %s, %q, %v", got, data, err)
	}
	content := getChunks(t, s, srv.URL()).Content()
	if b, err := content.ReadExactly(4); string(b) != "0123" || err != nil {
		t.Fatalf("got %q, %v", b, err)
	}
	wantChunk(t, content, "456789", true)
	if line, err := content.ReadLine(); string(line) != "abc\n" || err != nil {
		t.Fatalf("got %q, %v", line, err)
	}
	wantChunk(t, content, "def\n", true)
	if b, err := content.ReadExactly(1); string(b) != "l" || err != nil {
		t.Fatalf("got %q, %v", b, err)
	}
	wantChunk(t, content, "ast", true)
	if data, end, err := content.ReadHTTPChunk(); data != nil || end || err != io.EOF || !content.AtEOF() {
		t.Errorf("at the end: got %q, %v, %v", data, end, err)
	}
	if got := content.TotalBytes(); got != 22 {
		t.Errorf("total %d bytes, want 22", got)
	}
	across := getChunks(t, s, srv.URL()).Content()
	if b, err := across.ReadUntil([]byte("9a"), 0); string(b) != "0123456789a" || err != nil {
		t.Fatalf("got %q, %v", b, err)
	}
	wantChunk(t, across, "bc\ndef\n", true)
}

func wantChunk(t *testing.T, r *session.StreamReader, want string, wantEnd bool) {
	t.Helper()
	data, end, err := r.ReadHTTPChunk()
	if string(data) != want || end != wantEnd || err != nil {
		t.Errorf("got %q, %v, %v, want %q, %v", data, end, err, want, wantEnd)
	}
}
