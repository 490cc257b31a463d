package connector_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// clearEnv takes all that is about proxies out of the environment.
func clearEnv(t *testing.T) {
	t.Helper()
	for _, name := range []string{"http", "https", "ws", "wss", "all", "no"} {
		t.Setenv(name+"_proxy", "")
		t.Setenv(strings.ToUpper(name)+"_PROXY", "")
	}
	t.Setenv("REQUEST_METHOD", "")
	t.Setenv("NETRC", os.DevNull)
}

// TestTrustEnv: which proxy serves which URL. The environment is read for every
// request.
func TestTrustEnv(t *testing.T) {
	clearEnv(t)
	leaf := originLeaf(t)
	plain, secured := wiretest.New(t, fine), wiretest.NewTLS(t, leaf.Server(), fine)
	// Loopback takes no proxy, so the servers need names.
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1"}}
	plainURL, securedURL := hostname(t, plain.URL(), "origin.example"), hostname(t, secured.URL(), "origin.example")
	start := func(scheme string) *testProxy {
		p := &testProxy{targets: map[string]string{
			mustURL(t, plainURL).Host: plain.Addr(), mustURL(t, securedURL).Host: secured.Addr(),
		}}
		return p.start(t, scheme, nil)
	}
	one, two, socks, explicit := start("http"), start("http"), start("socks5h"), start("http")
	ws := func(u string) string { return "ws" + strings.TrimPrefix(u, "http") }
	c := newConnector(t, connector.Config{TLS: leaf.Client(), TrustEnv: true, ForceClose: true, Resolver: dns})
	untrusting := newConnector(t, connector.Config{TLS: leaf.Client(), ForceClose: true, Resolver: dns})
	for _, tt := range []struct {
		name string
		env  map[string]string
		url  string
		by   *testProxy // nil: none
	}{
		{"nothing", nil, plainURL, nil},
		{"http", map[string]string{"http_proxy": one.text(), "https_proxy": two.text()}, plainURL, one},
		{"https", map[string]string{"http_proxy": one.text(), "https_proxy": two.text()}, securedURL, two},
		{"upper case", map[string]string{"HTTPS_PROXY": two.text()}, securedURL, two},
		{"without a scheme", map[string]string{"HTTP_PROXY": one.srv.Addr()}, plainURL, one},
		{"for another scheme", map[string]string{"http_proxy": one.text()}, securedURL, nil},
		{"for all", map[string]string{"ALL_PROXY": socks.text()}, securedURL, socks},
		{"for all others", map[string]string{"ALL_PROXY": socks.text(), "https_proxy": two.text()}, securedURL, two},
		{"NO_PROXY", map[string]string{"ALL_PROXY": one.text(), "NO_PROXY": "origin.example"}, plainURL, nil},
		{"NO_PROXY for all", map[string]string{"ALL_PROXY": one.text(), "NO_PROXY": "*"}, plainURL, nil},
		{"NO_PROXY for another", map[string]string{"ALL_PROXY": one.text(), "NO_PROXY": "a.example,in.example"}, plainURL, one},
		{"loopback", map[string]string{"ALL_PROXY": one.text()}, plain.URL(), nil},
		{"CGI", map[string]string{"HTTP_PROXY": one.text(), "REQUEST_METHOD": "GET"}, plainURL, nil},
		{"ws", map[string]string{"ws_proxy": one.text(), "http_proxy": two.text()}, ws(plainURL), one},
		{"ws as http", map[string]string{"http_proxy": two.text()}, ws(plainURL), two},
		{"wss", map[string]string{"WSS_PROXY": one.text(), "https_proxy": two.text()}, ws(securedURL), one},
		{"wss as https", map[string]string{"https_proxy": two.text()}, ws(securedURL), two},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			used := func() map[*testProxy]int {
				m := map[*testProxy]int{}
				for _, p := range []*testProxy{one, two, socks, explicit} {
					m[p] = p.srv.Conns()
				}
				return m
			}
			send := func(name string, c *connector.Connector, s connector.Settings, by *testProxy) {
				t.Helper()
				before := used()
				req := newRequest(t, with(t, s), "GET", tt.url, nil)
				if strings.HasPrefix(tt.url, "ws") {
					req.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
				}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				read(t, resp)
				for p, n := range used() {
					if (n > before[p]) != (p == by) {
						t.Errorf("%s: %d more connections to %s", name, n-before[p], p.text())
					}
				}
			}
			send("connector", c, connector.Settings{}, tt.by)
			send("request", untrusting, connector.Settings{TrustEnv: true}, tt.by)
			send("neither", untrusting, connector.Settings{}, nil)
			send("explicit", c, connector.Settings{Proxy: &connector.Proxy{URL: explicit.url(nil)}}, explicit)
			send("none", c, connector.Settings{Proxy: &connector.Proxy{}}, nil)
		})
	}
	for _, head := range append(plain.Requests(), secured.Requests()...) {
		if strings.HasPrefix(head, "GET http") {
			t.Errorf("a server was sent %q", head)
		}
	}
}

