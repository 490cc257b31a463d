package session_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestHTTPChunksWithout: bodies that have no chunks, with the option.
func TestHTTPChunksWithout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, method, answer, want string }{
		{"length", "GET", response("", "12345"), "5"},
		{"length, and framing in the data", "GET", response("", "3\r\nabc\r\n0\r\n\r\n"), "13"},
		{"until the end", "GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", "15"},
		{"HEAD", "HEAD", chunkedHead, ""},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				if _, ok := c.ReadHead(); ok {
					c.Write(tt.answer)
				}
			})
			resp, err := newSession(t, session.Config{}).Request(t.Context(), tt.method, srv.URL(), session.HTTPChunks())
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Close()
			if got, _, err := chunksOf(resp); got != tt.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// TestHTTPChunksHTTP2: the frames of HTTP/2 are no chunks.
func TestHTTPChunksHTTP2(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Proto)
		http.NewResponseController(w).Flush()
		io.WriteString(w, "more")
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	resp := getChunks(t, newSession(t, session.Config{}), srv.URL, session.Insecure())
	if got, data, err := chunksOf(resp); strings.Contains(got, ".") || data != "HTTP/2.0more" || err != nil {
		t.Errorf("got %q, %q, %v", got, data, err)
	}
}

// TestHTTPChunksNotAsked: without the option it is an error, and nothing else is
// different.
func TestHTTPChunksNotAsked(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answers(chunkedHead+wireChunks(3), 0))
	s := newSession(t, session.Config{})
	for _, read := range []func(r *session.StreamReader) error{
		func(r *session.StreamReader) error { _, _, err := r.ReadHTTPChunk(); return err },
		func(r *session.StreamReader) error {
			for _, err := range r.HTTPChunks() {
				return err
			}
			return nil
		},
	} {
		resp, err := s.Get(t.Context(), srv.URL())
		if err != nil {
			t.Fatal(err)
		}
		err = read(resp.Content())
		if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "ReadHTTPChunk" {
			t.Errorf("got %v", err)
		}
		resp.Close()
	}
	foreign := newSession(t, session.Config{Transport: http.NewFileTransport(http.Dir("."))})
	if _, err := foreign.Get(t.Context(), srv.URL(), session.HTTPChunks()); !errors.Is(err, errors.ErrClient) {
		t.Errorf("with a foreign transport: got %v", err)
	}
}

// TestHTTPChunksCut: what has come of a chunk, and the error that every reader gets.
func TestHTTPChunksCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"in the data", wireChunk("abc") + "5\r\nde", "3. 2"},
		{"in a long chunk", "fffff\r\nde", "2"},
		{"after the data", "3\r\nabc", "3."},
		{"in the size", wireChunk("abc") + "5", "3."},
		{"before the last", wireChunk("abc"), "3."},
		{"bad size", wireChunk("abc") + "x\r\n", "3."},
		{"data too long", "3\r\nabcd\r\n0\r\n\r\n", "3."},
		{"in the trailer", wireChunk("abc") + "0\r\nA: b", "3."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				if _, ok := c.ReadHead(); ok {
					c.Write(chunkedHead + tt.body)
				}
			})
			s := newSession(t, session.Config{})
			got, _, err := chunksOf(getChunks(t, s, srv.URL()))
			resp, plain := s.Get(t.Context(), srv.URL())
			if plain == nil {
				_, plain = resp.Bytes()
			}
			if got != tt.want || err == nil || !errors.Is(err, errors.ErrClientPayload) {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if plain == nil || err.Error() != plain.Error() {
				t.Errorf("the error is %v, without the option %v", err, plain)
			}
		})
	}
}

