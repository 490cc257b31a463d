package session_test

import (
	"fmt"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// TestStaleRetry: a server that closes a kept connection at the second request's head. It
// is sent again unless the request, the session or the connector forbids it.
func TestStaleRetry(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	const off, on = false, true
	for _, tt := range []struct {
		name    string
		conn    connector.Config
		session []session.Option
		request []session.Option
		retried bool
	}{
		{"nothing said", connector.Config{}, nil, nil, true},
		{"off for the request", connector.Config{}, nil, opt(session.StaleRetry(off)), false},
		{"off for the session", connector.Config{}, opt(session.StaleRetry(off)), nil, false},
		{"off, and on again", connector.Config{}, opt(session.StaleRetry(off)), opt(session.StaleRetry(on)), true},
		{"off for the connector", connector.Config{DisableStaleRetry: true}, nil, opt(session.StaleRetry(on)), false},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(tt.name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				script := func(c *wiretest.Conn) {
					if _, ok := c.ReadHead(); ok && c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
						c.ReadHead() // and gone
					}
				}
				srv, cfg := wiretest.New(t, script), tt.conn
				if scheme == "https" {
					srv, cfg.TLS = wiretest.NewTLS(t, leaf.Server(), script), leaf.Client()
				}
				s := wireSession(t, cfg, session.Config{Options: tt.session})
				resp, err := s.Get(t.Context(), srv.URL())
				readBody(t, resp, err)
				resp, err = s.Get(t.Context(), srv.URL(), tt.request...)
				want := 2
				if tt.retried {
					readBody(t, resp, err)
					want = 3
				} else if !errors.Is(err, errors.ErrServerDisconnected) {
					t.Errorf("got %v", err)
				}
				if n := len(srv.Requests()); n != want {
					t.Errorf("the server was sent %d requests, want %d", n, want)
				}
			})
		}
	}
}

// TestStaleRetryMiddleware: a retry that was asked for goes on.
func TestStaleRetryMiddleware(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
			c.ReadHead()
		}
	})
	s := wireSession(t, connector.Config{}, session.Config{
		Options:    opt(session.StaleRetry(false)),
		Middleware: []middleware.Middleware{middleware.Retry(middleware.RetryPolicy{MinWait: 1})},
	})
	for range 2 {
		resp, err := s.Get(t.Context(), srv.URL())
		readBody(t, resp, err)
	}
}

func ExampleStaleRetry() {
	s, stop := exampleSession(session.Config{Options: []session.Option{session.StaleRetry(false)}})
	defer stop()
	fmt.Println(session.StaleRetry(false))
	show(s.Get(ctx, "http://example.com/a"))
	// Output:
	// StaleRetry(false)
	// GET /a
}
