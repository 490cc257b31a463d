package session_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestRedirectedEarly: a redirect comes before the body was read to its end. The
// next hop gets all of it, and the first takes nothing away any more.
func TestRedirectedEarly(t *testing.T) {
	t.Parallel()
	data := make([]byte, 400<<10)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		if strings.Contains(head, " /old ") {
			c.Write("HTTP/1.1 307 Temporary Redirect\r\nLocation: /new\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			c.Stall()
			return
		}
		if body, ok := c.ReadBody(len(data)); !ok || body != string(data) {
			t.Errorf("got %d bytes, or other ones", len(body))
		}
		c.Write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	name := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	readers := map[string]func() io.Reader{
		"bytes": func() io.Reader { return bytes.NewReader(data) }, "text": func() io.Reader { return strings.NewReader(string(data)) },
		"file": func() io.Reader { return openFile(t, name) }, "seeker": func() io.Reader { return struct{ io.ReadSeeker }{bytes.NewReader(data)} },
	}
	s := newSession(t, session.Config{Timeout: session.ClientTimeout{Total: 20 * time.Second}})
	for kind, open := range readers {
		for range 2 {
			var last int64
			count := session.Progress(func(done, _ int64) { last = done })
			for _, o := range []session.Option{{}, count} {
				resp, err := s.Put(t.Context(), srv.URL()+"/old", session.Body(open()), o)
				if err != nil {
					t.Errorf("%s: %v", kind, err)
					continue
				}
				resp.Close()
			}
			if last != int64(len(data)) {
				t.Errorf("%s: the progress ended at %d", kind, last)
			}
		}
	}
}

// fussy is a seeker that can neither be read nor moved once it was closed.
type fussy struct {
	*strings.Reader
	closed int
}

func (f *fussy) Read(p []byte) (int, error) {
	if f.closed > 0 {
		return 0, os.ErrClosed
	}
	return f.Reader.Read(p)
}

func (f *fussy) Seek(offset int64, whence int) (int64, error) {
	if f.closed > 0 {
		return 0, os.ErrClosed
	}
	return f.Reader.Seek(offset, whence)
}

func (f *fussy) Close() error {
	f.closed++
	return nil
}

// TestSeekerIsClosedLast: not before the last hop, and once; then it is used up.
func TestSeekerIsClosedLast(t *testing.T) {
	t.Parallel()
	srv := uploads(t)
	s := newSession(t, session.Config{})
	for _, path := range []string{"/again", "/ok", "/see"} {
		body := &fussy{Reader: strings.NewReader("body")}
		o := session.Body(body)
		resp, err := s.Post(t.Context(), srv.URL()+path, o)
		if got := readBody(t, resp, err); got != "ok" {
			t.Errorf("%s: got %q", path, got)
		}
		if body.closed != 1 {
			t.Errorf("%s: closed %d times", path, body.closed)
		}
		if _, err := s.Post(t.Context(), srv.URL()+path, o); !errors.Is(err, errors.ErrBodyNotReplayable) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if _, err := session.New(session.Config{Options: opt(session.Body(&fussy{Reader: strings.NewReader("x")}))}); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("as a default: got %v", err)
	}
}
