package connector_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// testProxy is a proxy of any kind: for HTTP it forwards and tunnels, or it
// speaks SOCKS5. Fields that are set before it starts change what it does.
type testProxy struct {
	srv    *wiretest.Server
	scheme string
	user   *url.Userinfo // the one who may use it; nil: everybody
	refuse string        // what is answered to CONNECT; empty: a tunnel
	code   byte          // what SOCKS answers to the request; 0: a tunnel
	// targets are the servers behind names, "host:port"; others are dialed as
	// they are.
	targets map[string]string
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)
	config  *tls.Config // of an https proxy

	t     testing.TB
	mu    sync.Mutex
	asked []string // the targets of tunnels
}

// start makes it listen on loopback, or on ln.
func (p *testProxy) start(t testing.TB, scheme string, ln net.Listener) *testProxy {
	t.Helper()
	p.t, p.scheme = t, scheme
	if p.dial == nil {
		p.dial = new(net.Dialer).DialContext
	}
	script := p.speakHTTP
	if strings.HasPrefix(scheme, "socks5") {
		script = p.speakSOCKS
	}
	switch {
	case scheme == "https" && ln != nil:
		p.srv = wiretest.NewTLSOn(t, ln, p.config, script)
	case scheme == "https":
		p.srv = wiretest.NewTLS(t, p.config, script)
	case ln != nil:
		p.srv = wiretest.NewOn(t, ln, script)
	default:
		p.srv = wiretest.New(t, script)
	}
	return p
}

// url is the proxy's, with credentials if there are any.
func (p *testProxy) url(user *url.Userinfo) *url.URL {
	return &url.URL{Scheme: p.scheme, Host: p.srv.Addr(), User: user}
}

func (p *testProxy) text() string { return p.url(nil).String() }

// tunnels are the targets that it was asked for.
func (p *testProxy) tunnels() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *testProxy) note(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, target)
}

const (
	forwardedResponse = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nforwarded"
	wantsAuth         = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 5\r\n\r\nwho??"
)

func (p *testProxy) speakHTTP(c *wiretest.Conn) {
	for {
		req := c.ReadRequest()
		switch {
		case p.user != nil && req.Header.Get("Proxy-Authorization") != basic(p.user):
			c.Write(wantsAuth)
		case req.Method != http.MethodConnect:
			c.Write(forwardedResponse)
		case p.refuse != "":
			p.note(req.Target)
			c.Write(p.refuse)
			return
		default:
			p.note(req.Target)
			p.tunnel(c, req.Target, "HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
	}
}

func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}

// speakSOCKS is RFC 1928 with RFC 1929.
func (p *testProxy) speakSOCKS(c *wiretest.Conn) {
	read := func(n int) string {
		s, _ := c.ReadBody(n)
		return s + strings.Repeat("\x00", n-len(s)) // of one that has gone
	}
	methods := read(int(read(2)[1]))
	switch {
	case p.user == nil:
		c.Write("\x05\x00")
	case !strings.Contains(methods, "\x02"):
		c.Write("\x05\xff")
		return
	default:
		c.Write("\x05\x02")
		name := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if want, _ := p.user.Password(); name != p.user.Username() || password != want {
			c.Write("\x01\x01")
			return
		}
		c.Write("\x01\x00")
	}
	var host string
	switch head := read(4); head[3] {
	case 1:
		host = netip.AddrFrom4([4]byte([]byte(read(4)))).String()
	case 4:
		host = netip.AddrFrom16([16]byte([]byte(read(16)))).String()
	case 3:
		host = read(int(read(1)[0]))
	default:
		return // gone
	}
	port := read(2)
	target := net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1])))
	p.note(target)
	if p.code != 0 {
		c.Write("\x05" + string([]byte{p.code}) + "\x00\x01\x00\x00\x00\x00\x00\x00")
		return
	}
	p.tunnel(c, target, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
}

// tunnel connects the client to a target.
func (p *testProxy) tunnel(c *wiretest.Conn, target, yes, no string) {
	if known, ok := p.targets[target]; ok {
		target = known
	}
	up, err := p.dial(p.t.Context(), "tcp", target)
	if err != nil {
		c.Write(no)
		return
	}
	defer up.Close()
	c.Write(yes)
	var wg sync.WaitGroup
	wg.Go(func() {
		io.Copy(up, c.NetConn()) // however it ends
		up.Close()
	})
	io.Copy(c.NetConn(), up)
	c.Close()
	wg.Wait()
}

// proxyDNS is a resolver that knows a few names, and notes who was asked for.
type proxyDNS struct {
	names map[string]string
	mu    sync.Mutex
	asked []string
}

func (r *proxyDNS) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, host)
	var addrs []netip.Addr
	for text := range strings.FieldsSeq(r.names[host]) {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs, nil
}

func (r *proxyDNS) lookups() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// with is a context for a request with settings of its own.
func with(t *testing.T, s connector.Settings) context.Context {
	t.Helper()
	return connector.WithSettings(t.Context(), s)
}

// try sends a GET with settings, and reads the answer.
func try(t *testing.T, c http.RoundTripper, target string, s connector.Settings) (string, error) {
	t.Helper()
	resp, err := c.RoundTrip(newRequest(t, with(t, s), "GET", target, nil))
	if err != nil {
		return "", err
	}
	return read(t, resp), nil
}

// mustGet is [try] that has to succeed.
func mustGet(t *testing.T, c http.RoundTripper, target string, s connector.Settings) string {
	t.Helper()
	text, err := try(t, c, target, s)
	if err != nil {
		t.Fatalf("GET %s: %v", target, err)
	}
	return text
}

// originLeaf is a certificate for loopback and for two names.
func originLeaf(t testing.TB) *certs.Leaf {
	t.Helper()
	return certs.For(t, certs.Options{
		Names: []string{"localhost", "origin.example", "other.example"},
		IPs:   []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")},
	})
}

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// hostname replaces the host of a URL and keeps the port.
func hostname(t testing.TB, raw, host string) string {
	t.Helper()
	u := mustURL(t, raw)
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}
