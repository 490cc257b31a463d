package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestStatusOfMocks: a RoundTripper's response has a status (RFC 9110 15), or is none.
// The first one's body is closed.
func TestStatusOfMocks(t *testing.T) {
	t.Parallel()
	for status, good := range map[int]bool{-1: false, 0: false, 42: false, 99: false, 100: true, 200: true, 600: true, 999: true, 1000: false} {
		body := &closingBody{Reader: strings.NewReader("ok")}
		s := newSession(t, session.Config{Transport: middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: body}, nil
		})})
		resp, err := s.Get(t.Context(), "http://a.example/")
		if (err == nil) != good {
			t.Errorf("%d: got %v", status, err)
		}
		if err == nil {
			resp.Close()
			continue
		}
		wantIs(t, err, errors.ErrBadHTTPMessage)
		if !body.closed || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d: %q, body closed: %v", status, err, body.closed)
		}
	}
}

type closingBody struct {
	io.Reader

	closed bool
}

func (b *closingBody) Close() error {
	b.closed = true
	return nil
}

// TestStatusOnTheWire: whatever the connector takes, a session refuses a status that
// is none.
func TestStatusOnTheWire(t *testing.T) {
	t.Parallel()
	for _, lenient := range []bool{false, true} {
		for _, status := range []string{"000", "042", "099"} {
			srv := wiretest.New(t, answer("HTTP/1.1 "+status+" OK\r\nContent-Length: 2\r\n\r\nok"))
			c, err := connector.New(connector.Config{Lenient: lenient})
			if err != nil {
				t.Fatal(err)
			}
			s := newSession(t, session.Config{Connector: c, OwnConnector: true})
			_, err = s.Get(t.Context(), srv.URL())
			wantIs(t, err, errors.ErrBadHTTPMessage)
			if got := c.Stats().InUse; got != 0 {
				t.Errorf("%s: %d in use", status, got)
			}
		}
	}
}
