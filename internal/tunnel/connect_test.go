package tunnel_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/tunnel"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestConnectRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, target string
		header       http.Header
		want         string
	}{
		{"bare", "a.example:443", nil, "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"},
		{"address", "192.0.2.1:80", nil, "CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: 192.0.2.1:80\r\n\r\n"},
		{"address of six", "[2001:db8::1]:8443", nil, "CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n\r\n"},
		{
			"header",
			"a.example:443",
			http.Header{
				"X-B": {"1", "2"}, "x-lower": {"\xe9\tx"}, "Proxy-Authorization": {"Basic " + canary}, "User-Agent": {"me"},
			},
			"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nProxy-Authorization: Basic " + canary +
				"\r\nUser-Agent: me\r\nX-B: 1\r\nX-B: 2\r\nx-lower: \xe9\tx\r\n\r\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write("HTTP/1.1 200 OK\r\n\r\n")
				echo(c)
			}
			bubble(t, script, func(t *testing.T, srv *wiretest.Server, w *watched) {
				nc, err := tunnel.Connect(t.Context(), w, tt.target, tt.header)
				wantUsable(t, nc, err, w)
				if got := srv.Received(0); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				talk(t, nc, "")
			})
		})
	}
}

func TestConnectAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 Connection established\r\n"
	tests := []struct{ name, answer, early string }{
		{"plain", ok + "\r\n", ""},
		{"version 1.0 and no reason", "HTTP/1.0 200\r\n\r\n", ""},
		{"empty reason", "HTTP/1.1 200 \r\n\r\n", ""},
		{"another 2xx", "HTTP/1.1 204 No Content\r\n\r\n", ""},
		{"the last 2xx", "HTTP/1.1 299 Fine\r\n\r\n", ""},
		{"bare line feeds", "HTTP/1.1 200 OK\nA: b\n\n", ""},
		{"a reason that is not ASCII", "HTTP/1.1 200 D'accord \xe9\r\n\r\n", ""},
		{"folded field", ok + "A: b\r\n  c\r\n\td\r\n\r\n", ""},
		{"lengths that mean nothing", ok + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
		{"interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok + "\r\n", ""},
		{"early bytes", ok + "\r\n", "SSH-2.0-server\r\n"},
		{"early bytes with a length", ok + "Content-Length: 3\r\n\r\n", "220 smtp\r\n"},
		{"many early bytes", ok + "\r\n", strings.Repeat("early ", 5000)},
		{"longest line", ok + "A: " + strings.Repeat("a", 8<<10-3) + "\r\n\r\n", ""},
		{"longest head", longHead(64 << 10), ""},
	}
	for _, tt := range tests {
		for _, piece := range []int{1, 7, 1 << 20} {
			if piece == 1 && len(tt.answer)+len(tt.early) > 1000 {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				script := func(c *wiretest.Conn) {
					c.ReadHead()
					c.WriteSlow(tt.answer+tt.early, piece, 0)
					echo(c)
				}
				bubble(t, script, func(t *testing.T, _ *wiretest.Server, w *watched) {
					nc, err := tunnel.Connect(t.Context(), w, target, nil)
					wantUsable(t, nc, err, w)
					talk(t, nc, tt.early)
				})
			})
		}
	}
}

// longHead is a good answer of n bytes.
func longHead(n int) string {
	head := "HTTP/1.1 200 OK\r\n"
	for len(head) < n-8000 {
		head += "A: " + strings.Repeat("a", 4000) + "\r\n"
	}
	for _, size := range []int{(n - len(head)) / 2, 0} {
		if size == 0 {
			size = n - len(head) - len("\r\n")
		}
		head += "A: " + strings.Repeat("a", size-len("A: \r\n")) + "\r\n"
	}
	return head + "\r\n"
}

