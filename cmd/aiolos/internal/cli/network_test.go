package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNetworkFlags: what contradicts itself is refused before anything is sent,
// by every command that sends.
func TestNetworkFlags(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent") }))
	t.Cleanup(srv.Close)
	zeros := strings.Repeat("0", 64)
	for _, flags := range []string{
		"--http1.1 --http2", "--insecure --pin " + zeros, "--unix x --proxy y", "--retry -1", "--limit -1", "--per-host -1",
		"--pin 00", "--pin sha256//" + zeros, "--pin md5:00", "--proxy ftp://x", "--timeout x", "--connect-timeout -1", "--read-timeout x",
	} {
		for _, command := range []string{"", "get", "time", "ws"} {
			if command == "get" && strings.HasPrefix(flags, "--per-host") {
				continue // its own flag, tested there
			}
			args := append(strings.Fields(command+" "+flags), srv.URL)
			if got := run(t.Context(), streams(), args...); got.code != 2 || !strings.HasPrefix(got.err, "aiolos: ") {
				t.Errorf("%q: got %+v, want a usage error", args, got)
			}
		}
	}
}

// TestConnectTimeout bounds the wait for a connection alone.
func TestConnectTimeout(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	// Nobody speaks TLS behind this listener.
	got := run(t.Context(), streams(), "--connect-timeout", "50ms", "https://"+srv.Listener.Addr().String())
	if got.code != 9 || !strings.Contains(got.err, "hint: --connect-timeout") {
		t.Errorf("got %+v, want a timeout", got)
	}
}
