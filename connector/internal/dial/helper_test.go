package dial_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/leak"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func TestMain(m *testing.M) { leak.Main(m) }

func newDialer(t *testing.T, cfg dial.Config) *dial.Dialer {
	t.Helper()
	d := dial.New(cfg)
	t.Cleanup(d.Close)
	return d
}

// targetOf is the target of a URL, through a proxy unless its URL is empty.
func targetOf(t *testing.T, d *dial.Dialer, raw, proxy string) dial.Target {
	t.Helper()
	target, err := dial.TargetOf(mustURL(t, raw))
	if err != nil {
		t.Fatal(err)
	}
	if proxy != "" {
		p, err := dial.NewProxy(mustURL(t, proxy), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		target.Route = d.Route(nil, p)
	}
	return target
}

// connect closes what it gets.
func connect(ctx context.Context, d *dial.Dialer, target dial.Target, a *dial.Attempt) error {
	nc, err := d.Dial(ctx, target, a)
	if err == nil {
		nc.Close()
	}
	return err
}

func mustURL(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// startProxy starts one that forwards and tunnels, with TLS unless cfg is nil.
func startProxy(t *testing.T, cfg *tls.Config) *wiretest.Server {
	t.Helper()
	script := func(c *wiretest.Conn) {
		req := c.ReadRequest()
		if req.Method != http.MethodConnect {
			fine(c)
			return
		}
		up, err := new(net.Dialer).DialContext(t.Context(), "tcp", req.Target)
		if err != nil {
			c.Write("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
			return
		}
		c.Write("HTTP/1.1 200 OK\r\n\r\n")
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.Copy(c.NetConn(), up)
			c.Close()
		}()
		io.Copy(up, c.NetConn())
		up.Close()
		<-done
	}
	if cfg != nil {
		return wiretest.NewTLS(t, cfg, script)
	}
	return wiretest.New(t, script)
}

func fine(c *wiretest.Conn) { c.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }
