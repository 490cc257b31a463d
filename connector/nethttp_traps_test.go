package connector_test

// Each test in this file is named after a trap of net/http as an engine: a
// behaviour that its documentation does not tell, or that a user of ClientConn
// has to make up for.

import (
	"bytes"
	"context"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// countingContext counts what is registered for its cancellation and not taken
// back.
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
	return func() bool {
		once.Do(func() { c.live.Add(-1) })
		return true
	}
}

// A failed RoundTrip of a ClientConn leaves a child behind in the caller's
// context, which may live as long as the program.
func TestTrapContextChildren(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead() })
	good := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{})
	ctx := &countingContext{Context: t.Context(), done: make(chan struct{})}
	for range 50 {
		if _, err := c.RoundTrip(newRequest(t, ctx, "POST", srv.URL(), nil)); err == nil {
			t.Fatal("no error")
		}
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", good.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
	}
	if n := ctx.live.Load(); n != 0 {
		t.Errorf("%d children are left in the context", n)
	}
}

// trackedBody tells whether it was closed.
type trackedBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *trackedBody) Close() error {
	b.closed.Add(1)
	return nil
}

// net/http does not close the body of a request that it refuses, nor of one
// whose connection dies before the body is looked at.
func TestTrapBodyNotClosed(t *testing.T) {
	t.Parallel()
	cut := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead() })
	good := wiretest.New(t, fine)
	gone := wiretest.New(t, fine)
	gone.Close()
	closed := newConnector(t, connector.Config{})
	closed.Close()
	open := newConnector(t, connector.Config{})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		c      *connector.Connector
		ctx    context.Context
		url    string
		change func(*http.Request)
	}{
		"sent":             {c: open, url: good.URL()},
		"cut":              {c: open, url: cut.URL()},
		"refused":          {c: open, url: gone.URL()},
		"closed connector": {c: closed, url: good.URL()},
		"cancelled":        {c: open, ctx: cancelled, url: good.URL()},
		"bad method":       {c: open, url: good.URL(), change: func(r *http.Request) { r.Method = "B D" }},
		"bad header":       {c: open, url: good.URL(), change: func(r *http.Request) { r.Header["X\n"] = []string{"a"} }},
		"bad value":        {c: open, url: good.URL(), change: func(r *http.Request) { r.Header.Set("X", "a\r\nb") }},
		"no URL":           {c: open, url: good.URL(), change: func(r *http.Request) { r.URL = nil }},
		"bad scheme":       {c: open, url: good.URL(), change: func(r *http.Request) { r.URL.Scheme = "gopher" }},
		"no host":          {c: open, url: good.URL(), change: func(r *http.Request) { r.URL.Host = "" }},
		"bad query":        {c: open, url: good.URL(), change: func(r *http.Request) { r.URL.RawQuery = "a\r\nb" }},
		"bad length":       {c: open, url: good.URL(), change: func(r *http.Request) { r.ContentLength = -7 }},
	} {
		if test.ctx == nil {
			test.ctx = t.Context()
		}
		body := &trackedBody{Reader: strings.NewReader("body")}
		req := newRequest(t, test.ctx, "POST", test.url, body)
		if test.change != nil {
			test.change(req)
		}
		resp, err := test.c.RoundTrip(req)
		if err == nil {
			read(t, resp)
		}
		if (err == nil) != (name == "sent") {
			t.Errorf("%s: got %v", name, err)
		}
		if n := body.closed.Load(); n != 1 {
			t.Errorf("%s: the body was closed %d times", name, n)
		}
	}
}

// A RoundTrip does not return while the Read of its body is under way.
func TestTrapBlockedBody(t *testing.T) {
	t.Parallel()
	for class, total := range map[error]time.Duration{
		errors.ErrTotalTimeout: 50 * time.Millisecond, errors.ErrServerDisconnected: time.Minute,
	} {
		c := newConnector(t, connector.Config{Timeout: connector.ClientTimeout{Total: total}})
		srv := wiretest.New(t, func(c *wiretest.Conn) {
			c.ReadHead()
			if class == errors.ErrServerDisconnected {
				c.Reset()
				return
			}
			c.Stall()
		})
		r, w := io.Pipe()
		defer w.Close()
		_, err := c.RoundTrip(newRequest(t, t.Context(), "POST", srv.URL(), r))
		if !errors.Is(err, class) {
			t.Errorf("got %v, want %v", err, class)
		}
		if _, err := w.Write([]byte("x")); err == nil {
			t.Error("the body was not closed")
		}
	}
}

// A server closes kept connections at the worst of moments, with FIN or RST.
func TestTrapStaleKeepAlive(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for range 3 {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			c.Write(okResponse)
		}
		if c.N%2 == 0 {
			c.Reset()
		}
	})
	c := newConnector(t, connector.Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 250 {
				resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
				if err != nil {
					t.Error(err)
					return
				}
				read(t, resp)
			}
		})
	}
	wg.Wait()
}

