package h1_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestMain(m *testing.M) { leak.Main(m) }

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// foreign is a connection that cannot be peeked at: a waiter reads while it is idle.
type foreign struct{ *net.TCPConn }

// way is how a conn comes to its server, and how it knows that it is dead while idle.
type way struct {
	name   string
	waiter bool
	secure uint16 // the version of TLS, or 0
}

var ways = []way{
	{name: "look"},
	{name: "waiter", waiter: true},
	{name: "look, TLS 1.2", secure: tls.VersionTLS12},
	{name: "waiter, TLS 1.2", secure: tls.VersionTLS12, waiter: true},
	{name: "look, TLS 1.3", secure: tls.VersionTLS13},
	{name: "waiter, TLS 1.3", secure: tls.VersionTLS13, waiter: true},
}

// each runs a test on every way to a server.
func each(t *testing.T, script func(*wiretest.Conn), test func(t *testing.T, w way, c *h1.Conn, tcp *net.TCPConn, srv *wiretest.Server)) {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			var srv *wiretest.Server
			if w.secure == 0 {
				srv = wiretest.New(t, script)
			} else {
				srv = wiretest.NewTLS(t, leaf.Server(), script)
			}
			c, tcp := w.connect(t, leaf, srv)
			test(t, w, c, tcp, srv)
		})
	}
}

// connect makes the conn, which is closed with the test.
func (w way) connect(t *testing.T, leaf *certs.Leaf, srv *wiretest.Server) (*h1.Conn, *net.TCPConn) {
	t.Helper()
	tcp := dialTCP(t, srv)
	var nc net.Conn = tcp
	if w.waiter {
		nc = foreign{tcp}
	}
	if w.secure != 0 {
		cfg := leaf.Client()
		cfg.ServerName, cfg.MaxVersion = "localhost", w.secure
		tc := tls.Client(h1.WrapBelowTLS(nc), cfg)
		if err := tc.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		nc = tc
	}
	return newConn(t, nc), tcp
}

func dialTCP(t *testing.T, srv *wiretest.Server) *net.TCPConn {
	t.Helper()
	nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return nc.(*net.TCPConn)
}

func newConn(t *testing.T, nc net.Conn) *h1.Conn {
	t.Helper()
	c := new(h1.Conn)
	c.Init(nc, nil)
	t.Cleanup(func() { c.Close() })
	return c
}

func newRequest(t *testing.T, ctx context.Context, method string, body io.Reader) *http.Request { //nolint:revive // the test comes first
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, "http://host/p", body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// call is one exchange.
type call struct {
	h1.Exchange
	body   reqbody.Body
	resp   *http.Response
	err    error
	reused bool
}

// send makes an exchange up to its head.
func send(c *h1.Conn, req *http.Request, s h1.Settings) *call {
	x := &call{body: reqbody.New(req)}
	for name, values := range req.Header {
		for _, v := range values {
			s.FieldBytes += len(name) + len(v)
			s.Connection = s.Connection || strings.EqualFold(name, "Connection")
		}
	}
	x.reused = x.Begin(req.Context(), c, req, req, &x.body, httptrace.ContextClientTrace(req.Context()), time.Now(), &s)
	x.resp, x.err = x.RoundTrip(&x.body)
	return x
}

// finish reads to the end, and has the conn wait for another exchange if it can have one.
func (x *call) finish(t *testing.T, c *h1.Conn) (body string, keep bool) {
	t.Helper()
	if x.err != nil {
		t.Errorf("got %v", x.err)
		x.End(false)
		c.Close()
		return "", false
	}
	b, err := io.ReadAll(x.resp.Body)
	keep = x.End(err == nil)
	x.ReleaseReader()
	if keep {
		c.Park()
	} else {
		c.Close()
	}
	return string(b), keep
}

// fine answers every request.
func fine(c *wiretest.Conn) {
	for {
		if _, ok := c.ReadHead(); !ok {
			return
		}
		c.Write(okResponse)
	}
}

// mustKeep is finish for an exchange after which the conn must be good for another.
func (x *call) mustKeep(t *testing.T, c *h1.Conn) {
	t.Helper()
	x.AwaitUpload()
	if body, keep := x.finish(t, c); body != "ok" || !keep {
		t.Fatalf("got %q, keep %v", body, keep)
	}
}

// get is an exchange after which the conn must be good for another.
func get(t *testing.T, c *h1.Conn) {
	t.Helper()
	send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{}).mustKeep(t, c)
}

// dies waits until the conn knows that it is dead, and returns the reason.
func dies(t *testing.T, c *h1.Conn) error {
	t.Helper()
	for range 1000 {
		if err := c.CheckIdle(); err != nil {
			return err
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Error("nobody has noticed")
	return nil
}
