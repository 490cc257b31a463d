package proxyenv_test

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/proxyenv"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// getenv is an environment of "NAME=value" lines. Names have a case.
func getenv(lines ...string) func(string) string {
	env := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func ask(t *testing.T, e *proxyenv.Env, raw string) (*url.URL, error) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return e.Proxy(u)
}

func wantProxy(t *testing.T, e *proxyenv.Env, raw, want string) {
	t.Helper()
	got, err := ask(t, e, raw)
	text := ""
	if got != nil {
		text = got.String()
	}
	if err != nil || text != want {
		t.Errorf("%s: got %q, %v, want %q", raw, text, err, want)
	}
}

// everything sets every variable to a proxy of its own name.
var everything = []string{
	"http_proxy=http://http", "HTTP_PROXY=http://upper-http", "https_proxy=http://https", "HTTPS_PROXY=http://upper-https",
	"ws_proxy=http://ws", "WS_PROXY=http://upper-ws", "wss_proxy=http://wss", "WSS_PROXY=http://upper-wss",
	"all_proxy=http://all", "ALL_PROXY=http://upper-all",
}

// without drops the variables of these names from everything.
func without(names ...string) []string {
	var lines []string
	for _, line := range everything {
		name, _, _ := strings.Cut(line, "=")
		keep := true
		for _, n := range names {
			keep = keep && n != name
		}
		if keep {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestOrder(t *testing.T) {
	t.Parallel()
	orders := map[string][]string{
		"http":  {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"},
		"https": {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
		"ws":    {"ws_proxy", "WS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"},
		"wss":   {"wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
	}
	for scheme, names := range orders {
		for i, name := range names {
			want := strings.ToLower(strings.TrimSuffix(strings.ToLower(name), "_proxy"))
			if name == strings.ToUpper(name) {
				want = "upper-" + want
			}
			e := proxyenv.Read(getenv(without(names[:i]...)...))
			wantProxy(t, e, scheme+"://origin.example/path", "http://"+want+":80")
			wantProxy(t, e, strings.ToUpper(scheme)+"://origin.example", "http://"+want+":80")
		}
		wantProxy(t, proxyenv.Read(getenv(without(names...)...)), scheme+"://origin.example/", "")
	}
}

func TestOtherSchemes(t *testing.T) {
	t.Parallel()
	e := proxyenv.Read(getenv(everything...))
	for _, raw := range []string{"ftp://origin.example", "file:///x", "mailto:a@b", "//origin.example", "unix://x"} {
		wantProxy(t, e, raw, "")
	}
}

func TestNothing(t *testing.T) {
	t.Parallel()
	for _, e := range []*proxyenv.Env{nil, {}, proxyenv.Read(getenv()), proxyenv.Read(getenv("http_proxy= ", "HTTPS_PROXY="))} {
		for _, raw := range []string{"http://a", "https://a", "ws://a", "wss://a"} {
			wantProxy(t, e, raw, "")
		}
		if got, err := e.Proxy(nil); got != nil || err != nil {
			t.Errorf("no URL: got %v, %v", got, err)
		}
	}
}

func TestProcessEnvironment(t *testing.T) {
	for _, name := range []string{"REQUEST_METHOD", "http_proxy", "no_proxy", "NO_PROXY"} {
		t.Setenv(name, "")
	}
	t.Setenv("HTTP_PROXY", "http://upper-http")
	wantProxy(t, proxyenv.Read(nil), "http://origin.example", "http://upper-http:80")
}

func TestValues(t *testing.T) {
	t.Parallel()
	tests := []struct{ value, want string }{
		{"proxy", "http://proxy:80"},
		{"proxy:3128", "http://proxy:3128"},
		{"localhost:3128", "http://localhost:3128"},
		{"127.0.0.1:3128/", "http://127.0.0.1:3128"},
		{"[::1]:3128", "http://[::1]:3128"},
		{"me:pass@proxy", "http://me:pass@proxy:80"},
		{"  http://proxy \n", "http://proxy:80"},
		{"https://proxy", "https://proxy:443"},
		{"socks5://proxy", "socks5://proxy:1080"},
		{"socks5h://me:pass@proxy:1", "socks5h://me:pass@proxy:1"},
	}
	for _, tt := range tests {
		for _, scheme := range []string{"http", "https", "ws", "wss"} {
			wantProxy(t, proxyenv.Read(getenv(scheme+"_proxy="+tt.value)), scheme+"://origin.example", tt.want)
		}
	}
}

func TestCGI(t *testing.T) {
	t.Parallel()
	cgi := append([]string{"REQUEST_METHOD=GET"}, without("ws_proxy", "WS_PROXY")...)
	lower, upper := "http://http:80", "http://all:80"
	if runtime.GOOS == "windows" {
		lower = upper
	}
	for _, scheme := range []string{"http", "ws"} {
		wantProxy(t, proxyenv.Read(getenv(cgi...)), scheme+"://origin.example", lower)
		e := proxyenv.Read(getenv("REQUEST_METHOD=GET", "HTTP_PROXY=http://evil", "all_proxy=http://all"))
		wantProxy(t, e, scheme+"://origin.example", upper)
		e = proxyenv.Read(getenv("REQUEST_METHOD=GET", "HTTP_PROXY=http://evil"))
		wantProxy(t, e, scheme+"://origin.example", "")
	}
	for _, scheme := range []string{"https", "wss"} {
		e := proxyenv.Read(getenv("REQUEST_METHOD=GET", "HTTPS_PROXY=http://good"))
		wantProxy(t, e, scheme+"://origin.example", "http://good:80")
	}
}

func TestNoProxy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		list   string
		direct []string // host:port
		other  []string
	}{
		{"", []string{"localhost", "LocalHost:8080", "localhost.", "127.0.0.1", "127.9.9.9:80", "[::1]:80"}, []string{"a.example", "192.0.2.1", "localhost.example"}},
		{"a.example", []string{"a.example", "A.Example", "a.example.", "a.example.:81", "x.a.example:8443"}, []string{"aa.example", "example", "a.example.org"}},
		{".a.example", []string{"x.a.example", "x.y.a.example"}, []string{"a.example", "xa.example"}},
		{"*.a.example", []string{"x.a.example"}, []string{"a.example"}},
		{" A.Example , b.example", []string{"a.example", "x.b.example"}, []string{"c.example"}},
		{"a.example:81", []string{"a.example:81", "x.a.example:81"}, []string{"a.example", "a.example:80"}},
		{"192.0.2.1", []string{"192.0.2.1", "192.0.2.1:81"}, []string{"192.0.2.2", "192.0.2.1.example"}},
		{"192.0.2.1:81", []string{"192.0.2.1:81"}, []string{"192.0.2.1", "192.0.2.1:82"}},
		{"192.0.2.0/24", []string{"192.0.2.1", "192.0.2.255:81"}, []string{"192.0.3.1", "a.example"}},
		{"2001:db8::/32,[2001:dba::1]:81", []string{"[2001:db8::5]:81", "[2001:dba::1]:81"}, []string{"[2001:db9::1]", "[2001:dba::1]"}},
		{"*", []string{"a.example", "192.0.2.1", "[2001:db8::1]:81"}, nil},
		{"a.example,*", []string{"b.example"}, nil},
		{"bücher.example", []string{"xn--bcher-kva.example", "bücher.example"}, []string{"bucher.example"}},
		{",,:80, ,", nil, []string{"a.example"}},
	}
	for _, tt := range tests {
		for _, name := range []string{"no_proxy", "NO_PROXY"} {
			e := proxyenv.Read(getenv("ALL_PROXY=http://proxy", name+"="+tt.list))
			for _, scheme := range []string{"http", "https", "ws", "wss"} {
				for _, host := range tt.direct {
					wantProxy(t, e, scheme+"://"+host, "")
				}
				for _, host := range tt.other {
					wantProxy(t, e, scheme+"://"+host, "http://proxy:80")
				}
			}
		}
	}
	e := proxyenv.Read(getenv("ALL_PROXY=http://proxy", "no_proxy=a.example", "NO_PROXY=b.example"))
	wantProxy(t, e, "http://a.example", "")
	wantProxy(t, e, "http://b.example", "http://proxy:80")
}

// The port of a scheme is what no_proxy compares with if the URL has none.
func TestNoProxyDefaultPort(t *testing.T) {
	t.Parallel()
	e := proxyenv.Read(getenv("ALL_PROXY=http://proxy", "no_proxy=a.example:443,b.example:80"))
	for raw, want := range map[string]string{
		"https://a.example": "", "wss://a.example": "", "http://a.example": "http://proxy:80", "ws://a.example": "http://proxy:80",
		"http://b.example": "", "ws://b.example": "", "https://b.example": "http://proxy:80", "wss://b.example": "http://proxy:80",
	} {
		wantProxy(t, e, raw, want)
	}
}

func TestBadProxy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		line, text string
		class      error
	}{
		{"HTTP_PROXY=ftp://me:" + canary + "@a", "environment variable HTTP_PROXY: invalid url ftp://***@a: ", errors.ErrNonHTTPURLClient},
		{"http_proxy=wss://a", "environment variable http_proxy: invalid url wss://a: ", errors.ErrNonHTTPURLClient},
		{"all_proxy=me:" + canary + "@a:x", "environment variable all_proxy: invalid url http://***@a:***: ", errors.ErrInvalidURLClient},
		{"ALL_PROXY=me:pa://" + canary + "@a", "environment variable ALL_PROXY: invalid url ***@a: ", errors.ErrInvalidURL},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			e := proxyenv.Read(getenv(tt.line, "https_proxy=http://good", "no_proxy=direct.example"))
			u, err := ask(t, e, "http://origin.example")
			wantInvalid(t, u, err)
			if !strings.HasPrefix(err.Error(), tt.text) || !errors.Is(err, tt.class) {
				t.Errorf("got %q, want %q... of %v", err, tt.text, tt.class)
			}
			wantProxy(t, e, "https://origin.example", "http://good:80")
			wantProxy(t, e, "http://direct.example", "")
			wantProxy(t, e, "http://localhost", "")
		})
	}
}

