package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestDifferencesOnTheWire: what docs/aiohttp.md says of names of headers, of Expect without
// a body and of a wrong Content-Length.
func TestDifferencesOnTheWire(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok || !c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
				return
			}
		}
	})
	s := wireSession(t, connector.Config{}, session.Config{})
	head := func() string { all := srv.Requests(); return all[len(all)-1] }

	resp, err := s.Get(t.Context(), srv.URL(), session.Header("x-app-ID", "1"))
	readBody(t, resp, err)
	if got := head(); !strings.Contains(got, "\r\nX-App-Id: 1\r\n") {
		t.Errorf("an option's name: got %q", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["x-app-ID"] = []string{"1"}
	native, err := s.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, native.Body)
	native.Body.Close()
	if got := head(); !strings.Contains(got, "\r\nx-app-ID: 1\r\n") || strings.Contains(got, "X-App-Id") {
		t.Errorf("a request's name: got %q", got)
	}

	resp, err = s.Get(t.Context(), srv.URL(), session.Expect100())
	readBody(t, resp, err)
	if got := head(); strings.Contains(got, "Expect") {
		t.Errorf("Expect100 without a body: got %q", got)
	}
	resp, err = s.Post(t.Context(), srv.URL(), session.Header("Expect", "100-continue"))
	readBody(t, resp, err) // and nobody has waited for a 100
	if got := head(); !strings.Contains(got, "\r\nExpect: 100-continue\r\n") {
		t.Errorf("the header without a body: got %q", got)
	}

	before := len(srv.Requests())
	if _, err = s.Post(t.Context(), srv.URL(), session.Text("four"), session.Header("Content-Length", "3")); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("a body that is too long: got %v", err)
	}
	if n := len(srv.Requests()); n != before {
		t.Error("something was sent")
	}
	patient := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.ReadBody(100) })
	for name, length := range map[string]string{"too short": "5", "too long": "3"} {
		unsized := io.MultiReader(strings.NewReader("four"))
		if _, err = s.Post(t.Context(), patient.URL(), session.Body(unsized), session.Header("Content-Length", length)); err == nil {
			t.Errorf("a stream that is %s: no error", name)
		}
	}
}

// TestNoRetryOnFreshConnection: a request whose first connection breaks is not sent again
// unless middleware.Retry is asked for; aiohttp sends an idempotent one once more.
func TestNoRetryOnFreshConnection(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead() })
	s := wireSession(t, connector.Config{}, session.Config{})
	if _, err := s.Get(t.Context(), srv.URL()); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("got %v", err)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("the server was sent %d requests, want 1", n)
	}
}
