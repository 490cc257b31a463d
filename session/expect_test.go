package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/session"
)

// A server of HTTP/2 may ignore the expectation, as nginx does, and the wait for
// its consent would have no end. So it is not asked by HTTP/2.
func TestExpect100KeepsOffHTTP2(t *testing.T) {
	t.Parallel()
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
	s, err := session.New(session.Config{Connector: c, OwnConnector: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for want, opts := range map[int][]session.Option{
		1: {session.Text("body"), session.Expect100()},
		2: {session.Text("body")},
	} {
		resp, err := s.Post(t.Context(), srv.URL, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := resp.Text(); text != "body" || err != nil || resp.ProtoMajor != want {
			t.Errorf("got %q by %s, want HTTP/%d (%v)", text, resp.Proto, want, err)
		}
	}
}
