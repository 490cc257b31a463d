package har_test

import (
	"testing"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/middleware/har"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

// The entries of a Connector have the phases of a real transport's: with a new
// connection, whose handshake takes 300 ms, and with the one that is there then.
func TestOverConnector(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := tlsServer(t, http2) // for what it dials, and trusts
				c, err := connector.New(connector.Config{TLS: transport.TLSClientConfig, DialContext: transport.DialContext})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				h := har.New(har.Config{})
				rt := h.Wrap(c)
				for _, want := range []string{
					"blocked 0 dns 40 connect 400 ssl 300 send 0 wait 200 receive 0 ",
					"blocked 0 send 0 wait 200 receive 0 ",
				} {
					h.Reset()
					if got := mwtest.Send(t, rt, "GET", "https://localhost/", "", ""); got != "hello" {
						t.Fatalf("got %q", got)
					}
					entries := checkArchive(t, archiveText(t, h))
					if len(entries) != 1 {
						t.Fatalf("got %d entries", len(entries))
					}
					if got := timingsOf(entries[0]); got != want {
						t.Errorf("got %s, want %s", got, want)
					}
					if got := valueAt(entries[0], "serverIPAddress"); got != "192.0.2.1" {
						t.Errorf("server: got %v, want 192.0.2.1", got)
					}
					if got := valueAt(entries[0], "response.httpVersion"); got != name {
						t.Errorf("got %v, want %s", got, name)
					}
				}
			})
		})
	}
}
