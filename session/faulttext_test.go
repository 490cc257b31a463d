package session_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/session"
)

// TestFaultTexts: what a user reads names the request, what was expected and what
// came, in one line without net/http's inner life.
func TestFaultTexts(t *testing.T) {
	t.Parallel()
	closes := func(text string) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write(text)
		}
	}
	for name, test := range map[string]struct {
		script func(*wiretest.Conn)
		want   string // after the request; HOST is the server's
	}{
		"at once":      {closes(""), "server disconnected: the connection ended before the first byte of the response"},
		"in the head":  {closes("HTTP/1.1 200 OK\r\nConte"), "server disconnected: the connection ended after 22 bytes of the response's head"},
		"garbage":      {closes("SSH-2.0-OpenSSH_9.9\r\n"), "bad response from HOST: malformed status line"},
		"HTTP/2.0":     {closes("HTTP/2.0 200 OK\r\n\r\n"), "bad response from HOST: malformed status line"},
		"status 000":   {closes("HTTP/1.1 000 OK\r\n\r\n"), "bad response from HOST: malformed status line"},
		"long field":   {closes("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 9000)), "bad response from HOST: header field longer than 8190 bytes"},
		"many fields":  {closes("HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 129)), "bad response from HOST: more than 128 header fields"},
		"long line":    {closes("HTTP/1.1 200 " + strings.Repeat("b", 9000)), "bad response from HOST: status line longer than 8190 bytes"},
		"in the body":  {closes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), "content length error: 3 of 5 bytes: unexpected EOF"},
		"in the chunk": {closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"), "transfer encoding error: 3 bytes: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, test.script)
			s := newSession(t, session.Config{})
			resp, err := s.Post(t.Context(), srv.URL()+"/p") // a GET would be sent again
			if err == nil {
				_, err = resp.Bytes()
			}
			if err == nil {
				t.Fatal("no error")
			}
			want := "post " + srv.URL() + "/p: " + strings.ReplaceAll(test.want, "HOST", srv.Addr())
			if got := err.Error(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
