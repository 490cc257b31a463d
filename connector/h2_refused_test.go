package connector_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
)

// serveH2 is net/http's server with so many streams for a connection.
func serveH2(t *testing.T, streams int, leaf *certs.Leaf) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 2 {
				w.WriteHeader(http.StatusHTTPVersionNotSupported)
			}
			io.Copy(w, r.Body)
		}),
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams}, Protocols: new(http.Protocols),
	}
	t.Cleanup(func() { srv.Close() })
	if leaf != nil {
		srv.Protocols.SetHTTP2(true)
		srv.TLSConfig = leaf.Server()
		go srv.ServeTLS(ln, "", "")
		return "https://" + ln.Addr().String() + "/"
	}
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(ln)
	return "http://" + ln.Addr().String() + "/"
}

// A burst comes before the server has said that it takes few streams, and it
// refuses the others. Nothing has been done about those, so they go again, POST
// as well.
func TestRefusedStreams(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	url := serveH2(t, 3, leaf)
	c := newConnector(t, connector.Config{TLS: leaf.Client()})
	var wg sync.WaitGroup
	for range 120 {
		wg.Go(func() {
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", url, strings.NewReader("body")))
			if err != nil {
				t.Error(err)
				return
			}
			if got := read(t, resp); got != "body" || resp.StatusCode != http.StatusOK {
				t.Errorf("got %d %q", resp.StatusCode, got)
			}
		})
	}
	wg.Wait()
}

// Of HTTP/2 without TLS the connector sees the frames, and must not take them
// for a head of HTTP/1.
func TestUnencryptedHTTP2(t *testing.T) {
	t.Parallel()
	url := serveH2(t, 10, nil)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	c := newConnector(t, connector.Config{Protocols: &protocols})
	for range 3 {
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", url, strings.NewReader("body")))
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "body" || resp.ProtoMajor != 2 {
			t.Errorf("got %s %q", resp.Proto, got)
		}
	}
	if n := c.Stats().Opened; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}
