package connector_test

import (
	"io"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestBadHead: the error of a head that cannot be one says why in one clause, and which
// request it answers; it does not print a status that no server has sent.
func TestBadHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, head, reason string }{
		{"garbage", "SSH-2.0-OpenSSH_9.9\r\n", ""},
		{"version", "HTTP/5.6 200 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line"},
		{"version of HTTP/2", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "malformed status line"},
		{"version without a number", "HTTP/1.x 200 OK\r\n\r\n", ""},
		{"status 000", "HTTP/1.1 000 No\r\nContent-Length: 2\r\n\r\nok", "malformed status line"},
		{"status 099", "HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok", "malformed status line"},
		{"status of letters", "HTTP/1.1 2OO OK\r\n\r\n", ""},
		{"no colon", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ""},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk", "more than one content-length"},
		{"two lengths in a list", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", "malformed content-length"},
		{"long line", "HTTP/1.1 200 " + strings.Repeat("x", 9000) + "\r\n\r\n", "8190"},
		{"long field", "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("x", 9000) + "\r\n\r\n", "8190"},
		{"many fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 200) + "\r\n", "128"},
		{"many interim ones", strings.Repeat("HTTP/1.1 103 Hints\r\n\r\n", 200), "more than 100 interim responses"},
		{"101 unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, connector.Config{}, answer(tt.head), func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				_, err := c.RoundTrip(newRequest(t, t.Context(), "PUT", srv.URL()+"/p?q=1", strings.NewReader("body")))
				bad, ok := errors.AsType[*errors.BadHTTPMessageError](err)
				if !ok {
					t.Fatalf("got %v, want a bad message", err)
				}
				if bad.RequestInfo.URL == nil || bad.RequestInfo.Method != "PUT" || bad.RequestInfo.URL.Path != "/p" {
					t.Errorf("got %+v, want the request", bad.RequestInfo)
				}
				text := err.Error()
				if !strings.Contains(text, tt.reason) || strings.Contains(strings.ReplaceAll(text, srv.Addr(), ""), "400") {
					t.Errorf("got %q, want the reason %q", text, tt.reason)
				}
				if st := c.Stats(); st.InUse+st.Idle != 0 {
					t.Errorf("got %+v, want nothing kept", st)
				}
			})
		})
	}
}

// TestGoodHead: what is odd and still allowed.
func TestGoodHead(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"two equal lengths":  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0":           "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.9":           "HTTP/1.9 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"no reason":          "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
		"nor a space for it": "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overBoth(t, connector.Config{}, answer(head), func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				if got := get(t, c, srv.URL()); got != "ok" {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

// TestHeadCutShort: a server that closes in the middle of a head has gone, and that is said
// in a plain clause.
func TestHeadCutShort(t *testing.T) {
	t.Parallel()
	for _, head := range []string{
		"", "H", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r", "HTTP/1.1 103 Hints\r\n\r\n",
	} {
		t.Run(head, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) { c.ReadHead(); c.Write(head) }
			overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				_, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
				gone, ok := errors.AsType[*errors.ServerDisconnectedError](err)
				if !ok || gone.Received != int64(len(head)) || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("got %v, want the server gone after %d bytes", err, len(head))
				}
				for _, noise := range []string{"net/http", "malformed", "transport", "MIME", "("} {
					if strings.Contains(err.Error(), noise) {
						t.Errorf("got %q, want no %q in it", err, noise)
					}
				}
			})
		})
	}
}

// switching is the answer of a server that switches to what nobody has asked for, and then
// says more than anybody wants.
const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"

// TestUnasked101: a 101 is an upgrade only if both sides have said so (RFC 9110 7.8).
func TestUnasked101(t *testing.T) {
	t.Parallel()
	const whole, plain, noUpgrade = switching, "HTTP/1.1 101 X\r\n\r\n", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\n\r\n"
	both := map[string]string{"Connection": "Upgrade", "Upgrade": "x"}
	for _, tt := range []struct {
		name, head string
		asked      map[string]string
		ok         bool
	}{
		{"nothing asked", whole, nil, false},
		{"no Connection asked", whole, map[string]string{"Upgrade": "x"}, false},
		{"no Upgrade asked", whole, map[string]string{"Connection": "Upgrade"}, false},
		{"nothing said", plain, both, false},
		{"no Upgrade said", noUpgrade, both, false},
		{"both", whole, both, true},
		{"both, in lower case", whole, map[string]string{"connection": "upgrade", "upgrade": "x"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				c.ReadHead()
				for c.Write(tt.head); c.Write(strings.Repeat("x", 1<<16)); {
				}
			}
			overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				req := newRequest(t, t.Context(), "GET", srv.URL(), nil)
				for name, value := range tt.asked {
					req.Header[name] = []string{value}
				}
				resp, err := c.RoundTrip(req)
				if tt.ok {
					if err != nil {
						t.Fatal(err)
					}
					resp.Body.Close()
				} else if !errors.Is(err, errors.ErrBadHTTPMessage) {
					t.Errorf("got %v, want a bad message", err)
				}
				if st := c.Stats(); st.InUse+st.Idle+st.Unread != 0 {
					t.Errorf("got %+v, want nothing left", st)
				}
			})
		})
	}
}
