package connector_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestProxyAuth: credentials come from the URL, from ProxyAuth or from the
// header for the proxy, and go with CONNECT, with each forwarded request and
// with the greeting of SOCKS.
func TestProxyAuth(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	users := []*url.Userinfo{
		url.UserPassword("user", "pass"), url.UserPassword("üser", "pä:ss/@?# "), url.UserPassword("user", ""), url.User("user"),
	}
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, user := range users {
			plain, secured := wiretest.New(t, fine), wiretest.NewTLS(t, leaf.Server(), fine)
			p := (&testProxy{config: leaf.Server(), user: user}).start(t, scheme, nil)
			ways := map[string]connector.Config{
				"url":       {Proxy: p.url(user).String()},
				"ProxyAuth": {Proxy: p.text(), ProxyAuth: user},
				"both":      {Proxy: p.url(url.UserPassword("other", "one")).String(), ProxyAuth: user},
			}
			if strings.HasPrefix(scheme, "http") {
				header := http.Header{"Proxy-Authorization": {basic(user)}}
				ways["header"] = connector.Config{Proxy: p.text(), ProxyHeader: header}
				ways["header in another case"] = connector.Config{
					Proxy: p.text(), ProxyHeader: http.Header{"proxy-authorization": {basic(user)}},
				}
				ways["header and url"] = connector.Config{Proxy: p.url(url.UserPassword("other", "one")).String(), ProxyHeader: header}
			}
			for name, cfg := range ways {
				t.Run(fmt.Sprintf("%s/%s/%s", scheme, name, user), func(t *testing.T) {
					t.Parallel()
					cfg.TLS = leaf.Client()
					c := newConnector(t, cfg)
					get(t, c, plain.URL())
					get(t, c, secured.URL())
					get(t, c, plain.URL()) // on the same connection, with them once more
				})
			}
			t.Cleanup(func() {
				for _, head := range append(plain.Requests(), secured.Requests()...) {
					if strings.Contains(strings.ToLower(head), "proxy-auth") {
						t.Errorf("%s: a server was sent %q", scheme, head)
					}
				}
			})
		}
	}
}

// TestProxyAuthRefused: without them, or with wrong ones, the answer of a proxy
// that forwards is a response like any other; that of a tunnel is an error.
func TestProxyAuthRefused(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	right := url.UserPassword("user", "right")
	for _, user := range []*url.Userinfo{nil, url.UserPassword("user", "canary")} {
		for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
			t.Run(fmt.Sprintf("%s/%v", scheme, user), func(t *testing.T) {
				t.Parallel()
				p := (&testProxy{config: leaf.Server(), user: right}).start(t, scheme, nil)
				c := newConnector(t, connector.Config{Proxy: p.url(user).String(), TLS: leaf.Client()})
				_, err := try(t, c, srv.URL(), connector.Settings{})
				if strings.HasPrefix(scheme, "socks") {
					wantProxyFailure(t, err, p)
				} else {
					wantRefusal(t, err, p, 407, "Proxy Authentication Required", "who??")
					resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://plain.example/", nil))
					if err != nil {
						t.Fatal(err)
					}
					if body := read(t, resp); resp.StatusCode != 407 || body != "who??" || resp.Header.Get("Proxy-Authenticate") == "" {
						t.Errorf("got %s %q", resp.Status, body)
					}
				}
				wantNoSecret(t, err)
			})
		}
	}
}