// staleServer answers once and closes the connection when it is used again.
func staleServer(t *testing.T) *wiretest.Server {
	t.Helper()
	return wiretest.New(t, func(c *wiretest.Conn) {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		if strings.HasPrefix(head, "P") && strings.Contains(head, "Content-Length: 4") {
			c.ReadBody(4)
		}
		if c.N == 0 {
			c.Write(okResponse)
			c.ReadHead()
			return
		}
		if strings.HasPrefix(head, "HEAD") {
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
		} else {
			c.Write(okResponse)
		}
		fine(c)
	})
}

// Only what can do no harm is sent again, once, and on a fresh connection.
func TestTrapNoRetry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method  string
		body    func() io.Reader
		header  string
		disable bool
		fails   bool
	}{
		{method: "GET"},
		{method: "HEAD"},
		{method: "DELETE"},
		{method: "PUT", body: func() io.Reader { return strings.NewReader("body") }},
		{method: "PUT", body: func() io.Reader { return io.MultiReader(strings.NewReader("body")) }, fails: true},
		{method: "POST", fails: true},
		{method: "PATCH", fails: true},
		{method: "POST", header: "Idempotency-Key"},
		{method: "GET", disable: true, fails: true},
	} {
		srv := staleServer(t)
		c := newConnector(t, connector.Config{DisableStaleRetry: test.disable})
		get(t, c, srv.URL())
		var body io.Reader
		if test.body != nil {
			body = test.body()
		}
		req := newRequest(t, t.Context(), test.method, srv.URL(), body)
		if test.header != "" {
			req.Header.Set(test.header, "1")
		}
		resp, err := c.RoundTrip(req)
		if err == nil {
			read(t, resp)
		}
		if (err != nil) != test.fails {
			t.Errorf("%+v: got %v", test, err)
		}
		if test.fails && !errors.Is(err, errors.ErrServerDisconnected) {
			t.Errorf("%+v: got %v, want ErrServerDisconnected", test, err)
		}
		want := uint64(1)
		if test.fails {
			want = 0
		}
		if got := c.Stats().Retried; got != want {
			t.Errorf("%+v: retried %d times, want %d", test, got, want)
		}
	}
}

// A fresh connection that fails is not a stale one.
func TestTrapNoRetryOnFresh(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead() })
	c := newConnector(t, connector.Config{})
	if _, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil)); !errors.Is(err, errors.ErrServerDisconnected) {
		t.Errorf("got %v", err)
	}
	if n := srv.Conns(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// A request that waits for its host must not hold a slot that others could use.
func TestTrapDoubleBlocking(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		for _, addr := range []string{"full:80", "free:80"} {
			ln, err := n.Listen(addr)
			if err != nil {
				t.Fatal(err)
			}
			wiretest.NewOn(t, ln, func(c *wiretest.Conn) {
				for {
					if _, ok := c.ReadHead(); !ok {
						return
					}
					if addr == "full:80" {
						c.Pause(time.Minute)
					}
					c.Write(okResponse)
				}
			})
		}
		c := newConnector(t, connector.Config{Limit: 3, LimitPerHost: 1, DialContext: n.DialContext})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { get(t, c, "http://full/") })
		}
		synctest.Wait()
		start := time.Now()
		get(t, c, "http://free/")
		if d := time.Since(start); d != 0 {
			t.Errorf("a request to a free host waited %v", d)
		}
		wg.Wait()
		c.Close()
	})
}

// http.Transport goes on dialing for a request that was cancelled.
func TestTrapDetachedDial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := false
		c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			ended = true
			return nil, os.ErrDeadlineExceeded // as a socket says it
		}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.RoundTrip(newRequest(t, ctx, "GET", "http://h/", nil))
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errors.ErrClient) {
			t.Errorf("got %v, want the caller's deadline and nothing else", err)
		}
		if !ended {
			t.Error("the dial goes on")
		}
		c.Close()
	})
}

// The limits of http.Transport count idle connections; a ClientConn of one that
// has MaxConnsPerHost panics when it is closed.
func TestTrapMaxConnsPerHost(t *testing.T) {
	t.Parallel()
	c := newConnector(t, connector.Config{Limit: 1, LimitPerHost: 1})
	for range 5 {
		srv := wiretest.New(t, fine)
		get(t, c, srv.URL())
	}
	if st := c.Stats(); st.Idle != 5 || st.InUse != 0 {
		t.Errorf("got %+v, want 5 idle connections that count for nothing", st)
	}
	c.CloseIdleConnections()
	if st := c.Stats(); st.Idle != 0 || st.Closed != 5 || st.Hosts != 0 {
		t.Errorf("after closing them: %+v", st)
	}
}

// net/http logs what a server says unasked, and a client that goes on would take
// it for the next response.
func TestTrapUnsolicited(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(os.Stderr)
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(okResponse)
		if c.N == 0 {
			c.AwaitProceed()
			c.Write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			c.Stall()
		}
		fine(c)
	})
	c := newConnector(t, connector.Config{})
	get(t, c, srv.URL())
	srv.Proceed()
	for deadline := time.Now().Add(5 * time.Second); c.Stats().Idle > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if got := get(t, c, srv.URL()); got != "ok" {
		t.Errorf("got %q", got)
	}
	if n := srv.Conns(); n != 2 {
		t.Errorf("%d connections, want a second one", n)
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", &logged)
	}
}