func TestConnectGarbage(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct{ name, answer string }{
		{"another protocol", "SSH-2.0-" + canary + "\r\n"},
		{"binary without a line", "\x16\x03\x01\x00"},
		{"no version", "HELLO 200 OK\r\n\r\n"},
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"},
		{"HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n"},
		{"no status", "HTTP/1.1\r\n\r\n"},
		{"short status", "HTTP/1.1 20 OK\r\n\r\n"},
		{"long status", "HTTP/1.1 2000 OK\r\n\r\n"},
		{"signed status", "HTTP/1.1 +20 OK\r\n\r\n"},
		{"small status", "HTTP/1.1 099 OK\r\n\r\n"},
		{"control character in the reason", "HTTP/1.1 200 O\x00K\r\n\r\n"},
		{"carriage return in the reason", "HTTP/1.1 200 O\rK\r\n\r\n"},
		{"no colon", ok + canary + "\r\n\r\n"},
		{"no name", ok + ": " + canary + "\r\n\r\n"},
		{"blank before the colon", ok + "A : b\r\n\r\n"},
		{"control character in a value", ok + "A: \x01" + canary + "\r\n\r\n"},
		{"a first line that continues", ok + " a: b\r\n\r\n"},
		{"long line", ok + "A: " + strings.Repeat("a", 8<<10-2) + "\r\n\r\n"},
		{"long line, bare line feed", ok + "A: " + strings.Repeat("a", 8<<10-2) + "\n\n"},
		{"endless line", "HTTP/1.1 200 " + strings.Repeat("a", 20<<10)},
		{"long head", longHead(64<<10 + 1)},
		{"endless interim answers", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write(tt.answer)
				c.Stall() // so that the end of the connection is not what is seen
			}
			bubble(t, script, func(t *testing.T, _ *wiretest.Server, w *watched) {
				nc, err := tunnel.Connect(t.Context(), w, target, nil)
				wantFailed(t, nc, err, w, errors.ErrBadHTTPMessage, errors.ErrClientProxyConnection)
				if e := (*tunnel.Error)(nil); !errors.As(err, &e) || e.Timeout() {
					t.Errorf("got %#v, want an *Error that is no timeout", err)
				}
			})
		})
	}
}

func TestConnectInvalid(t *testing.T) {
	t.Parallel()
	field := func(name, value string) http.Header { return http.Header{name: {value}} }
	tests := []struct {
		name, target string
		header       http.Header
		want         string
	}{
		{"line feed in a value", target, field("X-A", canary+"\nEvil: 1"), "invalid proxy header X-A: the value has a control character"},
		{"carriage return", target, field("X-A", canary+"\r"), "invalid proxy header X-A: the value has a control character"},
		{"NUL", target, field("X-A", canary+"\x00"), "invalid proxy header X-A: the value has a control character"},
		{"DEL", target, field("X-A", canary+"\x7f"), "invalid proxy header X-A: the value has a control character"},
		{"line feed in a name", target, field(canary+"\r\nEvil", "1"), "invalid proxy header: a name is not a token"},
		{"empty name", target, field("", canary), "invalid proxy header: a name is not a token"},
		{"Host", target, field("host", "b"), "invalid proxy header host: cannot be set for CONNECT"},
		{"length", target, field("Content-Length", "5"), "invalid proxy header Content-Length: cannot be set for CONNECT"},
		{"framing", target, field("transfer-encoding", "chunked"), "invalid proxy header transfer-encoding: cannot be set for CONNECT"},
	}
	for bad, why := range badTargets() {
		tests = append(tests, struct {
			name, target string
			header       http.Header
			want         string
		}{"target " + bad, bad, nil, "invalid tunnel target: " + why})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, srv *wiretest.Server, w *watched) {
				nc, err := tunnel.Connect(t.Context(), w, tt.target, tt.header)
				wantFailed(t, nc, err, w, errors.ErrInvalidRequest)
				if err.Error() != tt.want {
					t.Errorf("got %q, want %q", err, tt.want)
				}
				if sent := srv.Received(0); sent != "" {
					t.Errorf("sent %q, want nothing", sent)
				}
			})
		})
	}
}

// badTargets are targets and why they are bad.
func badTargets() map[string]string {
	const (
		form  = "is not host:port"
		port  = "has no port from 1 to 65535"
		chars = "has a character in its host that no name in ASCII has"
	)
	return map[string]string{
		"":                               form,
		"a.example":                      form,
		"2001:db8::1":                    form,
		"[::1":                           form,
		"a.example:":                     port,
		"a.example:0":                    port,
		"a.example:+80":                  port,
		"a.example:65536":                port,
		"a.example:http":                 port,
		"a.example:80\r\nX":              port,
		":80":                            "has no host",
		"a b:80":                         chars,
		"a\r\nEvil: 1:80":                form,
		"a\r\nEvil:80":                   chars,
		"a\x00b:80":                      chars,
		"user@a.example:80":              chars,
		"a/b:80":                         chars,
		"[a:b]:80":                       chars,
		"bücher.example:80":              chars,
		"a%41:80":                        chars,
		"[fe80::1%eth0]:80":              "has a zone, which means nothing to a proxy",
		strings.Repeat("a", 256) + ":80": "has a host longer than 255 bytes",
	}
}
