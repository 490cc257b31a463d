//go:build interop && linux

package interop_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

const squidConfig = `
http_port $(plain)
https_port $(tls) tls-cert=$(cert) tls-key=$(key)
visible_hostname squid.test
pid_filename none
cache_log /dev/null
access_log none
cache deny all
cache_mem 0 MB
memory_cache_shared off
pinger_enable off
shutdown_lifetime 0 seconds
max_filedescriptors 1024
coredump_dir $(dir)
connect_timeout 2 seconds
connect_retries 0
forward_max_tries 1
forward_timeout 2 seconds
dns_nameservers 127.0.0.1
acl forbidden dstdomain -n forbidden.test
acl CONNECT method CONNECT
acl badport port 1
$(auth)
http_access deny forbidden
http_access deny CONNECT badport
$(allow)
http_access deny all
`

const squidBasic = `
auth_param basic program /usr/lib/squid/basic_ncsa_auth $(users)
auth_param basic children 1 startup=1
auth_param basic realm interop
acl known proxy_auth REQUIRED
`

const squidDigest = `
auth_param digest program /usr/lib/squid/digest_file_auth -c $(users)
auth_param digest children 1 startup=1
auth_param digest realm interop
acl known proxy_auth REQUIRED
`

// squid is a running proxy.
type squid struct {
	plain, tls string // URLs
	leaf       *certs.Leaf
}

// startSquid runs one. With an authentication (squidBasic, squidDigest) and its
// file of users, only those may use it.
func startSquid(t *testing.T, auth, users string) *squid {
	t.Helper()
	program(t, "squid")
	dir := workDir(t)
	host := loopback()
	plain, secure := host+":"+freePort(t, host), host+":"+freePort(t, host)
	leaf := leafFor(t, secure)
	cert, key := keyFiles(t, dir, leaf)
	allow := "http_access allow all"
	if auth != "" {
		allow = "http_access allow known"
	}
	config := expand(expand(squidConfig, map[string]string{"auth": auth}), map[string]string{
		"dir": dir, "plain": plain, "tls": secure, "cert": cert, "key": key, "allow": allow,
		"users": file(t, dir, "users", users),
	})
	// Each has a name of its own, by which it names what it shares with its children.
	_, port, _ := strings.Cut(plain, ":")
	start(t, dir, []string{plain, secure}, "squid", "-N", "-d", "1", "-n", "interop"+port, "-f", file(t, dir, "squid.conf", config))
	return &squid{plain: "http://" + plain, tls: "https://" + secure, leaf: leaf}
}

// viaProxy asks an origin through a proxy, in all ways that there are.
func viaProxy(t *testing.T, proxyURL string, proxyLeaf *certs.Leaf) {
	t.Helper()
	plain, secure := newOrigin(t, false), newOrigin(t, true)
	leaves := []*certs.Leaf{secure.leaf}
	if proxyLeaf != nil {
		leaves = append(leaves, proxyLeaf)
	}
	s := newSession(t, connector.Config{
		TLS: trusting(leaves...), Proxy: proxyURL, ProxyHeader: http.Header{"X-For-Proxy": {"1"}},
	})
	for range 2 {
		for _, url := range []string{plain.URL, secure.URL} {
			body := strings.Repeat("a body ", 20_000)
			// Not POST: a proxy that closes without a word would fail it.
			resp, err := s.Put(t.Context(), url+"/path?a=b", session.Text(body), session.Header("X-Mine", "2"))
			got := tellsSeen(t, resp, err)
			if got.Body != body || got.URI != "/path?a=b" || got.Header.Get("X-Mine") != "2" || "http://"+got.Host != plain.URL && "https://"+got.Host != secure.URL {
				t.Errorf("%s: got %s %s of %s, %d bytes", url, got.Method, got.URI, got.Host, len(got.Body))
			}
			if len(got.Header["Proxy-Authorization"])+len(got.Header["X-For-Proxy"]) > 0 {
				t.Errorf("%s: what is the proxy's reached the origin: %v", url, got.Header)
			}
			if url == secure.URL && resp.ProtoMajor != 2 {
				t.Errorf("%s: got %s through the tunnel", url, resp.Proto)
			}
		}
	}
	resp, err := s.Put(t.Context(), plain.URL, session.Text("chunks"), session.Chunked())
	if got := tellsSeen(t, resp, err); got.Body != "chunks" {
		t.Errorf("chunked: got %q", got.Body)
	}
	resp, err = s.Put(t.Context(), secure.URL, session.Text("expected"), session.Expect100(), session.Version(1, 1))
	if got := tellsSeen(t, resp, err); got.Body != "expected" || got.Proto != "HTTP/1.1" {
		t.Errorf("expect, HTTP/1.1: got %q by %s", got.Body, got.Proto)
	}
	// Past the proxy.
	if resp, err = s.Get(t.Context(), plain.URL, session.Proxy("")); tellsSeen(t, resp, err).Header.Get("Via") != "" {
		t.Error("no proxy: the request came through one")
	}
}

