//go:build interop && linux

package interop_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// newSession is closed with the test, and then holds no slot.
func newSession(t *testing.T, cfg connector.Config, mw ...middleware.Middleware) *session.Session {
	t.Helper()
	c, err := connector.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sessionOn(t, c, mw...)
}

// sessionOn is a session that owns a connector.
func sessionOn(t *testing.T, c *connector.Connector, mw ...middleware.Middleware) *session.Session {
	t.Helper()
	s, err := session.New(session.Config{
		Connector: c, OwnConnector: true, Middleware: mw, Jar: jar.Discard{},
		Timeout: session.ClientTimeout{Total: 30 * time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	leak.Slots(t, func() (inUse, waiting int) { st := c.Stats(); return st.InUse, st.Waiting })
	return s
}

// within is a context for what has no timeout of its own.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// get sends a GET and reads its answer.
func get(t *testing.T, s *session.Session, url string, opts ...session.Option) (*session.Response, string) {
	t.Helper()
	resp, err := s.Get(t.Context(), url, opts...)
	return taken(t, resp, err)
}

// taken reads a response to its end.
func taken(t *testing.T, resp *session.Response, err error) (*session.Response, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

// fails sends a GET that must not succeed.
func fails(t *testing.T, s *session.Session, url string, opts ...session.Option) error {
	t.Helper()
	resp, err := s.Get(t.Context(), url, opts...)
	if err == nil {
		resp.Close()
		t.Fatalf("got status %d, want an error", resp.StatusCode)
	}
	return err
}

// wantStatus looks at a response's status.
func wantStatus(t *testing.T, resp *session.Response, want int) {
	t.Helper()
	if resp.StatusCode != want {
		t.Errorf("%s %s: got status %d, want %d", resp.Request.Method, resp.URL(), resp.StatusCode, want)
	}
}

// leafFor is a certificate for a server at a "host:port".
func leafFor(t *testing.T, addr string) *certs.Leaf {
	t.Helper()
	return certs.For(t, certs.Options{Names: []string{"localhost"}, IPs: []netip.Addr{netip.MustParseAddrPort(addr).Addr()}})
}

// keyFiles writes a certificate with its chain, and its key, as servers read
// them.
func keyFiles(t *testing.T, dir string, leaf *certs.Leaf) (cert, key string) {
	t.Helper()
	var chain strings.Builder
	for _, der := range leaf.TLS.Certificate {
		chain.WriteString(pemText("CERTIFICATE", der))
	}
	der, err := x509.MarshalPKCS8PrivateKey(leaf.TLS.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private := pemText("PRIVATE KEY", der)
	file(t, dir, "both.pem", chain.String()+private)
	return file(t, dir, "cert.pem", chain.String()), file(t, dir, "key.pem", private)
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// seen is a request as an origin has seen it.
type seen struct {
	Method, URI, Host, Proto, Remote, Body string
	TransferEncoding                       []string
	Length                                 int64
	Header                                 http.Header
}

// origin is a server that tells what it has seen, for what is in between.
type origin struct {
	*httptest.Server
	leaf *certs.Leaf

	mu  sync.Mutex
	got []seen
}

// newOrigin starts one, with TLS and HTTP/2 if secure.
func newOrigin(t *testing.T, secure bool) *origin {
	t.Helper()
	o := &origin{leaf: certs.For(t, certs.Options{})}
	o.Server = httptest.NewUnstartedServer(o)
	if secure {
		o.TLS, o.EnableHTTP2 = o.leaf.Server(), true
		o.StartTLS()
	} else {
		o.Start()
	}
	t.Cleanup(o.Close)
	return o
}

// addr is "127.0.0.1:port".
func (o *origin) addr() string { return o.Listener.Addr().String() }

// port is where it listens.
func (o *origin) port(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(o.addr())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever sent it knows
	}
	s := seen{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Proto: r.Proto, Remote: r.RemoteAddr, Body: string(body),
		TransferEncoding: r.TransferEncoding, Length: r.ContentLength, Header: r.Header,
	}
	o.mu.Lock()
	o.got = append(o.got, s)
	o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(s)
}

// requests is what came.
func (o *origin) requests() []seen {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.got
}

// tellsSeen takes an origin's answer.
func tellsSeen(t *testing.T, resp *session.Response, err error) seen {
	t.Helper()
	resp, text := taken(t, resp, err)
	wantStatus(t, resp, http.StatusOK)
	var s seen
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s
}

// trusting is a client's configuration for several servers.
func trusting(leaves ...*certs.Leaf) *tls.Config {
	pool := x509.NewCertPool()
	for _, l := range leaves {
		for _, der := range l.TLS.Certificate[1:] {
			if ca, err := x509.ParseCertificate(der); err == nil {
				pool.AddCert(ca)
			}
		}
	}
	return &tls.Config{RootCAs: pool}
}

// eventually tries until ok, within a time that is enough for any server.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-timeout:
			t.Fatalf("%s: it does not come to that", what)
		case <-time.After(pollStep):
		}
	}
}

// hangUp makes servers read their configuration again.
const hangUp = syscall.SIGHUP

// fingerprint is what pins a certificate.
func fingerprint(leaf *certs.Leaf) []byte {
	sum := sha256.Sum256(leaf.DER)
	return sum[:]
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func addrOf(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
