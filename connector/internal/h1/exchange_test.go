package h1_test

import (
	"context"
	"crypto/tls"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// What a response says of the connection, and what is none.
func TestStatus(t *testing.T) {
	t.Parallel()
	const upgrade = "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
	for _, tt := range []struct {
		response string
		asks     bool // for an upgrade
		status   int  // 0: it is an error
		keep     bool
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, true},
		{"HTTP/1.1 204 N\r\n\r\n", false, 204, true},
		{"HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", false, 304, true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nextra", false, 200, false},
		{"HTTP/1.1 204 N\r\n\r\nextra", false, 204, false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false, 200, false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", false, 200, true},
		{"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 199 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, true},
		{upgrade, true, 101, false},
		{upgrade, false, 0, false},
		{"HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n", true, 0, false},
		{"HTTP/1.1 101 S\r\nConnection: Upgrade\r\n\r\n", true, 0, false},
		{"HTTP/1.1 000 S\r\nContent-Length: 0\r\n\r\n", false, 0, false},
		{"HTTP/1.1 099 S\r\nContent-Length: 0\r\n\r\n", false, 0, false},
		{"HTTP/5.6 200 OK\r\nContent-Length: 0\r\n\r\n", false, 0, false},
	} {
		srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Write(tt.response); c.Stall() })
		c := newConn(t, dialTCP(t, srv))
		req := newRequest(t, t.Context(), "GET", nil)
		if tt.asks {
			req.Header.Set("Upgrade", "x")
			req.Header.Set("Connection", "upgrade")
		}
		x := send(c, req, h1.Settings{})
		status := 0
		if x.err == nil {
			status = x.resp.StatusCode
		}
		if keep := x.End(x.err == nil); status != tt.status || keep != tt.keep {
			t.Errorf("%q: got %d, %v, keep %v; want %d, %v", tt.response, status, x.err, keep, tt.status, tt.keep)
		}
	}
}

// A server that goes over to another protocol before it has the whole request has not
// understood it: what is still sent of it would be bytes of that protocol.
func TestUpgradeDuringUpload(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
		c.Stall()
	})
	r, w := io.Pipe()
	defer w.Close()
	c := newConn(t, dialTCP(t, srv))
	req := newRequest(t, t.Context(), "POST", r)
	req.Header.Set("Upgrade", "x")
	req.Header.Set("Connection", "upgrade")
	x := send(c, req, h1.Settings{})
	var bad *h1.HeadError
	if !stderrors.As(x.err, &bad) {
		t.Errorf("got %v", x.err)
	}
	if x.End(false) {
		t.Error("it is kept")
	}
}

// A tunnel is no connection for others, whatever the answer to CONNECT was.
func TestConnectIsNotKept(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	c := newConn(t, dialTCP(t, srv))
	req := newRequest(t, t.Context(), "CONNECT", nil)
	req.URL.Path = ""
	if _, keep := send(c, req, h1.Settings{}).finish(t, c); keep {
		t.Error("it is kept")
	}
}

// The version is rewritten whatever the length of the request line.
func TestHTTP10RequestLine(t *testing.T) {
	t.Parallel()
	for n := 4040; n < 4110; n++ {
		srv := wiretest.New(t, fine)
		c := newConn(t, dialTCP(t, srv))
		req := newRequest(t, t.Context(), "GET", nil)
		req.URL.Path = "/" + strings.Repeat("p", n)
		req.Header.Set("X", "HTTP/1.1")
		send(c, req, h1.Settings{HTTP10: true}).finish(t, c)
		if got, want := srv.Requests()[0], "GET "+req.URL.Path+" HTTP/1.0\r\n"; !strings.HasPrefix(got, want) || !strings.Contains(got, "X: HTTP/1.1\r\n") {
			t.Fatalf("%d: got %q", n, got)
		}
		c.Close()
	}
}

