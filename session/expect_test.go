package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// overHTTP2 is a session, and a server that echoes by HTTP/2 if it is asked to.
func overHTTP2(t *testing.T) (s *session.Session, url string) {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	}))
	srv.TLS, srv.EnableHTTP2 = leaf.Server(), true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	c, err := connector.New(connector.Config{TLS: leaf.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return newSession(t, session.Config{Connector: c, OwnConnector: true}), srv.URL
}

// TestExpect100Versions: asking for consent changes neither the version nor what becomes of
// the connection. The server gives it when its handler reads.
func TestExpect100Versions(t *testing.T) {
	t.Parallel()
	s, url := overHTTP2(t)
	for _, test := range []struct {
		want int
		opts []session.Option
	}{
		{2, opt(session.Text("body"), session.Expect100())},
		{1, opt(session.Text("body"), session.Expect100(), session.Version(1, 1))},
		{2, opt(session.Text("body"), session.Header("Expect", "100-continue"))},
	} {
		resp, err := s.Post(t.Context(), url, test.opts...)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := resp.Text(); text != "body" || err != nil || resp.ProtoMajor != test.want {
			t.Errorf("got %q by %s, want HTTP/%d (%v)", text, resp.Proto, test.want, err)
		}
	}
	if st := s.Connector().Stats(); st.Opened != 2 || st.Idle != 2 {
		t.Errorf("got %+v, want a connection of each version, kept", st)
	}
}

// TestExpect100Unanswered: a server that never says 100 gets the body all the same, through
// the option, the header, and a request that the caller made.
func TestExpect100Unanswered(t *testing.T) {
	t.Parallel()
	off := session.ClientTimeout{Total: time.Hour}
	inBubble(t, connector.Config{ExpectContinueTimeout: 4 * time.Second}, off, func(t *testing.T, b *bubble) {
		b.serve(t, "h:80", func(c *wiretest.Conn) {
			for {
				if _, ok := c.ReadHead(); !ok {
					return
				}
				if body, ok := c.ReadBody(4); ok && body == "body" {
					c.Write(okResponse)
				}
			}
		})
		native, err := http.NewRequestWithContext(t.Context(), "POST", "http://h/", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		native.Header.Set("Expect", "100-continue")
		for name, send := range map[string]func() (*session.Response, error){
			"option": func() (*session.Response, error) {
				return b.s.Post(t.Context(), "http://h/", session.Text("body"), session.Expect100())
			},
			"header": func() (*session.Response, error) {
				return b.s.Post(t.Context(), "http://h/", session.Text("body"), session.Header("expect", "100-continue"))
			},
		} {
			start := time.Now()
			resp, err := send()
			if got := readBody(t, resp, err); got != "ok" || time.Since(start) != 4*time.Second {
				t.Errorf("%s: got %q after %v, want ok after 4s", name, got, time.Since(start))
			}
		}
		start := time.Now()
		resp, err := b.s.Do(native)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || time.Since(start) != 4*time.Second {
			t.Errorf("Do: got %d after %v, want 200 after 4s", resp.StatusCode, time.Since(start))
		}
	})
}

// TestVersions: the one that was asked for, where the server has it.
func TestVersions(t *testing.T) {
	t.Parallel()
	s, url := overHTTP2(t)
	rec := record(t, ok)
	for _, test := range []struct {
		s    *session.Session
		url  string
		opts []session.Option
		want string
	}{
		{s, url, nil, "HTTP/2.0"},
		{s, url, opt(session.Version(2, 0)), "HTTP/2.0"},
		{s, url, opt(session.Version(1, 1)), "HTTP/1.1"},
		{s.With(session.Version(1, 1)), url, nil, "HTTP/1.1"},
		{s.With(session.Version(1, 1)), url, opt(session.Version(2, 0)), "HTTP/2.0"},
		{s, rec.URL, opt(session.Version(2, 0)), "HTTP/1.1"},
	} {
		resp, err := test.s.Get(t.Context(), test.url, test.opts...)
		readBody(t, resp, err)
		if resp.Proto != test.want {
			t.Errorf("%v: got %s, want %s", test.opts, resp.Proto, test.want)
		}
	}
	for _, v := range [][2]int{{0, 9}, {1, 2}, {2, 1}, {3, 0}} {
		if _, err := s.Get(t.Context(), url, session.Version(v[0], v[1])); !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%v: got %v", v, err)
		}
	}
}