// TestHTTPChunksGarbage: what comes after the body is not taken for a chunk, and
// the connection is not used again.
func TestHTTPChunksGarbage(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok {
			c.Write(chunkedHead + wireChunks(3) + "5\r\nhello\r\n0\r\n\r\n")
			c.Stall()
		}
	})
	s := newSession(t, session.Config{})
	for range 2 {
		if got, _, err := chunksOf(getChunks(t, s, srv.URL())); got != "3." || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if n := srv.Conns(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

// TestHTTPChunksDecoded: the chunks of an encoded body are what was decoded of
// them.
func TestHTTPChunksDecoded(t *testing.T) {
	t.Parallel()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	var body strings.Builder
	for _, text := range []string{"first", "second", strings.Repeat("long ", 10000)} {
		io.WriteString(w, text)
		w.Flush()
		body.WriteString(wireChunk(z.String()))
		z.Reset()
	}
	w.Close()
	body.WriteString(wireChunk(z.String()) + "0\r\n\r\n") // nothing is decoded of this one
	head := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, n := range []int{0, 1} {
		srv := wiretest.New(t, answers(head+body.String(), n))
		s := newSession(t, session.Config{})
		content := getChunks(t, s, srv.URL()).Content()
		for _, want := range []string{"first", "second"} {
			wantChunk(t, content, want, false)
			wantChunk(t, content, "", true)
		}
		long := 0
		for {
			data, end, err := content.ReadHTTPChunk()
			if err != nil {
				t.Fatal(err)
			}
			if long += len(data); end {
				break
			}
		}
		if long != 50000 {
			t.Errorf("the long chunk has %d bytes, want 50000", long)
		}
		if data, end, err := content.ReadHTTPChunk(); len(data) > 0 || end || err != io.EOF {
			t.Errorf("at the end: got %q, %v, %v", data, end, err)
		}
		raw, _, err := chunksOf(getChunks(t, s, srv.URL(), session.NoDecompress()))
		if err != nil || strings.Count(raw, ".") != 4 || strings.Count(raw, " ") != 3 {
			t.Errorf("not decoded: got %q, %v", raw, err)
		}
		if n := srv.Conns(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	}
}

// TestHTTPChunksDecodedOtherwise: other methods pass over ends.
func TestHTTPChunksDecodedOtherwise(t *testing.T) {
	t.Parallel()
	packed := gzipped("some text")
	answer := "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + wireChunk(packed[:5]) + wireChunk(packed[5:]) + "0\r\n\r\n"
	srv := wiretest.New(t, answers(answer, 0))
	content := getChunks(t, newSession(t, session.Config{}), srv.URL()).Content()
	if b, err := content.ReadExactly(4); string(b) != "some" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	wantChunk(t, content, " text", false)
	wantChunk(t, content, "", true)
	if _, _, err := content.ReadHTTPChunk(); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

// TestHTTPChunksMiddleware: one that passes the body through does not matter, and
// one that reads ahead hides the chunks, but loses nothing.
func TestHTTPChunksMiddleware(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answers(chunkedHead+wireChunks(3, 4, 5), 0))
	type body struct {
		io.Reader
		io.Closer
	}
	wrap := func(reader func(io.Reader) io.Reader) session.Option {
		return session.Middlewares(func(next http.RoundTripper) http.RoundTripper {
			return middleware.Func(func(req *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(req)
				if err == nil {
					resp.Body = body{reader(resp.Body), resp.Body}
				}
				return resp, err
			})
		})
	}
	s := newSession(t, session.Config{})
	through := wrap(func(r io.Reader) io.Reader { return io.TeeReader(r, io.Discard) })
	if got, _, err := chunksOf(getChunks(t, s, srv.URL(), through)); got != "3. 4. 5." || err != nil {
		t.Errorf("through: got %q, %v", got, err)
	}
	ahead := wrap(func(r io.Reader) io.Reader {
		br := bufio.NewReader(io.MultiReader(r))
		br.Peek(12) // an error comes with the read
		return br
	})
	if got, data, err := chunksOf(getChunks(t, s, srv.URL(), ahead)); data != strings.Repeat("x", 12) || err != nil {
		t.Errorf("ahead: got %q, %q, %v", got, data, err)
	}
}

// TestHTTPChunksLeft: leaving the loop closes the body.
func TestHTTPChunksLeft(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answers(chunkedHead+wireChunks(3, 4, 5), 0))
	s := newSession(t, session.Config{})
	for range 2 {
		resp, err := s.Get(t.Context(), srv.URL(), session.HTTPChunks())
		if err != nil {
			t.Fatal(err)
		}
		for c, err := range resp.Content().HTTPChunks() {
			if string(c.Data) != "xxx" || !c.End || err != nil {
				t.Errorf("got %q, %v, %v", c.Data, c.End, err)
			}
			break
		}
		if _, _, err := resp.Content().ReadHTTPChunk(); !errors.Is(err, errors.ErrConnectionClosed) {
			t.Errorf("after the loop: got %v", err)
		}
	}
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1: a short rest is read", n)
	}
}
