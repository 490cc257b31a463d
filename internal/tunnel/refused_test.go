package tunnel_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	const no = "HTTP/1.1 407 Proxy Authentication Required\r\n"
	long := strings.Repeat("x", 5000)
	tests := []struct {
		name, answer string
		hangUp       bool // after the answer
		status       int
		body         string
		took         time.Duration
		text         string
	}{
		{"length", no + "Content-Length: 2\r\n\r\nno", false, 407, "no", 0, "407 Proxy Authentication Required"},
		{"chunked", no + "Transfer-Encoding: Chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", false, 407, "no", 0, "407 Proxy Authentication Required"},
		{"chunked wrongly", no + "Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\nzz\r\n", false, 407, "no", 0, "407 Proxy Authentication Required"},
		{"up to the end", no + "\r\nno", true, 407, "no", 0, "407 Proxy Authentication Required"},
		{"empty", no + "Content-Length: 0\r\n\r\n", false, 407, "", 0, "407 Proxy Authentication Required"},
		{"length that is none", no + "Content-Length: -1\r\n\r\nno", false, 407, "", 0, "407 Proxy Authentication Required"},
		{"cut within the body", no + "Content-Length: 9\r\n\r\nno", true, 407, "no", 0, "407 Proxy Authentication Required"},
		{"neither length nor end", no + "\r\nno", false, 407, "no", time.Second, "407 Proxy Authentication Required"},
		{"body that never comes", no + "Content-Length: 9\r\n\r\n", false, 407, "", time.Second, "407 Proxy Authentication Required"},
		{"long body", no + "Content-Length: 5000\r\n\r\n" + long, false, 407, long[:4096], 0, "407 Proxy Authentication Required"},
		{"no reason", "HTTP/1.1 502\r\nContent-Length: 0\r\n\r\n", false, 502, "", 0, "502 Bad Gateway"},
		{"strange reason", "HTTP/1.1 599 \t\xff\r\nContent-Length: 0\r\n\r\n", false, 599, "", 0, `599 \t\ufffd`},
		{"redirect", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", false, 302, "", 0, "302 Found"},
		{"not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", false, 304, "", 0, "304 Not Modified"},
		{"switched", "HTTP/1.1 101 Switching Protocols\r\n\r\nmore", false, 101, "", 0, "101 Switching Protocols"},
		{"after an interim answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", false, 403, "", 0, "403 No"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write(tt.answer)
				if !tt.hangUp {
					c.Stall()
				}
			}
			bubble(t, script, func(t *testing.T, _ *wiretest.Server, w *watched) {
				start := time.Now()
				nc, err := tunnel.Connect(t.Context(), w, target, nil)
				wantFailed(t, nc, err, w, errors.ErrClientHTTPProxy, errors.ErrClientResponse)
				refused := (*tunnel.Refused)(nil)
				if !errors.As(err, &refused) || refused.Status != tt.status || string(refused.Body) != tt.body {
					t.Fatalf("got %+v, want %d with body %q", refused, tt.status, tt.body)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if want := "proxy refused the tunnel: " + tt.text; err.Error() != want {
					t.Errorf("got %q, want %q", err, want)
				}
				if errors.Is(err, errors.ErrClientProxyConnection) {
					t.Error("it is of the class of proxies that are not there")
				}
			})
		})
	}
}

func TestRefusedHeader(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm=\"a\"\r\nProxy-Authenticate:Digest\r\n\t nonce=1\r\n" +
			"Set-Cookie: " + canary + "\r\nEmpty:\r\nContent-Length: 13\r\n\r\n" + canary)
	}
	bubble(t, script, func(t *testing.T, _ *wiretest.Server, w *watched) {
		nc, err := tunnel.Connect(t.Context(), w, target, nil)
		wantFailed(t, nc, err, w, errors.ErrClientHTTPProxy)
		refused, _ := errors.AsType[*tunnel.Refused](err)
		want := http.Header{
			"Proxy-Authenticate": {`Basic realm="a"`, "Digest nonce=1"}, "Set-Cookie": {canary}, "Empty": {""}, "Content-Length": {"13"},
		}
		if fmt.Sprint(refused.Header) != fmt.Sprint(want) || refused.Reason != "No" || string(refused.Body) != canary {
			t.Errorf("got %q, %q, %q, want %q, No, %s", refused.Header, refused.Reason, refused.Body, want, canary)
		}
		encoded, err := json.Marshal(refused)
		if err != nil {
			t.Error(err)
		}
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", refused, refused, refused, refused), string(encoded)} {
			if strings.Contains(text, canary) {
				t.Errorf("the secret is in %s", text)
			}
		}
	})
}

// A refusal that came counts for more than the end of the context while its body
// is read, but does not make the call last longer.
func TestRefusedCanceled(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 407 No\r\nContent-Length: 9\r\n\r\nno")
		c.Stall()
	}
	bubble(t, script, func(t *testing.T, _ *wiretest.Server, w *watched) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		start := time.Now()
		nc, err := tunnel.Connect(ctx, w, target, nil)
		wantFailed(t, nc, err, w, errors.ErrClientHTTPProxy)
		if took := time.Since(start); took != time.Second/2 {
			t.Errorf("took %v, want 500ms", took)
		}
	})
}

// A proxy may answer and hang up without reading what it was sent.
func TestRefusedUnread(t *testing.T) {
	t.Parallel()
	bubble(t, func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 403 Go away\r\nContent-Length: 0\r\n\r\n")
	}, func(t *testing.T, srv *wiretest.Server, w *watched) {
		synctest.Wait() // for the script's end
		nc, err := tunnel.Connect(t.Context(), w, target, nil)
		wantFailed(t, nc, err, w, errors.ErrClientHTTPProxy)
		if srv.Received(0) != "" {
			t.Error("the proxy has read the request")
		}
	})
}
