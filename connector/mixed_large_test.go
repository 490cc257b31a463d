package connector_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestLargeAnswersNeverMixed: a large body is read past the bufio.Reader, to its last byte.
// What lies behind it is not the next answer, also where a connection cannot be looked at.
func TestLargeAnswersNeverMixed(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1000, 4096 - 64, 4096, 8192, 40_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			n := memnet.New()
			ln, err := n.Listen("h:80")
			if err != nil {
				t.Fatal(err)
			}
			body := strings.Repeat("x", size)
			wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
				for {
					if _, ok := c.ReadHead(); !ok {
						return
					}
					if !c.Write(fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Number: mine\r\nContent-Length: %d\r\n\r\n%s%s", size, body, poison)) {
						return
					}
				}
			})
			c := newConnector(t, connector.Config{DialContext: n.DialContext})
			buf := make([]byte, 64<<10)
			for i := range 300 {
				req, err := http.NewRequestWithContext(context.Background(), "GET", "http://h/", nil)
				if err != nil {
					t.Fatal(err)
				}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				got := 0
				for err == nil {
					var m int
					m, err = resp.Body.Read(buf)
					got += m
				}
				resp.Body.Close()
				if err != io.EOF || got != size || resp.Header.Get("X-Number") != "mine" {
					t.Fatalf("%d: %d bytes of %q, %v", i, got, resp.Header.Get("X-Number"), err)
				}
			}
		})
	}
}
