package connector_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

const chunkedResponse = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

// watched sends a GET whose chunks are asked for.
func watched(t *testing.T, c *connector.Connector, url string) (*http.Response, *connector.Recorder) {
	t.Helper()
	rec := new(connector.Recorder)
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: rec, HTTPChunks: true})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", url, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp, rec
}

// TestChunkEnd: no read goes beyond a chunk, and the recorder knows its end from
// the first byte.
func TestChunkEnd(t *testing.T) {
	t.Parallel()
	answers := chunkedResponse + "1\r\na\r\n5;x\r\nbcdef\r\n2\r\ngh\r\n0\r\nT: 1\r\n\r\n"
	script := func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok || !c.Write(answers) {
				return
			}
		}
	}
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		for range 2 {
			resp, rec := watched(t, c, srv.URL())
			if got := rec.ChunkEnd(); got != 0 {
				t.Errorf("before the first byte: %d", got)
			}
			for _, want := range []struct {
				room int
				data string
				end  int64
			}{{100, "a", 1}, {3, "bcd", 6}, {100, "ef", 6}, {2, "gh", 8}} {
				p := make([]byte, want.room)
				n, err := resp.Body.Read(p)
				if string(p[:n]) != want.data || rec.ChunkEnd() != want.end || err != nil && err != io.EOF {
					t.Errorf("got %q, %d, %v, want %q, %d", p[:n], rec.ChunkEnd(), err, want.data, want.end)
				}
			}
			if rest := read(t, resp); rest != "" {
				t.Errorf("and %q", rest)
			}
			if got := get(t, c, srv.URL()); got != "abcdefgh" {
				t.Errorf("unasked: got %q", got)
			}
		}
		if n := srv.Conns(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}

// TestChunkEndLater: a recorder that has another response by now does not hear of
// the old one.
func TestChunkEndLater(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer(chunkedResponse+"3\r\nabc\r\n0\r\n\r\n"))
	c := newConnector(t, connector.Config{})
	rec := new(connector.Recorder)
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: rec, HTTPChunks: true})
	var bodies []io.ReadCloser
	for range 2 {
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		bodies = append(bodies, resp.Body)
	}
	for i, want := range []int64{0, 3} {
		if _, err := bodies[i].Read(make([]byte, 1)); err != nil || rec.ChunkEnd() != want {
			t.Errorf("body %d: end %d, %v, want %d", i, rec.ChunkEnd(), err, want)
		}
	}
}

// TestChunkEndNotThere: bodies that are framed otherwise.
func TestChunkEndNotThere(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"length":    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n1\r\na\r\n",
		"until EOF": "HTTP/1.1 200 OK\r\n\r\n1\r\na\r\n",
		"1.0":       "HTTP/1.0 200 OK\r\n\r\n1\r\na\r\n",
	} {
		srv := wiretest.New(t, func(c *wiretest.Conn) {
			if _, ok := c.ReadHead(); ok {
				c.Write(text)
			}
		})
		resp, rec := watched(t, newConnector(t, connector.Config{}), srv.URL())
		if got := read(t, resp); got != "1\r\na\r\n" || rec.ChunkEnd() != 0 {
			t.Errorf("%s: got %q, end %d", name, got, rec.ChunkEnd())
		}
	}
}

// TestChunkEndMany: the ends of very many chunks are not piled up, whatever the
// size of the reads; otherwise the last would not be known.
func TestChunkEndMany(t *testing.T) {
	t.Parallel()
	const rounds, each = 20, 5000
	piece := strings.Repeat("1\r\nx\r\n", each)
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok || !c.Write(chunkedResponse) {
				return
			}
			for range rounds {
				if !c.Write(piece) {
					return
				}
			}
			if !c.Write("3\r\nend\r\n0\r\n\r\n") {
				return
			}
		}
	})
	c := newConnector(t, connector.Config{})
	for _, copyTo := range []func(r io.Reader) (int64, error){
		func(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) },
		func(r io.Reader) (int64, error) {
			return io.Copy(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r})
		},
	} {
		resp, rec := watched(t, c, srv.URL())
		n, err := copyTo(resp.Body)
		if n != rounds*each+3 || err != nil || rec.ChunkEnd() != n {
			t.Errorf("got %d bytes, %v, end %d", n, err, rec.ChunkEnd())
		}
	}
}

// TestChunkEndWaits: what is at hand of a chunk is read without waiting for its
// rest, of which the end is known.
func TestChunkEndWaits(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write(chunkedResponse+"5\r\nab") {
			c.AwaitProceed()
			c.Write("cde\r\n0\r\n\r\n")
			c.Stall()
		}
	})
	resp, rec := watched(t, newConnector(t, connector.Config{}), srv.URL())
	p := make([]byte, 100)
	n, err := resp.Body.Read(p)
	if string(p[:n]) != "ab" || err != nil || rec.ChunkEnd() != 5 {
		t.Errorf("got %q, %v, end %d", p[:n], err, rec.ChunkEnd())
	}
	srv.Proceed()
	if rest := read(t, resp); rest != "cde" || rec.ChunkEnd() != 5 {
		t.Errorf("then %q, end %d", rest, rec.ChunkEnd())
	}
}
