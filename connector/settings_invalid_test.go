package connector_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
)

// TestBadWireConfig: what cannot be, or not together, is refused by New.
func TestBadWireConfig(t *testing.T) {
	t.Parallel()
	sum := make([]byte, 32)
	pin, err := connector.NewPin(sum)
	if err != nil {
		t.Fatal(err)
	}
	proxy := "http://proxy.example"
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }
	for _, tt := range []struct {
		name  string
		cfg   connector.Config
		class error
	}{
		{"insecure with a fingerprint", connector.Config{Insecure: true, Fingerprint: sum}, errors.ErrInvalidRequest},
		{"insecure with a pin", connector.Config{Insecure: true, Pin: pin}, errors.ErrInvalidRequest},
		{"both", connector.Config{Fingerprint: sum, Pin: pin}, errors.ErrInvalidRequest},
		{"short", connector.Config{Fingerprint: sum[:31]}, errors.ErrInvalidRequest},
		{"long", connector.Config{Fingerprint: make([]byte, 33)}, errors.ErrInvalidRequest},
		{"sha1", connector.Config{Fingerprint: sum[:20]}, errors.ErrInvalidRequest},
		{"md5", connector.Config{Fingerprint: sum[:16]}, errors.ErrInvalidRequest},
		{"auth without a proxy", connector.Config{ProxyAuth: url.User("u")}, errors.ErrInvalidRequest},
		{"header without a proxy", connector.Config{ProxyHeader: http.Header{"A": {"b"}}}, errors.ErrInvalidRequest},
		{"kept and closed", connector.Config{KeepAlive: 1, ForceClose: true}, errors.ErrInvalidRequest},
		{"resolver and DialContext", connector.Config{Resolver: &proxyDNS{}, DialContext: dial}, errors.ErrInvalidRequest},
		{"Control and DialContext", connector.Config{
			Control: func(string, string, syscall.RawConn) error { return nil }, DialContext: dial,
		}, errors.ErrInvalidRequest},
		{"socks4", connector.Config{Proxy: "socks4://proxy.example"}, errors.ErrNonHTTPURLClient},
		{"ftp", connector.Config{Proxy: "ftp://proxy.example"}, errors.ErrNonHTTPURLClient},
		{"no scheme", connector.Config{Proxy: "proxy.example:80"}, errors.ErrInvalidURL},
		{"no host", connector.Config{Proxy: "http://:80"}, errors.ErrInvalidURL},
		{"port", connector.Config{Proxy: "http://proxy.example:65536"}, errors.ErrInvalidURL},
		{"path", connector.Config{Proxy: "http://proxy.example/path"}, errors.ErrInvalidURL},
		{"not a url", connector.Config{Proxy: "http://%zz"}, errors.ErrInvalidURL},
		{"user with a colon", connector.Config{Proxy: proxy, ProxyAuth: url.UserPassword("a:b", "c")}, errors.ErrInvalidURL},
		{"long user of SOCKS", connector.Config{Proxy: "socks5://proxy.example", ProxyAuth: url.User(strings.Repeat("u", 256))}, errors.ErrInvalidURL},
		{"long password of SOCKS", connector.Config{
			Proxy: "socks5://proxy.example", ProxyAuth: url.UserPassword("u", strings.Repeat("p", 256)),
		}, errors.ErrInvalidURL},
		{"header name", connector.Config{Proxy: proxy, ProxyHeader: http.Header{"A b": {"c"}}}, errors.ErrInvalidRequest},
		{"header value", connector.Config{Proxy: proxy, ProxyHeader: http.Header{"A": {"b\r\nEvil: 1"}}}, errors.ErrInvalidRequest},
		{"header Host", connector.Config{Proxy: proxy, ProxyHeader: http.Header{"host": {"b"}}}, errors.ErrInvalidRequest},
		{"header Content-Length", connector.Config{Proxy: proxy, ProxyHeader: http.Header{"Content-Length": {"1"}}}, errors.ErrInvalidRequest},
		{"family", connector.Config{Family: "tcp4"}, errors.ErrInvalidRequest},
	} {
		c, err := connector.New(tt.cfg)
		if c != nil || !errors.Is(err, tt.class) {
			t.Errorf("%s: got %v, %v, want %v", tt.name, c, err, tt.class)
		}
	}
	for name, build := range map[string]func() (*connector.Connector, error){
		"no url":     func() (*connector.Connector, error) { return connector.NewProxy("", connector.Config{}) },
		"twice":      func() (*connector.Connector, error) { return connector.NewProxy(proxy, connector.Config{Proxy: proxy}) },
		"unix":       func() (*connector.Connector, error) { return connector.NewUnix("/s", connector.Config{Proxy: proxy}) },
		"unix, none": func() (*connector.Connector, error) { return connector.NewUnix("", connector.Config{}) },
	} {
		if c, err := build(); c != nil || !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v, %v", name, c, err)
		}
	}
}

// TestBadWishes: the same for what a request asks for: nothing is dialed.
func TestBadWishes(t *testing.T) {
	t.Parallel()
	pin := sha256Pin(t, nil)
	proxy := func(raw string) *connector.Proxy {
		return &connector.Proxy{URL: &url.URL{Scheme: raw, Host: "proxy.example"}}
	}
	header := func(name, value string) *connector.Proxy {
		p := proxy("http")
		p.Header = http.Header{name: {value}}
		return p
	}
	var dials atomic.Int32
	c := newConnector(t, connector.Config{DialContext: func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, errors.New("dialed")
	}})
	for _, tt := range []struct {
		name  string
		s     connector.Settings
		class error
	}{
		{"insecure with a pin", connector.Settings{TLS: &connector.TLSPolicy{Insecure: true, Pin: pin}}, errors.ErrInvalidRequest},
		{"the same with a configuration", connector.Settings{
			TLS: &connector.TLSPolicy{Config: new(tls.Config), Insecure: true, Pin: pin.Verified()},
		}, errors.ErrInvalidRequest},
		{"name", connector.Settings{TLS: &connector.TLSPolicy{ServerName: "a b"}}, errors.ErrInvalidRequest},
		{"name with a port", connector.Settings{TLS: &connector.TLSPolicy{ServerName: "a:443"}}, errors.ErrInvalidRequest},
		{"scheme", connector.Settings{Proxy: proxy("socks4")}, errors.ErrNonHTTPURLClient},
		{"no scheme", connector.Settings{Proxy: proxy("")}, errors.ErrInvalidURL},
		{"no host", connector.Settings{Proxy: &connector.Proxy{URL: &url.URL{Scheme: "http"}}}, errors.ErrInvalidURL},
		{"header", connector.Settings{Proxy: header("A", "b\nc")}, errors.ErrInvalidRequest},
		{"header Host", connector.Settings{Proxy: header("Host", "b")}, errors.ErrInvalidRequest},
		{"user", connector.Settings{Proxy: &connector.Proxy{URL: proxy("socks5").URL, Auth: url.UserPassword("", "p")}}, errors.ErrInvalidURL},
	} {
		for _, target := range []string{"http://origin.example/", "https://origin.example/"} {
			_, err := try(t, c, target, tt.s)
			if !errors.Is(err, tt.class) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.class)
			}
		}
	}
	if n := dials.Load(); n != 0 {
		t.Errorf("%d dials", n)
	}
}