// TestTrustEnvBad: a variable that is no proxy is an error before any byte, for
// those whom it concerns.
func TestTrustEnvBad(t *testing.T) {
	clearEnv(t)
	srv := wiretest.New(t, fine)
	target := hostname(t, srv.URL(), "origin.example")
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1"}}
	t.Setenv("HTTP_PROXY", "ftp://user:canary@proxy.example")
	c := newConnector(t, connector.Config{TrustEnv: true, Resolver: dns})
	_, err := try(t, c, target, connector.Settings{})
	if !errors.Is(err, errors.ErrInvalidURL) || !strings.Contains(err.Error(), "HTTP_PROXY") {
		t.Errorf("got %v", err)
	}
	wantNoSecret(t, err)
	mustGet(t, c, target, connector.Settings{Proxy: &connector.Proxy{}})
	t.Setenv("NO_PROXY", "origin.example")
	get(t, c, target)
	if n := len(srv.Requests()); n != 2 {
		t.Errorf("the server has seen %d requests, want 2", n)
	}
}

// TestNetrc: credentials for servers, and for proxies of the environment.
func TestNetrc(t *testing.T) {
	clearEnv(t)
	leaf := originLeaf(t)
	server, proxied := url.UserPassword("server", "s3cret"), url.UserPassword("proxy", "pr0xy")
	path := filepath.Join(t.TempDir(), "netrc")
	text := "machine origin.example login server password s3cret\nmachine proxy.example login proxy password pr0xy\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	p := &testProxy{user: proxied, targets: map[string]string{}}
	for _, name := range []string{"origin.example", "other.example"} {
		p.targets[mustURL(t, hostname(t, srv.URL(), name)).Host] = srv.Addr()
	}
	p.start(t, "http", nil)
	dns := &proxyDNS{names: map[string]string{"proxy.example": "127.0.0.1", "origin.example": "127.0.0.1", "other.example": "127.0.0.1"}}
	env := newConnector(t, connector.Config{TLS: leaf.Client(), TrustEnv: true, Resolver: dns})
	for _, tt := range []struct {
		name, netrc, proxy, host string
		header                   http.Header
		want                     string // Authorization at the server
		err                      bool
	}{
		{"server", path, "", "origin.example", nil, basic(server), false},
		{"another server", path, "", "other.example", nil, "", false},
		{"its own", path, "", "origin.example", http.Header{"Authorization": {"Bearer t"}}, "Bearer t", false},
		{"its own in another case", path, "", "origin.example", http.Header{"authorization": {"Bearer t"}}, "Bearer t", false},
		{"no file", path + "none", "", "origin.example", nil, "", false},
		{"proxy", path, hostname(t, p.text(), "proxy.example"), "other.example", nil, "", false},
		{"proxy without a file", path + "none", hostname(t, p.text(), "proxy.example"), "other.example", nil, "", true},
		{"proxy with others in its url", path, hostname(t, p.url(url.UserPassword("proxy", "no")).String(), "proxy.example"), "other.example", nil, "", true},
		{"both", path, hostname(t, p.text(), "proxy.example"), "origin.example", nil, basic(server), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NETRC", tt.netrc)
			t.Setenv("https_proxy", tt.proxy)
			before := len(srv.Requests())
			req := newRequest(t, t.Context(), "GET", hostname(t, srv.URL(), tt.host), nil)
			if req.Header = tt.header; tt.header == nil {
				req.Header = http.Header{}
			}
			resp, err := env.RoundTrip(req)
			if tt.err {
				if !errors.Is(err, errors.ErrClientHTTPProxy) {
					t.Errorf("got %v, want a refusal", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			head := strings.ToLower(srv.Requests()[before])
			want := ""
			if tt.want != "" {
				want = fmt.Sprintf("authorization: %s\r\n", strings.ToLower(tt.want))
			}
			if n := strings.Count(head, "authorization"); !strings.Contains(head, want) || n != min(1, len(want)) {
				t.Errorf("the server was sent %q, want %q", head, want)
			}
			if tt.header != nil && len(req.Header) != 1 {
				t.Errorf("the caller's header was changed: %v", req.Header)
			}
		})
	}
}

// TestTrustEnvProxyAuthorization: a header for the proxy does not go where the
// environment has none.
func TestTrustEnvProxyAuthorization(t *testing.T) {
	clearEnv(t)
	srv := wiretest.New(t, fine)
	p := new(testProxy).start(t, "http", nil)
	t.Setenv("HTTP_PROXY", p.text())
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1"}}
	c := newConnector(t, connector.Config{TrustEnv: true, Resolver: dns})
	for _, no := range []string{"", "origin.example"} {
		t.Setenv("NO_PROXY", no)
		req := newRequest(t, t.Context(), "GET", hostname(t, srv.URL(), "origin.example"), nil)
		req.Header.Set("Proxy-Authorization", "Basic x")
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
	}
	if head := p.srv.Requests()[0]; !strings.Contains(head, "Proxy-Authorization: Basic x\r\n") {
		t.Errorf("the proxy was sent %q", head)
	}
	if head := srv.Requests()[0]; strings.Contains(head, "Proxy-Authorization") {
		t.Errorf("the server was sent %q", head)
	}
}

// TestNetrcLogin: a login without a password gets the password that the file has for it.
func TestNetrcLogin(t *testing.T) {
	clearEnv(t)
	srv := wiretest.New(t, fine)
	path := filepath.Join(t.TempDir(), "netrc")
	text := "machine origin.example login foo password one\nmachine origin.example login bar method interactive password two\n" +
		"machine token.example password three\nmachine proxy.example login proxy password pr0xy\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NETRC", path)
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1", "token.example": "127.0.0.1", "proxy.example": "127.0.0.1"}}
	c := newConnector(t, connector.Config{TrustEnv: true, Resolver: dns})
	for _, tt := range []struct{ name, url, want string }{
		{"nothing", "http://origin.example/", "foo one"},
		{"the second entry's", "http://bar@origin.example/", "bar two"},
		{"the first entry's", "http://foo@origin.example/", "foo one"},
		{"an empty password", "http://bar:@origin.example/", "bar two"},
		{"unknown there", "http://baz@origin.example/", "baz "},
		{"a password of its own", "http://bar:mine@origin.example/", "bar mine"},
		{"an entry without a login", "http://bot@token.example/", "bot three"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := len(srv.Requests())
			client := &http.Client{Transport: c} // it makes the header of the URL
			resp, err := client.Get(strings.Replace(tt.url, ".example/", ".example:"+mustURL(t, srv.URL()).Port()+"/", 1))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			login, password, _ := strings.Cut(tt.want, " ")
			want := "Authorization: " + basic(url.UserPassword(login, password)) + "\r\n"
			if head := srv.Requests()[before]; !strings.Contains(head, want) || strings.Count(head, "Authorization") != 1 {
				t.Errorf("got %q, want %q", head, want)
			}
		})
	}
	p := &testProxy{user: url.UserPassword("proxy", "pr0xy")}
	p.start(t, "http", nil)
	t.Setenv("HTTP_PROXY", hostname(t, p.url(url.User("proxy")).String(), "proxy.example"))
	resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", hostname(t, srv.URL(), "origin.example"), nil))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("a proxy's login: got %v, %v", resp, err)
	}
	read(t, resp)
}

