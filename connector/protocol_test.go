package connector_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

func expecting(t *testing.T, url string) *http.Request {
	t.Helper()
	req := newRequest(t, t.Context(), "POST", url, strings.NewReader("body"))
	req.Header.Set("Expect", "100-continue")
	return req
}

// TestExpectContinue: the body comes after the consent, and only then.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		if head, ok := c.ReadHead(); !ok || !strings.Contains(head, "Expect: 100-continue\r\n") {
			return
		}
		c.Write("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
		if body, ok := c.ReadBody(4); ok && body == "body" {
			c.Write(okResponse)
		}
		c.Stall()
	}
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		resp, err := c.RoundTrip(expecting(t, srv.URL()))
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "ok" {
			t.Errorf("got %q", got)
		}
	})
}

// TestExpectRefused: a final status in the place of the consent is the response,
// and no byte of the body is sent.
func TestExpectRefused(t *testing.T) {
	t.Parallel()
	for _, final := range []string{
		"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	} {
		over := make(chan struct{})
		script := func(c *wiretest.Conn) {
			c.ReadHead()
			c.Write(final)
			c.Stall()
			close(over)
		}
		srv := wiretest.New(t, script)
		c := newConnector(t, connector.Config{})
		req := expecting(t, srv.URL())
		req.Close = true // as a session does: the server may still wait for the body
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "ok" || resp.StatusCode == 100 {
			t.Errorf("got %d %q", resp.StatusCode, got)
		}
		wiretest.Receive(t, over)
		if _, sent, _ := strings.Cut(srv.Received(0), "\r\n\r\n"); sent != "" {
			t.Errorf("%.20s: %q was sent", final, sent)
		}
		if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
			t.Errorf("got %+v", st)
		}
	}
}

// TestExpectStall: no answer at all runs into the timeouts.
func TestExpectStall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		timeout connector.ClientTimeout
		body    string
		class   error
	}{
		"total":                {connector.ClientTimeout{Total: 5 * time.Second}, "body", errors.ErrTotalTimeout},
		"sock_read":            {connector.ClientTimeout{SockRead: 5 * time.Second}, "body", errors.ErrSocketTimeout},
		"sock_read, long body": {connector.ClientTimeout{SockRead: 5 * time.Second}, strings.Repeat("body", 1<<18), errors.ErrSocketTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				ln, err := n.Listen("h:80")
				if err != nil {
					t.Fatal(err)
				}
				srv := wiretest.NewOn(t, ln, func(c *wiretest.Conn) { c.ReadHead(); c.Stall() })
				c := newConnector(t, connector.Config{DialContext: n.DialContext, Timeout: test.timeout, ExpectContinueTimeout: -1})
				start := time.Now()
				req := newRequest(t, t.Context(), "POST", "http://h/", strings.NewReader(test.body))
				req.Header.Set("Expect", "100-continue")
				_, err = c.RoundTrip(req)
				if !errors.Is(err, test.class) || time.Since(start) != 5*time.Second {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				c.Close()
				synctest.Wait()
				if strings.HasSuffix(srv.Received(0), "body") {
					t.Error("the body was sent")
				}
			})
		})
	}
}

// TestExpectSlowUpload: sock_read runs before the consent and after the body, and
// not while the body is sent.
func TestExpectSlowUpload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		n := serveMemory(t, func(c *wiretest.Conn) {
			c.ReadHead()
			c.Pause(4 * time.Second)
			c.Write("HTTP/1.1 100 Continue\r\n\r\n")
			c.Pause(time.Minute)
			c.ReadBody(size)
			c.Pause(4 * time.Second)
			c.Write(okResponse)
			c.Stall()
		})
		c := newConnector(t, connector.Config{DialContext: n.DialContext, Timeout: connector.ClientTimeout{SockRead: 5 * time.Second}})
		req := newRequest(t, t.Context(), "POST", "http://h/", strings.NewReader(strings.Repeat("x", size)))
		req.Header.Set("Expect", "100-continue")
		start := time.Now()
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "ok" || time.Since(start) != 68*time.Second {
			t.Errorf("after %v: %q", time.Since(start), got)
		}
		c.Close()
	})
}

// TestHTTP10 is the request byte by byte.
func TestHTTP10(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("p", 20000)
	for name, test := range map[string]struct {
		method, path, body string
		closes             bool
		want               string // $ stands for the server
	}{
		"GET":   {method: "GET", path: "/a", want: "GET /a HTTP/1.0\r\nHost: $\r\nUser-Agent: u\r\nConnection: keep-alive\r\n\r\n"},
		"close": {method: "GET", path: "/a", closes: true, want: "GET /a HTTP/1.0\r\nHost: $\r\nUser-Agent: u\r\nConnection: close\r\n\r\n"},
		"POST": {
			method: "POST", path: "/", body: "x HTTP/1.1\r\n",
			want: "POST / HTTP/1.0\r\nHost: $\r\nUser-Agent: u\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\nx HTTP/1.1\r\n",
		},
		"long path": {method: "GET", path: "/" + long, want: "GET /" + long + " HTTP/1.0\r\nHost: $\r\nUser-Agent: u\r\nConnection: keep-alive\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script := func(c *wiretest.Conn) {
				for {
					if _, ok := c.ReadHead(); !ok {
						return
					}
					c.ReadBody(len(test.body))
					c.Write("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
				}
			}
			overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
				t.Helper()
				ctx := connector.WithSettings(t.Context(), connector.Settings{HTTP10: true})
				for range 2 {
					var body io.Reader
					if test.body != "" {
						body = strings.NewReader(test.body)
					}
					req := newRequest(t, ctx, test.method, srv.URL()+test.path, body)
					req.Header.Set("User-Agent", "u")
					req.Close = test.closes
					resp, err := c.RoundTrip(req)
					if err != nil {
						t.Fatal(err)
					}
					if got := read(t, resp); got != "ok" || req.Header.Get("Connection") != "" {
						t.Errorf("got %q", got)
					}
				}
				want := strings.ReplaceAll(test.want, "$", srv.Addr())
				conns := 2
				if !test.closes {
					conns, want = 1, want+want
				}
				if got := srv.Received(0); got != want || srv.Conns() != conns {
					t.Errorf("%d connections\ngot  %q\nwant %q", srv.Conns(), got, want)
				}
			})
		})
	}
}

