package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestVerbatimRedirects: a Location is followed as it was written, or requoted.
func TestVerbatimRedirects(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/%7euser?a=%7e")
			w.WriteHeader(http.StatusFound)
		}
	})
	s := newSession(t, session.Config{})
	for want, o := range map[string]session.Option{"/~user?a=~": {}, "/%7euser?a=%7e": session.VerbatimRedirects()} {
		resp, err := s.Get(t.Context(), rec.URL, o)
		readBody(t, resp, err)
		if got := rec.last(t).path; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestReadBufferSize: Content reads ahead no more than it was told, and is told so
// by a positive number.
func TestReadBufferSize(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("line\n", 1000)) })
	s := newSession(t, session.Config{})
	resp, err := s.Get(t.Context(), rec.URL, session.ReadBufferSize(10))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Close()
	c := resp.Content()
	if line, err := c.ReadLine(); err != nil || strings.TrimSpace(string(line)) != "line" {
		t.Fatalf("got %q, %v", line, err)
	}
	if n := c.Buffered(); n > 10 {
		t.Errorf("%d bytes were read ahead", n)
	}
	for _, n := range []int{0, -1} {
		if _, err := s.Get(t.Context(), rec.URL, session.ReadBufferSize(n)); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%d: got %v", n, err)
		}
	}
}

// TestReadUntilEOFOption: a response without a length has no body if one asks so.
func TestReadUntilEOFOption(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadRequest()
		c.Write("HTTP/1.1 200 OK\r\n\r\nto the end")
		c.Close()
	})
	s := newSession(t, session.Config{})
	for want, o := range map[string]session.Option{"to the end": session.ReadUntilEOF(true), "": session.ReadUntilEOF(false)} {
		resp, err := s.Get(t.Context(), srv.URL(), o)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := resp.Text(); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
