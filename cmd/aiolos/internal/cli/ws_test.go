package cli_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// TestWebSocketTerminal: who types gets notices, a mark before each message, and
// is not thrown out for a slip.
func TestWebSocketTerminal(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(httpbin.New())
	t.Cleanup(srv.Close)
	s := streams()
	s.InTTY, s.OutTTY, s.ErrTTY = true, true, true
	s.In = strings.NewReader("a\x1b[2J\n/oops\x1b\n/close 1000\n")
	got := run(t.Context(), s, "ws", "--color=never", srv.URL+"/websocket/echo", "max_fragment_size==2048", "max_message_size==4096")
	if got.code != 0 || strings.Contains(got.out+got.err, "\x1b") {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"connected; /ping", `/oops\x1b is not one of`, "closed: 1000"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("%q is missing in %q", want, got.err)
		}
	}
	// The end of what is typed closes at once.
	s.In = strings.NewReader("")
	if got := run(t.Context(), s, "-q", "ws", srv.URL+"/websocket/echo?max_fragment_size=2048&max_message_size=4096"); got.code != 0 || got.err != "" {
		t.Errorf("got %+v", got)
	}
}
