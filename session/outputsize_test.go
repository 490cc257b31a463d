package session_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestOutputSize: a request counts its own bytes, not those of the others on its
// connection. (aiohttp: output_size)
func TestOutputSize(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			c.ReadRequest()
			c.Write(okResponse)
		}
	})
	s := newSession(t, session.Config{})
	for i, body := range []string{"", strings.Repeat("x", 5000), "", "y"} {
		resp, err := s.Post(t.Context(), srv.URL(), session.Text(body))
		readBody(t, resp, err)
		want := int64(len(srv.Requests()[i]) + len(body))
		if got := resp.Timing(); got.Sent != want || got.Received != int64(len(okResponse)) {
			t.Errorf("request %d: %d bytes sent, %d received, want %d, %d", i, got.Sent, got.Received, want, len(okResponse))
		}
	}
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