func TestInteropSquid(t *testing.T) {
	t.Parallel()
	p := startSquid(t, "", "")
	viaProxy(t, p.plain, nil)
	viaProxy(t, p.tls, p.leaf)

	o := newOrigin(t, false)
	s := newSession(t, connector.Config{Proxy: p.plain})
	for range 3 {
		resp, err := s.Get(t.Context(), o.URL)
		if got := tellsSeen(t, resp, err); !strings.Contains(got.Header.Get("Via"), "squid.test") {
			t.Errorf("got Via %q", got.Header.Get("Via"))
		}
	}
	if st := s.Connector().Stats(); st.Opened != 1 || st.Reused != 2 {
		t.Errorf("got %+v, want one connection to the proxy", st)
	}
	old, err := connector.NewProxy(p.plain, connector.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s = sessionOn(t, old)
	for range 3 {
		get(t, s, o.URL)
	}
	if st := s.Connector().Stats(); st.Opened != 3 {
		t.Errorf("NewProxy: got %+v, want three connections", st)
	}
}

// What the proxy refuses, and what it cannot reach.
func TestInteropSquidRefusal(t *testing.T) {
	t.Parallel()
	p := startSquid(t, "", "")
	refusals(t, p.plain, http.StatusForbidden)
	s := newSession(t, connector.Config{Proxy: p.plain})
	resp, _ := get(t, s, "http://"+freeAddr(t)+"/")
	if wantStatus(t, resp, http.StatusServiceUnavailable); !strings.Contains(resp.Header.Get("X-Squid-Error"), "ERR_CONNECT_FAIL") {
		t.Errorf("dead origin: got %v", resp.Header)
	}
	err := fails(t, s, "https://"+freeAddr(t)+"/")
	if e, ok := errors.AsType[*errors.ClientHTTPProxyError](err); !ok || e.Status != http.StatusServiceUnavailable {
		t.Errorf("tunnel to a dead origin: got %v", err)
	}
	// The proxy's certificate counts for an https proxy.
	s = newSession(t, connector.Config{Proxy: p.tls})
	if err := fails(t, s, "http://forbidden.test/"); !errors.Is(err, errors.ErrClientConnectorCertificate) && !errors.Is(err, errors.ErrClientProxyConnection) {
		t.Errorf("https proxy with an unknown certificate: got %v", err)
	}
}

// refusals looks at how it comes back when an HTTP proxy does not want the host
// forbidden.test, and when there is no proxy.
func refusals(t *testing.T, proxyURL string, status int) {
	t.Helper()
	s := newSession(t, connector.Config{Proxy: proxyURL})
	resp, _ := get(t, s, "http://forbidden.test/")
	wantStatus(t, resp, status)
	for _, url := range []string{"https://forbidden.test/", "wss://forbidden.test/"} {
		var err error
		if strings.HasPrefix(url, "wss") {
			_, err = s.WebSocket(within(t), url, nil)
		} else {
			err = fails(t, s, url)
		}
		e, ok := errors.AsType[*errors.ClientHTTPProxyError](err)
		if !ok || e.Status != status || len(e.Header) == 0 {
			t.Errorf("%s: got %v", url, err)
		}
		if !errors.Is(err, errors.ErrClientHTTPProxy) || !errors.Is(err, errors.ErrClientResponse) {
			t.Errorf("%s: the classes of %v", url, err)
		}
	}
	gone := "http://" + freeAddr(t)
	for _, url := range []string{"http://forbidden.test/", "https://forbidden.test/"} {
		err := fails(t, s, url, session.Proxy(gone))
		if e, ok := errors.AsType[*errors.ClientProxyConnectionError](err); !ok || "http://"+addrOf(e.Host, e.Port) != gone {
			t.Errorf("no proxy there, %s: got %v", url, err)
		}
	}
}

func TestInteropSquidBasic(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("se:cret/@"))
	p := startSquid(t, squidBasic, "me:"+hex.EncodeToString(sum[:])+"\n")
	basicAuth(t, p.plain, "me", "se:cret/@", http.StatusProxyAuthRequired)
}