// An idle connection that the server closes is noticed, not kept.
func TestTrapDeadIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := serveMemory(t, func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write(okResponse)
			c.Pause(time.Second)
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext})
		get(t, c, "http://h/")
		if st := c.Stats(); st.Idle != 1 {
			t.Errorf("got %+v", st)
		}
		time.Sleep(2 * time.Second)
		if st := c.Stats(); st.Idle != 0 || st.Hosts != 0 || st.Closed != 1 {
			t.Errorf("after the server closed it: %+v", st)
		}
		c.Close()
	})
}

// readFromConn shows what reaches the ReadFrom of a connection.
type readFromConn struct {
	*net.TCPConn
	files *atomic.Int64
}

func (c *readFromConn) ReadFrom(r io.Reader) (int64, error) {
	if lr, ok := r.(*io.LimitedReader); ok {
		if _, ok := lr.R.(*os.File); ok {
			c.files.Add(1)
		}
	}
	return c.TCPConn.ReadFrom(r)
}

// The kernel sends a file only if nothing hides it: not the body's wrapper, and
// not the connection's.
func TestTrapSendfile(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, bytes.Repeat([]byte("0123456789abcdef"), size/16), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		if b, ok := c.ReadBody(size); !ok || !strings.HasPrefix(b, "0123456789abcdef") {
			return
		}
		c.Write(okResponse)
	})
	for kind, wrap := range map[string]func(*os.File) io.Reader{
		"file":      func(f *os.File) io.Reader { return f },
		"NopCloser": func(f *os.File) io.Reader { return io.NopCloser(f) },
	} {
		var files atomic.Int64
		c := newConnector(t, connector.Config{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &readFromConn{nc.(*net.TCPConn), &files}, nil
		}})
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		req := newRequest(t, t.Context(), "PUT", srv.URL(), wrap(f))
		req.ContentLength = size
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if got := read(t, resp); got != "ok" {
			t.Errorf("%s: got %q", kind, got)
		}
		if files.Load() == 0 {
			t.Errorf("%s: the file was copied", kind)
		}
	}
}

// Without a timeout for it, net/http does not wait for "100 Continue" at all.
func TestTrapExpect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var waited time.Duration
		n := serveMemory(t, func(c *wiretest.Conn) {
			c.ReadHead()
			asked := time.Now()
			c.Pause(time.Minute)
			c.Write("HTTP/1.1 100 Continue\r\n\r\n")
			c.ReadBody(4)
			waited = time.Since(asked)
			c.Write(okResponse)
			c.Stall()
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext})
		req := newRequest(t, t.Context(), "POST", "http://h/", strings.NewReader("body"))
		req.Header.Set("Expect", "100-continue")
		sent := time.Now()
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		if waited != time.Minute || time.Since(sent) != time.Minute {
			t.Errorf("the body came after %v", waited)
		}
		c.Close()
	})
}

// Interim responses come before the response, and the last one counts.
func TestTrapInterim(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"+okResponse))
	c := newConnector(t, connector.Config{})
	var seen []int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { seen = append(seen, code); return nil },
	})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); got != "ok" || len(seen) != 2 || seen[0] != 103 {
		t.Errorf("got %q after %v", got, seen)
	}
}

// A head that is too long is an error of its own, before memory is.
func TestTrapHeadTooLong(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 200 OK\r\n")
		for c.Write("X-Filler: " + strings.Repeat("y", 4000) + "\r\n") {
		}
	})
	c := newConnector(t, connector.Config{})
	_, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
	if !errors.Is(err, errors.ErrBadHTTPMessage) {
		t.Errorf("got %v", err)
	}
}

// Trailers are there once the body was read, announced or not.
func TestTrapTrailers(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, answer("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"+
		"2\r\nok\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"))
	c := newConnector(t, connector.Config{})
	resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); got != "ok" || resp.Trailer.Get("X-Sum") != "1" || resp.Trailer.Get("X-More") != "2" {
		t.Errorf("got %q with %v", got, resp.Trailer)
	}
	if st := c.Stats(); st.Idle != 1 {
		t.Errorf("the connection was not kept: %+v", st)
	}
}

func TestUnlimited(t *testing.T) {
	t.Parallel()
	c := newConnector(t, connector.Config{Limit: -1, LimitPerHost: -1, KeepAlive: -1, MaxConnAge: -1})
	srv := wiretest.New(t, fine)
	for range 3 {
		get(t, c, srv.URL())
	}
	if c.Limit() >= 0 || c.Limit() == math.MaxInt || srv.Conns() != 1 {
		t.Errorf("limit %d, %d connections", c.Limit(), srv.Conns())
	}
}
