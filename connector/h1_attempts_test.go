package connector_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptrace"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// Request.Cancel, which http.Client sets for the Timeout of a RoundTripper that is not
// net/http's, ends an exchange wherever it is.
func TestRequestCancel(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(*wiretest.Conn){
		"head": func(c *wiretest.Conn) { c.Stall() },
		"body": func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			c.Stall()
		},
	} {
		srv := wiretest.New(t, script)
		c := newConnector(t, connector.Config{})
		req := newRequest(t, t.Context(), "GET", srv.URL(), nil)
		cancel := make(chan struct{})
		req.Cancel = cancel //nolint:staticcheck // it is what is tested
		var ending sync.WaitGroup
		if name == "head" {
			ending.Go(func() { waitFor(t, "the request", func() bool { return len(srv.Received(0)) > 0 }); close(cancel) })
		}
		resp, err := c.RoundTrip(req)
		if name == "body" && err == nil {
			close(cancel)
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		ending.Wait()
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Half a head is an answer, though none that can be used: the request is not sent again.
func TestHalfAnswerIsNotStale(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(okResponse)
		c.ReadHead()
		c.Write("H")
	})
	c := newConnector(t, connector.Config{})
	get(t, c, srv.URL())
	if resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil)); err == nil {
		t.Errorf("got %s", read(t, resp))
	}
	if n := c.Stats().Retried; n != 0 || srv.Conns() != 1 {
		t.Errorf("sent again %d times, on %d connections", n, srv.Conns())
	}
}

// Each attempt has a request of its own: the caller's stays as it is, and each body is closed
// once, the first one's too, whose sending may notice late that it is over.
func TestAttemptsShareNothing(t *testing.T) {
	t.Parallel()
	for range 20 {
		c := newConnector(t, connector.Config{})
		first, second := &trackedBody{Reader: strings.NewReader("body")}, &trackedBody{Reader: strings.NewReader("body")}
		stale := staleServer(t)
		get(t, c, stale.URL())
		req := newRequest(t, t.Context(), "PUT", stale.URL(), first)
		req.ContentLength = 4
		req.GetBody = func() (io.ReadCloser, error) { return second, nil }
		before := *req
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		if req.Body != before.Body || req.ContentLength != before.ContentLength || req.Close != before.Close {
			t.Error("the request was changed")
		}
		waitFor(t, "the bodies' ends", func() bool { return first.closed.Load() > 0 && second.closed.Load() > 0 })
		if a, b := first.closed.Load(), second.closed.Load(); a != 1 || b != 1 || c.Stats().Retried != 1 {
			t.Errorf("closed %d and %d times, %+v", a, b, c.Stats())
		}
	}
}

// Where TLS may negotiate anew, nobody looks at what it has: a look might break that off.
func TestNoLookWithRenegotiation(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	for mode, waits := range map[tls.RenegotiationSupport]bool{
		tls.RenegotiateNever: false, tls.RenegotiateOnceAsClient: true, tls.RenegotiateFreelyAsClient: true,
	} {
		cfg := leaf.Client()
		cfg.Renegotiation = mode
		c := newConnector(t, connector.Config{TLS: cfg})
		var below net.Conn
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
			below = i.Conn.(*tls.Conn).NetConn()
		}})
		for range 2 {
			resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
		}
		if _, plain := below.(*net.TCPConn); plain != waits && runtime.GOOS != "windows" {
			t.Errorf("%v: TLS is on a %T", mode, below)
		}
		if s := c.Stats(); s.Opened != 1 {
			t.Errorf("%v: not reused: %+v", mode, s)
		}
	}
}

// lateWriter is a connection whose Write returns only when it is closed, once hold is set:
// as that of a goroutine which does not get to run, though its bytes are out. With begun
// they are not: it says that there, and waits before it writes.
type lateWriter struct {
	net.Conn
	hold   *atomic.Bool
	begun  chan<- struct{} // nil: the bytes go out first
	closed func() <-chan struct{}
	end    func() error
}

func dialLateWriter(hold *atomic.Bool, begun chan<- struct{}) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		closed := make(chan struct{})
		return &lateWriter{nc, hold, begun, func() <-chan struct{} { return closed }, sync.OnceValue(func() error {
			close(closed)
			return nc.Close()
		})}, nil
	}
}

func (w *lateWriter) Write(p []byte) (int, error) {
	if w.begun != nil && w.hold.CompareAndSwap(true, false) {
		w.begun <- struct{}{}
		<-w.closed()
	}
	n, err := w.Conn.Write(p)
	if w.hold.Load() {
		<-w.closed()
	}
	return n, err
}

func (w *lateWriter) Close() error { return w.end() }

// A request that is being written may have come: that no write has returned says nothing.
func TestWriteUnderWayIsNotStale(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	const size = 32 << 10
	script := func(c *wiretest.Conn) {
		for range 2 {
			head, ok := c.ReadHead()
			if !ok {
				return
			}
			if strings.HasPrefix(head, "POST") {
				return // some of it is there, and done
			}
			c.Write(okResponse)
		}
	}
	for scheme, srv := range map[string]*wiretest.Server{
		"http": wiretest.New(t, script), "https": wiretest.NewTLS(t, leaf.Server(), script),
	} {
		var hold atomic.Bool
		c := newConnector(t, connector.Config{
			TLS:         leaf.Client(),
			DialContext: dialLateWriter(&hold, nil),
		})
		get(t, c, srv.URL())
		hold.Store(true)
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), bytes.NewReader(make([]byte, size))))
		if err == nil {
			read(t, resp)
		}
		if posts := strings.Count(strings.Join(srv.Requests(), "\n"), "POST "); err == nil || posts != 1 {
			t.Errorf("%s: %d requests, error %v", scheme, posts, err)
		}
	}
}

// A request of which nothing was sent is sent on another connection, though its first write was
// under way when the old one ended.
func TestWriteNotBegunIsStale(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	const size = 32 << 10
	begun := map[string]chan struct{}{"http": make(chan struct{}, 1), "https": make(chan struct{}, 1)}
	script := func(begun <-chan struct{}) func(*wiretest.Conn) {
		return func(c *wiretest.Conn) {
			if head, _ := c.ReadHead(); strings.HasPrefix(head, "POST") {
				c.ReadBody(size)
			}
			c.Write(okResponse)
			c.Await(begun) // and it ends
		}
	}
	for scheme, srv := range map[string]*wiretest.Server{
		"http": wiretest.New(t, script(begun["http"])), "https": wiretest.NewTLS(t, leaf.Server(), script(begun["https"])),
	} {
		var hold atomic.Bool
		c := newConnector(t, connector.Config{
			TLS:         leaf.Client(),
			DialContext: dialLateWriter(&hold, begun[scheme]),
		})
		get(t, c, srv.URL())
		hold.Store(true)
		resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), bytes.NewReader(make([]byte, size))))
		if err != nil {
			t.Errorf("%s: %v", scheme, err)
		} else {
			read(t, resp)
		}
		close(begun[scheme])
		if posts := strings.Count(strings.Join(srv.Requests(), "\n"), "POST "); posts != 1 {
			t.Errorf("%s: %d requests", scheme, posts)
		}
	}
}
