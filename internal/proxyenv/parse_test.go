package proxyenv_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
)

const canary = "s3cr3t-canary"

func TestParseProxy(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, want string }{
		{"http://proxy.example", "http://proxy.example:80"},
		{"https://proxy.example", "https://proxy.example:443"},
		{"socks5://proxy.example", "socks5://proxy.example:1080"},
		{"socks5h://proxy.example", "socks5h://proxy.example:1080"},
		{"http://proxy.example:3128", "http://proxy.example:3128"},
		{"http://proxy.example:03128", "http://proxy.example:3128"},
		{"http://proxy.example:", "http://proxy.example:80"},
		{"http://proxy.example:65535/", "http://proxy.example:65535"},
		{"HTTP://Proxy.EXAMPLE", "http://proxy.example:80"},
		{"http://192.0.2.1", "http://192.0.2.1:80"},
		{"https://[2001:DB8:0:0::1]", "https://[2001:db8::1]:443"},
		{"http://[fe80::1%25Eth0]:8080", "http://[fe80::1%25Eth0]:8080"},
		{"http://b%C3%BCcher.example", "http://b%C3%BCcher.example:80"},
		{"http://me:pass@proxy.example", "http://me:pass@proxy.example:80"},
		{"http://me@proxy.example", "http://me@proxy.example:80"},
		{"http://me:@proxy.example", "http://me:@proxy.example:80"},
		{"http://:pass@proxy.example", "http://:pass@proxy.example:80"},
		{"http://m%40e:p%3A%2F%0A@proxy.example", "http://m%40e:p%3A%2F%0A@proxy.example:80"},
		{"socks5://me%3A:pass@proxy.example", "socks5://me%3A:pass@proxy.example:1080"},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			t.Parallel()
			got, err := proxyenv.ParseProxy(tt.raw)
			if err != nil || got.String() != tt.want {
				t.Errorf("got %v, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestParseProxyUser(t *testing.T) {
	t.Parallel()
	u, err := proxyenv.ParseProxy("https://us%20er:p%40ss%3A%2F@proxy.example")
	if err != nil {
		t.Fatal(err)
	}
	if password, ok := u.User.Password(); u.User.Username() != "us er" || password != "p@ss:/" || !ok {
		t.Errorf("got %q, %q, %v", u.User.Username(), password, ok)
	}
}

func TestParseProxyInvalid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 256)
	tests := []struct{ raw, shown, want string }{
		{"", "", "a proxy needs a scheme: http, https, socks5 or socks5h"},
		{"proxy.example", "proxy.example", "a proxy needs a scheme: http, https, socks5 or socks5h"},
		{"//proxy.example", "", "a proxy needs a scheme: http, https, socks5 or socks5h"},
		{"http://", "http://", "a proxy needs a host"},
		{"http://:80", "http://:80", "a proxy needs a host"},
		{"http:proxy.example", "http:***", "a proxy needs a host"},
		{"http:///path", "http://", "a proxy needs a host"},
		{"http://me:" + canary + "@", "http://***@", "a proxy needs a host"},
		{"http://a%20b", "http://a%20b", "not the url of a proxy: invalid URL escape"},
		{"http://a%2Fb", "http://a%2Fb", "not the url of a proxy: invalid URL escape"},
		{"http://a%FFb", "http://a%FFb", "not the host of a proxy"},
		{"http://a\r\nb", `http://a\r\nb`, "not the url of a proxy: invalid control character"},
		{"http://a:0", "http://a:0", "a port is from 1 to 65535"},
		{"http://a:65536", "http://a:65536", "a port is from 1 to 65535"},
		{"http://a:99999999999999999999", "http://a:99999999999999999999", "a port is from 1 to 65535"},
		{"http://a:-1", "http://a:***", "not the url of a proxy: invalid port"},
		{"http://a/path", "http://a", "a proxy has no path, query or fragment"},
		{"http://a//", "http://a", "a proxy has no path, query or fragment"},
		{"http://a?" + canary, "http://a", "a proxy has no path, query or fragment"},
		{"http://a?", "http://a", "a proxy has no path, query or fragment"},
		{"http://a#" + canary, "http://a", "a proxy has no path, query or fragment"},
		{"http://me%3Ayou:" + canary + "@a", "http://***@a", "a user has no colon in its name"},
		{"socks5://" + long + ":" + canary + "@a", "socks5://***@a", "SOCKS has room for 255 bytes of user and of password"},
		{"socks5h://me:" + canary + long + "@a", "socks5h://***@a", "SOCKS has room for 255 bytes of user and of password"},
		{"socks5://:" + canary + "@a", "socks5://***@a", "SOCKS has no password without a user"},
		{"http://me:" + canary + "/x@a:80", "http://***@a:80", "not the url of a proxy: invalid port"},
		{"http://me:12/" + canary + "@a:80", "http://***@a:80", "a proxy has no path, query or fragment"},
		{"http://me:12?" + canary + "=x@a:80", "http://***@a:80", "a proxy has no path, query or fragment"},
		{"http://me:12#" + canary + "@a:80", "http://***@a:80", "a proxy has no path, query or fragment"},
		{"http://me:%zz" + canary + "@a", "http://***@a", "not the url of a proxy: invalid URL escape"},
		{"http://a:80b", "http://a:80b", "not the url of a proxy: invalid port"},
		{"http://me:" + canary, "http://me:***", "not the url of a proxy: invalid port"},
		{"me:" + canary + "@proxy.example", "***@proxy.example", "a proxy is http, https, socks5 or socks5h"},
		{"http://[::1", "http://[::1", "not the url of a proxy: missing ']' in host"},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			t.Parallel()
			u, err := proxyenv.ParseProxy(tt.raw)
			wantInvalid(t, u, err)
			if want := strings.TrimSpace("invalid url "+tt.shown) + ": " + tt.want; err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		})
	}
}