// TestProxyRefusal: what a proxy says instead of making a tunnel is in the error.
func TestProxyRefusal(t *testing.T) {
	t.Parallel()
	leaf := originLeaf(t)
	for _, tt := range []struct {
		answer  string
		status  int
		message string
		body    string
	}{
		{"HTTP/1.1 403 Not here\r\nX-Why: policy\r\nContent-Length: 6\r\n\r\ndenied", 403, "Not here", "denied"},
		{"HTTP/1.1 502 Bad Gateway\r\nX-Why: policy\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlost\r\n0\r\n\r\n", 502, "Bad Gateway", "lost"},
		{"HTTP/1.0 503\r\nX-Why: policy\r\n\r\nto the end", 503, "", "to the end"},
		{"HTTP/1.1 302 Found\r\nX-Why: policy\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n", 302, "Found", ""},
	} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			t.Parallel()
			p := (&testProxy{config: leaf.Server(), refuse: tt.answer}).start(t, "https", nil)
			c := newConnector(t, connector.Config{Proxy: p.url(url.UserPassword("user", "canary")).String(), TLS: leaf.Client()})
			_, err := try(t, c, "https://origin.example:8443/", connector.Settings{})
			wantRefusal(t, err, p, tt.status, tt.message, tt.body)
			wantNoSecret(t, err)
			if refused := (*errors.ClientHTTPProxyError)(nil); errors.As(err, &refused) && refused.Header.Get("X-Why") != "policy" {
				t.Errorf("got the header %v", refused.Header)
			}
			if n := p.srv.Conns(); n != 1 {
				t.Errorf("%d connections to a proxy that has said no, want 1", n)
			}
		})
	}
}

// TestProxySOCKSRefusal has the codes of RFC 1928 6.
func TestProxySOCKSRefusal(t *testing.T) {
	t.Parallel()
	for code, text := range map[byte]string{1: "general failure", 2: "not allowed", 4: "host unreachable", 5: "connection refused", 99: "code 99"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			p := (&testProxy{code: code}).start(t, "socks5h", nil)
			dns := &proxyDNS{names: map[string]string{"proxy.example": "127.0.0.1 127.0.0.2"}}
			c := newConnector(t, connector.Config{Proxy: hostname(t, p.text(), "proxy.example"), Resolver: dns})
			_, err := try(t, c, "http://origin.example/", connector.Settings{})
			var failure *errors.ClientProxyConnectionError
			if !errors.As(err, &failure) || failure.Host != "proxy.example" || failure.Op != "proxy" || !strings.Contains(err.Error(), text) {
				t.Errorf("got %v", err)
			}
			if n := p.srv.Conns(); n != 1 {
				t.Errorf("%d connections to a proxy that has said no, want 1", n)
			}
		})
	}
}

func wantRefusal(t *testing.T, err error, p *testProxy, status int, message, body string) {
	t.Helper()
	var refused *errors.ClientHTTPProxyError
	if !errors.As(err, &refused) || !errors.Is(err, errors.ErrClientHTTPProxy) || !errors.Is(err, errors.ErrClientResponse) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if refused.Status != status || refused.Message != message || string(refused.Body) != body {
		t.Errorf("got %d %q with %q, want %d %q with %q", refused.Status, refused.Message, refused.Body, status, message, body)
	}
	if info := refused.RequestInfo; info.Method != "CONNECT" || info.URL.Host != p.srv.Addr() || info.URL.Scheme != p.scheme {
		t.Errorf("got the request %v", info)
	}
}

// wantProxyFailure wants the error to tell of a proxy that could not be used.
func wantProxyFailure(t *testing.T, err error, p *testProxy) {
	t.Helper()
	var failure *errors.ClientProxyConnectionError
	if !errors.As(err, &failure) || !errors.Is(err, errors.ErrClientProxyConnection) || !errors.Is(err, errors.ErrClientConnector) {
		t.Fatalf("got %v, want a failure of the proxy", err)
	}
	if got := fmt.Sprintf("%s:%d", failure.Host, failure.Port); got != p.srv.Addr() {
		t.Errorf("got the address %s, want %s", got, p.srv.Addr())
	}
}

// wantNoSecret looks for the canary in everything that an error prints.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	encoded, _ := json.Marshal(err)
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), string(encoded)} {
		if strings.Contains(text, "canary") || strings.Contains(text, strings.TrimPrefix(basic(url.UserPassword("user", "canary")), "Basic ")) {
			t.Errorf("a secret in %s", text)
		}
	}
}
