package connector_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestMain(m *testing.M) { leak.Main(m) }

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// serveMemory returns a network that has a server at h:80.
func serveMemory(t *testing.T, script func(*wiretest.Conn)) *memnet.Network {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen("h:80")
	if err != nil {
		t.Fatal(err)
	}
	wiretest.NewOn(t, ln, script)
	return n
}

// newConnector is closed with the test, and then holds no slot.
func newConnector(t *testing.T, cfg connector.Config) *connector.Connector {
	t.Helper()
	c, err := connector.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	leak.Slots(t, func() (inUse, waiting int) { s := c.Stats(); return s.InUse, s.Waiting })
	return c
}

func newRequest(t *testing.T, ctx context.Context, method, url string, body io.Reader) *http.Request { //nolint:revive // the test comes first
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// get sends a GET and reads its answer.
func get(t *testing.T, rt http.RoundTripper, url string) string {
	t.Helper()
	resp, err := rt.RoundTrip(newRequest(t, t.Context(), "GET", url, nil))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fine answers every request.
func fine(c *wiretest.Conn) {
	for {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		if strings.Contains(head, "chunked") {
			c.ReadChunked()
		}
		c.Write(okResponse)
	}
}

func answer(text string) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		if _, ok := c.ReadHead(); ok && c.Write(text) {
			c.Stall()
		}
	}
}