// Nothing that has come is nothing: an answer that has begun is one, though no head.
func TestReceived(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"", "H", "HTTP/1.1 200 OK\r\nConte"} {
		srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Write(answer) })
		c := newConn(t, dialTCP(t, srv))
		x := send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{})
		if f := x.Facts(); x.err == nil || f.Received != int64(len(answer)) || f.HeadDone {
			t.Errorf("%q: got %v and %+v", answer, x.err, f)
		}
		x.End(false)
	}
}

// countingContext counts what is registered for its end and not taken back.
type countingContext struct {
	context.Context
	done chan struct{}
	live atomic.Int64
}

func (c *countingContext) Done() <-chan struct{} { return c.done }

// AfterFunc is what package context calls on a foreign context that has it.
func (c *countingContext) AfterFunc(func()) (stop func() bool) {
	c.live.Add(1)
	var once sync.Once
	return func() bool { once.Do(func() { c.live.Add(-1) }); return true }
}

// Nothing is left in the context, however the exchange ends.
func TestContextIsLeft(t *testing.T) {
	t.Parallel()
	ctx := &countingContext{Context: t.Context(), done: make(chan struct{})}
	for _, answer := range []string{okResponse, "", "HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"} {
		srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Write(answer) })
		c := newConn(t, dialTCP(t, srv))
		req := newRequest(t, ctx, "GET", nil)
		req.Header.Set("Upgrade", "x")
		req.Header.Set("Connection", "upgrade")
		x := send(c, req, h1.Settings{})
		if x.err == nil && x.resp.StatusCode == http.StatusSwitchingProtocols {
			x.Upgrade().Close()
		} else {
			x.End(false)
		}
		if n := ctx.live.Load(); n != 0 {
			t.Errorf("%q: %d are left", answer, n)
		}
	}
}

// The end of TLS is bounded, though the peer takes nothing.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leaf := certs.For(t, certs.Options{}) // of the bubble's time
		client, server := memnet.Pipe(16<<10, 0)
		cfg := leaf.Client()
		cfg.ServerName = "localhost"
		tc := tls.Client(client, cfg)
		var shaking sync.WaitGroup
		shaking.Go(func() { tls.Server(server, leaf.Server()).HandshakeContext(t.Context()) })
		if err := tc.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		shaking.Wait()
		c := new(h1.Conn)
		c.Init(tc, nil)
		var sending sync.WaitGroup
		sending.Go(func() {
			send(c, newRequest(t, t.Context(), "POST", streamed(strings.Repeat("x", 1<<20))), h1.Settings{}).End(false)
		})
		synctest.Wait()
		start := time.Now()
		c.Close()
		if d := time.Since(start); d > time.Second {
			t.Errorf("it took %v", d)
		}
		sending.Wait()
		server.Close()
	})
}

// TLS may have to write while the conn is idle. A write deadline that has passed would spoil
// it for good.
func TestIdleTLSMayWrite(t *testing.T) {
	t.Parallel()
	each(t, fine, func(t *testing.T, w way, c *h1.Conn, tcp *net.TCPConn, _ *wiretest.Server) {
		if w.secure == 0 {
			return
		}
		total := time.Now().Add(time.Hour)
		x := send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{Total: total})
		if x.err != nil {
			t.Fatal(x.err)
		}
		x.AwaitUpload()
		if body, err := io.ReadAll(x.resp.Body); string(body) != "ok" || err != nil || !x.End(true) {
			t.Fatalf("got %q, %v, or it is not kept", body, err)
		}
		x.ReleaseReader()
		if got := c.WriteDeadline(); !got.Equal(total) {
			t.Errorf("the deadline is %v, want %v", got, total)
		}
		c.PassWriteDeadline()
		c.Park()
		if err := c.CheckIdle(); err != nil {
			t.Fatal(err)
		}
		if _, err := tcp.Write(nil); stderrors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		get(t, c)
	})
}