// TestNetrcUnusable: a file that cannot be used is told once, or is the error of those
// whom it concerns; it is never silence.
func TestNetrcUnusable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are another matter there")
	}
	clearEnv(t)
	srv := wiretest.New(t, fine)
	dir := t.TempDir()
	path := filepath.Join(dir, ".netrc")
	t.Setenv("NETRC", "")
	t.Setenv("HOME", dir)
	dns := &proxyDNS{names: map[string]string{"origin.example": "127.0.0.1", "other.example": "127.0.0.1"}}
	const secret = "machine origin.example login server password s3cret\n"
	send := func(c http.RoundTripper, host string, header http.Header) (authorization string, err error) {
		before := len(srv.Requests())
		req := newRequest(t, t.Context(), "GET", hostname(t, srv.URL(), host), nil)
		maps.Copy(req.Header, header)
		resp, err := c.RoundTrip(req)
		if err != nil {
			if len(srv.Requests()) > before {
				t.Error("something was sent")
			}
			return "", err
		}
		read(t, resp)
		_, authorization, _ = strings.Cut(srv.Requests()[before], "Authorization: ")
		authorization, _, _ = strings.Cut(authorization, "\r\n")
		return authorization, nil
	}
	for _, tt := range []struct {
		name, text, says string
		mode             os.FileMode
		other            bool // it concerns hosts that are not in it
	}{
		{"others can read it", secret, "that others can read", 0o644, false},
		{"others can write it", secret, "that others can read or write", 0o620, false},
		{"damaged", "machine origin.example login \"server", "line 1: quotes without an end", 0o600, true},
		{"no file", "", "is not a regular file", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.mode == 0 {
				if err := os.Mkdir(path, 0o700); err != nil {
					t.Fatal(err)
				}
			} else if err := errors.Join(os.WriteFile(path, []byte(tt.text), tt.mode), os.Chmod(path, tt.mode)); err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(path)
			var warned []error
			warning := newConnector(t, connector.Config{TrustEnv: true, Resolver: dns, OnWarning: func(err error) { warned = append(warned, err) }})
			for _, host := range []string{"origin.example", "other.example", "origin.example"} {
				if got, err := send(warning, host, nil); err != nil || got != "" {
					t.Errorf("%s: got %q, %v", host, got, err)
				}
			}
			if len(warned) != 1 || !strings.Contains(warned[0].Error(), tt.says) || !strings.Contains(warned[0].Error(), path) || strings.Contains(warned[0].Error(), "s3cret") {
				t.Errorf("warned of %v", warned)
			}
			strict := newConnector(t, connector.Config{TrustEnv: true, Resolver: dns})
			if _, err := send(strict, "origin.example", nil); !errors.Is(err, errors.ErrInvalidRequest) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
			if _, err := send(strict, "other.example", nil); (err != nil) != tt.other {
				t.Errorf("another host: got %v", err)
			}
			if got, err := send(strict, "origin.example", http.Header{"Authorization": {"Bearer t"}}); err != nil || got != "Bearer t" {
				t.Errorf("with credentials of its own: got %q, %v", got, err)
			}
			// Well again, and bad again.
			os.RemoveAll(path)
			if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
				t.Fatal(err)
			}
			awaitNetrc(t, func() bool { got, err := send(warning, "origin.example", nil); return err == nil && got != "" })
			if err := os.Chmod(path, 0o666); err != nil {
				t.Fatal(err)
			}
			awaitNetrc(t, func() bool { got, err := send(warning, "origin.example", nil); return err == nil && got == "" })
			if len(warned) != 2 {
				t.Errorf("warned of %v", warned)
			}
		})
	}
}

// awaitNetrc asks until the change of the file counts, which takes up to 10 ms.
func awaitNetrc(t *testing.T, ok func() bool) {
	t.Helper()
	for start := time.Now(); !ok(); {
		if time.Since(start) > 10*time.Second {
			t.Fatal("the change of the file is not seen")
		}
	}
}