// What is returned belongs to the caller.
func TestProxyIsACopy(t *testing.T) {
	t.Parallel()
	e := proxyenv.Read(getenv("http_proxy=http://proxy"))
	got, err := ask(t, e, "http://origin.example")
	if err != nil {
		t.Fatal(err)
	}
	got.Host = "changed"
	wantProxy(t, e, "http://origin.example", "http://proxy:80")
	u := url.URL{Scheme: "http", Host: "Origin.Example."}
	if _, err := e.Proxy(&u); err != nil || u.Host != "Origin.Example." {
		t.Errorf("the URL was changed to %v, %v", &u, err)
	}
}

func TestNothingAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	e, u := proxyenv.Read(getenv("no_proxy=a")), &url.URL{Scheme: "https", Host: "origin.example"}
	if got := testing.AllocsPerRun(100, func() { e.Proxy(u) }); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func ExampleRead() {
	environment := map[string]string{"HTTPS_PROXY": "proxy.example:3128", "NO_PROXY": "internal.example"}
	env := proxyenv.Read(func(name string) string { return environment[name] })
	for _, host := range []string{"origin.example", "www.internal.example"} {
		fmt.Println(env.Proxy(&url.URL{Scheme: "wss", Host: host}))
	}
	// Output:
	// http://proxy.example:3128 <nil>
	// <nil> <nil>
}