func TestParseProxyScheme(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"ftp", "socks4", "socks4a", "socks", "ws", "wss", "unix", "httpx", "localhost"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			u, err := proxyenv.ParseProxy(scheme + "://me:" + canary + "@proxy.example")
			wantInvalid(t, u, err)
			if !errors.Is(err, errors.ErrNonHTTPURLClient) || !strings.Contains(err.Error(), scheme+"://***@proxy.example") {
				t.Errorf("got %v, want it to be ErrNonHTTPURLClient and to name the proxy", err)
			}
		})
	}
	if _, err := proxyenv.ParseProxy("http://a/b"); errors.Is(err, errors.ErrNonHTTPURLClient) {
		t.Error("a path makes it another scheme")
	}
}

// wantInvalid fails unless err is an InvalidURLError in one line without secrets.
func wantInvalid(t *testing.T, u *url.URL, err error) {
	t.Helper()
	e, ok := errors.AsType[*errors.InvalidURLError](err)
	if u != nil || !ok || !errors.Is(err, errors.ErrInvalidURL) {
		t.Fatalf("got %v, %v, want an InvalidURLError", u, err)
	}
	encoded, _ := json.Marshal(e)
	text := fmt.Sprintf("%v %+v %#v %s", err, *e, *e, encoded)
	if e.Err != nil {
		text += fmt.Sprintf("%#v", e.Err)
	}
	if strings.Contains(text, canary) || strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("the secret or a line break is in %q", text)
	}
}

// FuzzParseProxy wants a URL in its normal form or an error without the password,
// wherever that stands.
func FuzzParseProxy(f *testing.F) {
	for _, seed := range []string{
		"http://proxy.example", "HTTPS://[2001:db8::1]:8080/", "socks5://me:pass@192.0.2.1", "socks5h://a", "http://[fe80::1%25eth0]",
		"ftp://a", "http://a%00b", "http://a/b@c?d#e", "http:a", "proxy:80", "http://[v1.x]:80", "http://b%C3%BCcher", "//a", "://", "@",
	} {
		f.Add(seed, seed)
		f.Add("http://me:", "@"+seed)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		u, err := proxyenv.ParseProxy(before + canary + "@" + after)
		if err != nil {
			wantInvalid(t, u, err)
			return
		}
		port, err := strconv.Atoi(u.Port())
		if err != nil || port < 1 || port > 65535 || u.Hostname() == "" || u.Path+u.RawQuery+u.Fragment+u.Opaque != "" {
			t.Errorf("got %#v", u)
		}
		if u.Host != net.JoinHostPort(u.Hostname(), u.Port()) || strings.ContainsAny(u.Host, " \r\n\x00/@") {
			t.Errorf("got the host %q", u.Host)
		}
		again, err := proxyenv.ParseProxy(u.String())
		if err != nil || again.String() != u.String() {
			t.Errorf("got %v, %v of %v", again, err, u)
		}
	})
}

func ExampleParseProxy() {
	u, err := proxyenv.ParseProxy("SOCKS5H://me:pw@Proxy.Example/")
	fmt.Println(u, err)
	_, err = proxyenv.ParseProxy("socks4://me:pw@proxy.example")
	fmt.Println(err)
	// Output:
	// socks5h://me:pw@proxy.example:1080 <nil>
	// invalid url socks4://***@proxy.example: a proxy is http, https, socks5 or socks5h
}
