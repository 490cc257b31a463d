package connector_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// unixListener listens on a socket in a directory of the test's.
func unixListener(t *testing.T) (net.Listener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Skip("no Unix sockets: ", err)
	}
	return ln, path
}

func newUnix(t *testing.T, path string, cfg connector.Config) *connector.Connector {
	t.Helper()
	c, err := connector.NewUnix(path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	leak.Slots(t, func() (inUse, waiting int) { s := c.Stats(); return s.InUse, s.Waiting })
	return c
}

// TestUnix: every host is behind the socket, each with connections of its own.
func TestUnix(t *testing.T) {
	t.Parallel()
	ln, path := unixListener(t)
	srv := wiretest.NewOn(t, ln, fine)
	c := newUnix(t, path, connector.Config{})
	for _, host := range []string{"a.test", "a.test", "b.test:81", "2130706433"} {
		if got := get(t, c, "http://"+host+"/p"); got != "ok" {
			t.Errorf("%s: got %q", host, got)
		}
	}
	if c.Path() != path || srv.Conns() != 3 {
		t.Errorf("path %q, %d connections", c.Path(), srv.Conns())
	}
	if head := srv.Requests()[2]; !strings.HasPrefix(head, "GET /p HTTP/1.1\r\nHost: b.test:81\r\n") {
		t.Errorf("got %q", head)
	}
	if tcp := newConnector(t, connector.Config{}); tcp.Path() != "" {
		t.Errorf("TCP has the path %q", tcp.Path())
	}
}

// TestUnixTLS: https is TLS over the socket, and fails as TLS does.
func TestUnixTLS(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{Names: []string{"a.test"}})
	ln, path := unixListener(t)
	wiretest.NewTLSOn(t, ln, leaf.Server(), fine)
	c := newUnix(t, path, connector.Config{TLS: leaf.Client()})
	var record connector.Recorder
	ctx := connector.WithSettings(t.Context(), connector.Settings{Recorder: &record})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", "https://a.test/", nil))
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	if info := record.Conn(); info.TLS == nil || info.TLS.ServerName != "a.test" || info.Remote.String() != path {
		t.Errorf("got %+v", info)
	}
	for _, test := range []struct {
		c   *connector.Connector
		url string
	}{{c, "https://b.test/"}, {newUnix(t, path, connector.Config{}), "https://a.test/"}} {
		err := fails(t, test.c, test.url)
		if _, ok := errors.AsType[*errors.ClientConnectorCertificateError](err); !ok || errors.Is(err, errors.ErrUnixClientConnector) {
			t.Errorf("%s: got %v", test.url, err)
		}
	}
}

// TestUnixFailures: the class has the path; a proxy is refused before any byte.
func TestUnixFailures(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nobody")
	c := newUnix(t, path, connector.Config{})
	for _, u := range []string{"http://a.test/", "https://a.test/"} {
		err := fails(t, c, u)
		ue, ok := errors.AsType[*errors.UnixClientConnectorError](err)
		if !ok || ue.Path != path || ue.Host != "a.test" || !errors.Is(err, syscall.ENOENT) || !errors.Is(err, errors.ErrClientConnector) {
			t.Errorf("%s: got %#v", u, err)
		}
		if want := "connect to unix socket " + path + ": "; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %s, want %s…", err, want)
		}
	}
	through := &connector.Proxy{URL: &url.URL{Scheme: "http", Host: "proxy.test"}}
	ctx := connector.WithSettings(t.Context(), connector.Settings{Proxy: through})
	_, err := c.RoundTrip(newRequest(t, ctx, "GET", "http://a.test/", nil))
	if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "Proxy" {
		t.Errorf("with a proxy: got %v", err)
	}
}

// TestUnixTrustEnv: a proxy of the environment is not for a local socket.
func TestUnixTrustEnv(t *testing.T) {
	ln, path := unixListener(t)
	srv := wiretest.NewOn(t, ln, fine)
	t.Setenv("HTTP_PROXY", "http://proxy.test:1")
	t.Setenv("HTTPS_PROXY", "http://proxy.test:1")
	t.Setenv("NO_PROXY", "")
	t.Setenv("NETRC", filepath.Join(t.TempDir(), "none"))
	get(t, newUnix(t, path, connector.Config{TrustEnv: true}), "http://a.test/")
	if head := srv.Requests()[0]; !strings.HasPrefix(head, "GET / HTTP/1.1\r\n") {
		t.Errorf("got %q", head)
	}
}

// TestUnixBadConfig: what makes no sense with a local socket.
func TestUnixBadConfig(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EPERM }
	for name, test := range map[string]struct {
		path string
		cfg  connector.Config
	}{
		"no path":     {"", connector.Config{}},
		"DialContext": {"s", connector.Config{DialContext: dial}},
		"Proxy":       {"s", connector.Config{Proxy: "http://p"}},
		"Resolver":    {"s", connector.Config{Resolver: net.DefaultResolver}},
		"AllowAddr":   {"s", connector.Config{AllowAddr: connector.RefusePrivate}},
	} {
		c, err := connector.NewUnix(test.path, test.cfg)
		if _, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || c != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNamedPipe is a typed error where there are none.
func TestNamedPipe(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are named pipes")
	}
	c, err := connector.NewNamedPipe(`\\.\pipe\docker_engine`, connector.Config{})
	bad, ok := errors.AsType[*errors.InvalidRequestError](err)
	if c != nil || !ok || bad.Field != "path" || !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(err.Error(), "named pipes are of Windows") {
		t.Errorf("got %q", err)
	}
}

// TestExclusive: options that contradict each other are refused, each by name.
func TestExclusive(t *testing.T) {
	t.Parallel()
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EPERM }
	control := func(string, string, syscall.RawConn) error { return nil }
	digest := make([]byte, 32)
	pin, err := connector.NewPin(digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		field string
		cfg   connector.Config
	}{
		{"KeepAlive", connector.Config{KeepAlive: time.Second, ForceClose: true}},
		{"KeepAlive", connector.Config{KeepAlive: -1, ForceClose: true}},
		{"Fingerprint", connector.Config{Fingerprint: digest, Pin: pin}},
		{"Insecure", connector.Config{Insecure: true, Pin: pin}},
		{"Insecure", connector.Config{Insecure: true, Fingerprint: digest}},
		{"ProxyAuth", connector.Config{ProxyAuth: url.User("a")}},
		{"ProxyHeader", connector.Config{ProxyHeader: http.Header{"A": {"b"}}}},
		{"Resolver", connector.Config{DialContext: dial, Resolver: net.DefaultResolver}},
		{"Family", connector.Config{DialContext: dial, Family: "ip4"}},
		{"LocalAddr", connector.Config{DialContext: dial, LocalAddr: netip.MustParseAddrPort("127.0.0.1:0")}},
		{"Control", connector.Config{DialContext: dial, Control: control}},
		{"AllowAddr", connector.Config{DialContext: dial, AllowAddr: connector.RefusePrivate}},
		{"Family", connector.Config{Family: "ipv4"}},
	} {
		c, err := connector.New(test.cfg)
		bad, ok := errors.AsType[*errors.InvalidRequestError](err)
		if c != nil || !ok || bad.Field != test.field || !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v", test.field, err)
		}
	}
}
