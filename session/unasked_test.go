package session_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// switches answers with 101, and then with more than anybody wants.
func switches(c *wiretest.Conn) {
	c.ReadHead()
	if c.Write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n") {
		for c.Write(strings.Repeat("x", 1<<16)) {
		}
	}
}

// TestUnasked101: nobody has asked to switch, so it is no answer, whatever it would cost.
func TestUnasked101(t *testing.T) {
	t.Parallel()
	inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute}, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", switches)
		b.serve(t, "silent:80", stallAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"))
		for _, url := range []string{"http://h/", "http://silent/"} {
			_, err := b.s.Get(t.Context(), url, session.MaxBodySize(10))
			if !errors.Is(err, errors.ErrBadHTTPMessage) {
				t.Errorf("%s: got %v, want a bad message", url, err)
			}
		}
	})
}

// TestAsked101 is a connection and not a body: what reads bodies refuses it.
func TestAsked101(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(*session.Response) error{
		"Bytes": func(r *session.Response) error { _, err := r.Bytes(); return err },
		"Text":  func(r *session.Response) error { _, err := r.Text(); return err },
		"Save": func(r *session.Response) error {
			_, err := r.Save(context.Background(), filepath.Join(t.TempDir(), "f"))
			return err
		},
		"JSON": func(r *session.Response) error { var v any; return r.JSON(&v) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, connector.Config{}, session.ClientTimeout{Total: time.Minute}, func(t *testing.T, b *bubble) {
				b.serve(t, "h:80", switches)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				resp, err := b.s.Get(ctx, "http://h/", session.Header("Connection", "Upgrade"), session.Header("Upgrade", "x"))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				start := time.Now()
				if err := read(resp); !errors.Is(err, errors.ErrInvalidRequest) || time.Since(start) != 0 {
					t.Errorf("got %v after %v, want a refusal at once", err, time.Since(start))
				}
			})
		})
	}
}
