//go:build interop && linux

package interop_test

import (
	"net"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
)

// startTinyproxy runs one with more lines of configuration, and returns its URL.
func startTinyproxy(t *testing.T, more string) string {
	t.Helper()
	program(t, "tinyproxy")
	dir := workDir(t)
	addr := freeAddr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	config := expand(`
Listen $(host)
Port $(port)
Timeout 60
MaxClients 50
LogLevel Info
DisableViaHeader No
ViaProxyName "tinyproxy.test"
Filter "$(filter)"
$(more)
`, map[string]string{
		"host": host, "port": port, "more": more, "filter": file(t, dir, "filter", "^forbidden\\.test\n"),
	})
	start(t, dir, []string{addr}, "tinyproxy", "-d", "-c", file(t, dir, "tinyproxy.conf", config))
	return "http://" + addr
}

// Tinyproxy passes the origin's answer on as one that keeps the connection, and
// closes it. So connections turn out to be dead when they are used again.
func TestInteropTinyproxy(t *testing.T) {
	t.Parallel()
	proxy := startTinyproxy(t, "")
	viaProxy(t, proxy, nil)
	o := newOrigin(t, false)
	s := newSession(t, connector.Config{Proxy: proxy})
	for range 3 {
		resp, err := s.Get(t.Context(), o.URL)
		if via := tellsSeen(t, resp, err).Header.Get("Via"); via == "" {
			t.Error("it did not come through the proxy")
		}
	}
}

func TestInteropTinyproxyRefusal(t *testing.T) {
	t.Parallel()
	refusals(t, startTinyproxy(t, ""), http.StatusForbidden)
}

func TestInteropTinyproxyBasic(t *testing.T) {
	t.Parallel()
	// A wrong login gets the status that is meant for servers.
	basicAuth(t, startTinyproxy(t, "BasicAuth me secret"), "me", "secret", http.StatusUnauthorized)
}