// TestHTTP10Split: wherever the writes of a long request line end.
func TestHTTP10Split(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{})
	ctx := connector.WithSettings(t.Context(), connector.Settings{HTTP10: true})
	for n := 4060; n <= 4100; n++ {
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL()+"/"+strings.Repeat("p", n), nil))
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
	}
	for _, head := range srv.Requests() {
		line, _, _ := strings.Cut(head, "\n")
		if !strings.HasSuffix(line, "p HTTP/1.0\r") {
			t.Errorf("%d bytes: …%q", len(line), line[len(line)-20:])
		}
	}
}

// TestHTTP10UnknownLength has no way to be said, and is refused.
func TestHTTP10UnknownLength(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{})
	ctx := connector.WithSettings(t.Context(), connector.Settings{HTTP10: true})
	stream := newRequest(t, ctx, "POST", srv.URL(), io.MultiReader(strings.NewReader("a")))
	memory := newRequest(t, ctx, "POST", srv.URL(), nil)
	memory.Body = io.NopCloser(strings.NewReader("a"))
	chunked := newRequest(t, ctx, "POST", srv.URL(), strings.NewReader("a"))
	chunked.ContentLength = -1
	for _, req := range []*http.Request{stream, memory, chunked} {
		_, err := c.RoundTrip(req)
		if bad, ok := errors.AsType[*errors.InvalidRequestError](err); !ok || bad.Field != "Version" {
			t.Errorf("got %v", err)
		}
	}
	if srv.Conns() != 0 {
		t.Errorf("%d connections", srv.Conns())
	}
}

// TestReadUntilEOF: a response without a length ends with the connection, or, if
// that is not wanted, at once.
func TestReadUntilEOF(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 200 OK\r\n\r\nto the end")
	}
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		if got := get(t, c, srv.URL()); got != "to the end" {
			t.Errorf("got %q", got)
		}
		ctx := connector.WithSettings(t.Context(), connector.Settings{NotUntilEOF: true})
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		if st := c.Stats(); st.InUse != 0 || st.Idle != 0 {
			t.Errorf("before it was closed: %+v", st)
		}
		if got := read(t, resp); got != "" {
			t.Errorf("got %q", got)
		}
	})
	srv := wiretest.New(t, fine)
	c := newConnector(t, connector.Config{})
	ctx := connector.WithSettings(t.Context(), connector.Settings{NotUntilEOF: true})
	resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); got != "ok" || c.Stats().Idle != 1 {
		t.Errorf("with a length: got %q, %+v", got, c.Stats())
	}
}

// TestTrailersSent: a request's own come after its last chunk.
func TestTrailersSent(t *testing.T) {
	t.Parallel()
	raw := make(chan string, 2)
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		body, _ := c.ReadChunked()
		raw <- body
		c.Write(okResponse)
		c.Stall()
	}
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		req := newRequest(t, t.Context(), "POST", srv.URL(), io.MultiReader(strings.NewReader("body")))
		req.Trailer = http.Header{"X-Sum": nil}
		req.Body = &atEnd{req.Body, func() { req.Trailer.Set("X-Sum", "7") }}
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		if got := wiretest.Receive(t, raw); got != "4\r\nbody\r\n0\r\nX-Sum: 7\r\n\r\n" {
			t.Errorf("got %q", got)
		}
		if head := srv.Requests()[0]; !strings.Contains(head, "Trailer: X-Sum\r\n") {
			t.Errorf("got %q", head)
		}
	})
}

// atEnd does something when a body has been read.
type atEnd struct {
	io.ReadCloser
	do func()
}

func (b *atEnd) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.do()
	}
	return n, err
}

// TestEarlyHints reach the trace, and can end the request.
func TestEarlyHints(t *testing.T) {
	t.Parallel()
	errEnough := errors.New("enough")
	script := answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\n" + okResponse)
	overBoth(t, connector.Config{}, script, func(t *testing.T, c *connector.Connector, srv *wiretest.Server) {
		t.Helper()
		var links []string
		var end error
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code == 103 {
					links = h["Link"]
				}
				return end
			},
		})
		resp, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil))
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "ok" || strings.Join(links, " ") != "</a> </b>" {
			t.Errorf("got %q after %q", got, links)
		}
		end = errEnough
		c.CloseIdleConnections()
		if _, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil)); !errors.Is(err, errEnough) {
			t.Errorf("got %v", err)
		}
	})
}