// basicAuth looks at an HTTP proxy that wants a login, and answers a wrong one
// with a status.
func basicAuth(t *testing.T, proxyURL, login, password string, wrong int) {
	t.Helper()
	u, err := url.Parse(proxyURL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(login, password)
	viaProxy(t, u.String(), nil)
	plain, secure := newOrigin(t, false), newOrigin(t, true)
	s := newSession(t, connector.Config{TLS: secure.leaf.Client()})
	for _, c := range []struct {
		name string
		opts []session.Option
		want int
	}{
		{"no login", []session.Option{session.Proxy(proxyURL)}, http.StatusProxyAuthRequired},
		{"option", []session.Option{session.Proxy(proxyURL), session.ProxyAuth(login, password)}, http.StatusOK},
		{"URL", []session.Option{session.Proxy(u.String())}, http.StatusOK},
		{"wrong password", []session.Option{session.Proxy(proxyURL), session.ProxyAuth(login, "x")}, wrong},
		{"option over URL", []session.Option{session.Proxy(u.String()), session.ProxyAuth(login, "x")}, wrong},
	} {
		resp, _ := get(t, s, plain.URL, c.opts...)
		wantStatus(t, resp, c.want)
		resp, err := s.Get(t.Context(), secure.URL, c.opts...)
		if c.want == http.StatusOK {
			tellsSeen(t, resp, err)
			continue
		}
		e, ok := errors.AsType[*errors.ClientHTTPProxyError](err)
		if !ok || e.Status != c.want {
			t.Errorf("%s, tunnel: got %v", c.name, err)
			continue
		}
		if c.want == http.StatusProxyAuthRequired && !strings.HasPrefix(e.Header.Get("Proxy-Authenticate"), "Basic") {
			t.Errorf("%s, tunnel: got header %v", c.name, e.Header)
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error has the password: %v", c.name, err)
		}
	}
	for _, r := range append(plain.requests(), secure.requests()...) {
		if len(r.Header["Proxy-Authorization"]) > 0 {
			t.Errorf("the proxy's login reached the origin: %v", r.Header)
		}
	}
}

// Squid's nonces have counts, and are taken back after a number of uses.
func TestInteropSquidDigest(t *testing.T) {
	t.Parallel()
	ha1 := md5.Sum([]byte("me:interop:secret"))
	p := startSquid(t, squidDigest, "me:interop:"+hex.EncodeToString(ha1[:])+"\n")
	o := newOrigin(t, false)
	challenges := 0
	counting := func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil && resp.StatusCode == http.StatusProxyAuthRequired {
				challenges++
			}
			return resp, err
		})
	}
	s := newSession(t, connector.Config{Proxy: p.plain},
		middleware.Digest(middleware.DigestConfig{Login: "me", Password: "secret", Proxy: true}), counting)
	for range 5 {
		resp, err := s.Post(t.Context(), o.URL+"/a?b=c", session.Text("body"))
		if got := tellsSeen(t, resp, err); got.Body != "body" || len(got.Header["Proxy-Authorization"]) > 0 {
			t.Errorf("got %+v", got)
		}
	}
	if challenges != 1 {
		t.Errorf("%d challenges for 5 requests, want 1", challenges)
	}
	wrong := newSession(t, connector.Config{Proxy: p.plain},
		middleware.Digest(middleware.DigestConfig{Login: "me", Password: "wrong", Proxy: true}))
	resp, _ := get(t, wrong, o.URL)
	wantStatus(t, resp, http.StatusProxyAuthRequired)
}
