package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
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

// A server of HTTP/2 may ignore the expectation, as nginx does, and the wait for
// its consent would have no end. So it is not asked by HTTP/2.
func TestExpect100KeepsOffHTTP2(t *testing.T) {
	t.Parallel()
	s, url := overHTTP2(t)
	for want, opts := range map[int][]session.Option{
		1: {session.Text("body"), session.Expect100()},
		2: {session.Text("body")},
	} {
		resp, err := s.Post(t.Context(), url, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := resp.Text(); text != "body" || err != nil || resp.ProtoMajor != want {
			t.Errorf("got %q by %s, want HTTP/%d (%v)", text, resp.Proto, want, err)
		}
	}
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
