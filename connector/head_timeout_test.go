package connector_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// A timeout in the middle of a line of the head ends the exchange, wherever it strikes:
// net/http takes a line that an error has cut off for a whole one, and reads on.
func TestTimeoutWithinHead(t *testing.T) {
	t.Parallel()
	const response = "HTTP/1.1 200 OK\r\nX-Name: value\r\nContent-Length: 2\r\n\r\nok"
	synctest.Test(t, func(t *testing.T) {
		n := serveMemory(t, func(c *wiretest.Conn) {
			at, err := strconv.Atoi(c.ReadRequest().Target[1:])
			if err != nil {
				t.Error(err)
			}
			c.Write(response[:at])
			c.Pause(1500 * time.Millisecond)
			c.Write(response[at:])
			c.Stall()
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext, Timeout: connector.ClientTimeout{SockRead: time.Second}})
		for at := range len(response) - len("ok") {
			start := time.Now()
			resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h/"+strconv.Itoa(at), nil))
			if err == nil {
				t.Errorf("cut at %d (%q): got %s %v, want a timeout", at, response[:at], resp.Status, resp.Header)
				resp.Body.Close()
				continue
			}
			if _, ok := errors.AsType[*errors.TimeoutError](err); !ok || time.Since(start) != time.Second {
				t.Errorf("cut at %d: got %v after %v, want a timeout after 1s", at, err, time.Since(start))
			}
		}
		c.Close()
	})
}
