package connector_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// overHTTP1 runs a test over http and over https with HTTP/1.1, against a script on sockets.
func overHTTP1(t *testing.T, script func(*wiretest.Conn), test func(t *testing.T, url string, cfg connector.Config)) {
	t.Helper()
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		test(t, wiretest.New(t, script).URL(), connector.Config{})
	})
	t.Run("https", func(t *testing.T) {
		t.Parallel()
		leaf := certs.For(t, certs.Options{})
		srv := wiretest.NewTLS(t, leaf.Server(), script)
		test(t, srv.URL(), connector.Config{TLS: leaf.Client()})
	})
}

// TestUnaskedUpgrade: a 101 that nobody has asked for is no answer, and no way around the
// timeouts (RFC 9110 7.8).
func TestUnaskedUpgrade(t *testing.T) {
	t.Parallel()
	overHTTP1(t, answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), func(t *testing.T, url string, cfg connector.Config) {
		c := newConnector(t, cfg)
		for _, header := range []http.Header{{}, {"Upgrade": {"x"}}, {"Connection": {"keep-alive"}}} {
			req := newRequest(t, t.Context(), "GET", url, nil)
			req.Header = header
			_, err := c.RoundTrip(req)
			if !errors.Is(err, errors.ErrBadHTTPMessage) || strings.Contains(err.Error(), " 400") {
				t.Errorf("%v: got %v", header, err)
			}
		}
		if st := c.Stats(); st.InUse+st.Idle != 0 || st.Opened != 3 {
			t.Errorf("%+v", st)
		}
	})
}

// TestNamesHaveNoCase: what a caller writes in other letters counts (RFC 9110 5.1).
func TestNamesHaveNoCase(t *testing.T) {
	t.Parallel()
	upgrade := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello"
	t.Run("upgrade", func(t *testing.T) {
		t.Parallel()
		overHTTP1(t, answer(upgrade), func(t *testing.T, url string, cfg connector.Config) {
			c := newConnector(t, cfg)
			req := newRequest(t, t.Context(), "GET", url, nil)
			req.Header = http.Header{"upgrade": {"x"}, "connection": {"Upgrade"}}
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "hello" {
				t.Errorf("got %q, %v", b, err)
			}
		})
	})
	t.Run("connection", func(t *testing.T) {
		t.Parallel()
		overHTTP1(t, fine, func(t *testing.T, url string, cfg connector.Config) {
			c := newConnector(t, cfg)
			req := newRequest(t, t.Context(), "GET", url, nil)
			req.Header = http.Header{"connection": {"close"}}
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
			if st := c.Stats(); st.Idle != 0 {
				t.Errorf("it was kept: %+v", st)
			}
		})
	})
	for _, name := range []string{"idempotency-key", "x-idempotency-key", "X-Idempotency-Key"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			overHTTP1(t, diesAfterFirst(), func(t *testing.T, url string, cfg connector.Config) {
				c := newConnector(t, cfg)
				get(t, c, url)
				req := newRequest(t, t.Context(), "POST", url, strings.NewReader("once"))
				req.Header[name] = []string{"k"}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if got := read(t, resp); got != "ok" || c.Stats().Retried != 1 {
					t.Errorf("got %q, %+v", got, c.Stats())
				}
			})
		})
	}
}

// diesAfterFirst answers one request on its first connection, and takes a second one, of
// which nothing comes.
func diesAfterFirst() func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		if c.N > 0 {
			c.ReadHead()
			c.ReadBody(4)
			c.Write(okResponse)
			c.Stall()
			return
		}
		c.ReadHead()
		c.Write(okResponse)
		c.ReadHead()
	}
}

// TestIdleTimeoutAnswer: a 408 that closes, on a connection that has served before, is not the
// answer to a request.
func TestIdleTimeoutAnswer(t *testing.T) {
	t.Parallel()
	timeout := "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	script := func(c *wiretest.Conn) {
		for i := 0; ; i++ {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			if c.N%2 == 0 && i > 0 {
				c.Write(timeout)
				return
			}
			c.Write(okResponse)
		}
	}
	overHTTP1(t, script, func(t *testing.T, url string, cfg connector.Config) {
		c := newConnector(t, cfg)
		get(t, c, url)
		if got := get(t, c, url); got != "ok" { // sent again
			t.Errorf("got %q", got)
		}
		c.CloseIdleConnections()
		get(t, c, url)
		_, err := c.RoundTrip(newRequest(t, t.Context(), "POST", url, nil))
		if !errors.Is(err, errors.ErrServerDisconnected) {
			t.Errorf("a POST: got %v", err)
		}
	})
	t.Run("of a first request", func(t *testing.T) {
		t.Parallel()
		srv := wiretest.New(t, answer(timeout))
		resp, err := newConnector(t, connector.Config{}).RoundTrip(newRequest(t, t.Context(), "GET", srv.URL(), nil))
		if err != nil || resp.StatusCode != 408 {
			t.Fatalf("got %v, %v", resp, err)
		}
	})
}

// TestEarlyRefusalDeliveredInFull: a server that reads 1 MiB of 32, answers 413 and closes: the
// answer is there although sending has failed (RFC 9112 9.5).
func TestEarlyRefusalDeliveredInFull(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		c.ReadBody(1 << 20)
		c.Write("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
		c.CloseWrite()
	}
	overHTTP1(t, script, func(t *testing.T, url string, cfg connector.Config) {
		c := newConnector(t, cfg)
		const size = 32 << 20
		for i := range racetest.Count(50, 15) {
			req := newRequest(t, t.Context(), "POST", url, io.LimitReader(zeroReader{}, size))
			req.ContentLength = size
			resp, err := c.RoundTrip(req)
			if err != nil {
				t.Fatalf("%d: %v", i, err)
			}
			if got := read(t, resp); resp.StatusCode != 413 || got != "big" {
				t.Fatalf("%d: got %d %q", i, resp.StatusCode, got)
			}
		}
	})
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestAbsoluteTarget: through a proxy that passes requests on, the target has the URL's
// authority, whatever Host says (RFC 9112 3.2.2).
func TestAbsoluteTarget(t *testing.T) {
	t.Parallel()
	heads := make(chan string, 1)
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		for {
			head, ok := c.ReadHead()
			if !ok {
				return
			}
			heads <- head
			c.Write(okResponse)
		}
	})
	c := newConnector(t, connector.Config{Proxy: srv.URL()})
	for _, tt := range []struct{ url, host, target, hostLine string }{
		{"http://192.0.2.1:8081/p", "virtual.example", "http://192.0.2.1:8081/p", "virtual.example"},
		{"http://192.0.2.1:8081/p?q=1#f", "", "http://192.0.2.1:8081/p?q=1", "192.0.2.1:8081"},
		{"http://[2001:db8::1%25eth0]:81/a%2fb?", "v", "http://[2001:db8::1]:81/a%2fb?", "v"},
		{"http://u:p@h.example", "v.example:82", "http://h.example/", "v.example:82"},
		{"http://bücher.example/x", "v", "http://xn--bcher-kva.example/x", "v"},
	} {
		req := newRequest(t, t.Context(), "GET", tt.url, nil)
		if tt.host != "" {
			req.Host = tt.host
		}
		resp, err := c.RoundTrip(req)
		if err != nil {
			t.Errorf("%s: %v", tt.url, err)
			continue
		}
		read(t, resp)
		head := wiretest.Receive(t, heads)
		if !strings.HasPrefix(head, "GET "+tt.target+" HTTP/1.1\r\nHost: "+tt.hostLine+"\r\n") {
			t.Errorf("%s: got %.120q", tt.url, head)
		}
	}
}

// TestExpectTimeout: a server that waits for the body and never asks for it gets it after
// Config.ExpectContinueTimeout (RFC 9110 10.1.1).
func TestExpectTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ set, want time.Duration }{{0, time.Second}, {3 * time.Second, 3 * time.Second}} {
		for _, mux := range []bool{false, true} {
			for _, body := range []io.Reader{strings.NewReader("body"), io.MultiReader(strings.NewReader("body"))} {
				t.Run(fmt.Sprintf("%v, HTTP/2 %v, %T", tt.set, mux, body), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						url, c := expectServer(t, mux, tt.set)
						req := newRequest(t, t.Context(), "PUT", url, body)
						req.Header.Set("Expect", "100-continue")
						start := time.Now()
						resp, err := c.RoundTrip(req)
						if err != nil {
							t.Fatal(err)
						}
						if got := read(t, resp); got != "ok" || time.Since(start) != tt.want {
							t.Errorf("got %q after %v", got, time.Since(start))
						}
					})
				})
			}
		}
	}
}

// expectServer reads the whole request before it says anything.
func expectServer(t *testing.T, mux bool, wait time.Duration) (url string, c *connector.Connector) {
	t.Helper()
	if mux {
		_, c, n := h2Memory(t, connector.Config{ExpectContinueTimeout: wait}, nil)
		_ = c
		ln, err := n.Listen("script:443")
		if err != nil {
			t.Fatal(err)
		}
		leaf := certs.For(t, certs.Options{Names: []string{"script"}, Now: time.Now()})
		server := leaf.Server()
		server.NextProtos = []string{"h2"}
		wiretest.NewTLSOn(t, ln, server, func(w *wiretest.Conn) {
			if preface, ok := w.ReadBody(len(http2.ClientPreface)); !ok || preface != http2.ClientPreface {
				return
			}
			f := newFrames(w)
			f.WriteSettings()
			id := f.request()
			f.whole()
			f.ok(id)
			f.fine()
		})
		return "https://script", newConnector(t, connector.Config{ExpectContinueTimeout: wait, TLS: leaf.Client(), DialContext: n.DialContext})
	}
	n := serveMemory(t, func(w *wiretest.Conn) {
		head, ok := w.ReadHead()
		if !ok {
			return
		}
		if strings.Contains(head, "chunked") {
			w.ReadChunked()
		} else {
			w.ReadBody(4)
		}
		w.Write(okResponse)
		w.Stall()
	})
	return "http://h", newConnector(t, connector.Config{ExpectContinueTimeout: wait, DialContext: n.DialContext})
}

// TestExpectRefusedExactly: after a final status no byte of the body is sent, and the connection is
// closed; after a 100 it is kept.
func TestExpectRefusedExactly(t *testing.T) {
	t.Parallel()
	for _, refuse := range []bool{true, false} {
		t.Run(fmt.Sprint(refuse), func(t *testing.T) {
			t.Parallel()
			received := make(chan string, 2)
			srv := func(c *wiretest.Conn) {
				c.ReadHead()
				if refuse {
					c.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
				} else {
					c.Write("HTTP/1.1 100 Continue\r\n\r\n")
				}
				b, _ := c.ReadBody(4)
				received <- b
				if !refuse {
					c.Write(okResponse)
					c.Stall()
				}
			}
			overHTTP1(t, srv, func(t *testing.T, url string, cfg connector.Config) {
				c := newConnector(t, cfg)
				req := newRequest(t, t.Context(), "POST", url, strings.NewReader("body"))
				req.Header["expect"] = []string{"100-continue"}
				resp, err := c.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				read(t, resp)
				if got := wiretest.Receive(t, received); got != "" == refuse {
					t.Errorf("the server got %q", got)
				}
				if idle := c.Stats().Idle; idle == 1 == refuse {
					t.Errorf("%d idle", idle)
				}
			})
		})
	}
}

// TestExpectRefusedSlowly: the body of the final response comes a moment after its head, which
// has ended the sending.
func TestExpectRefusedSlowly(t *testing.T) {
	t.Parallel()
	script := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\n")
		c.Pause(50 * time.Millisecond)
		c.Write("no")
		c.Stall()
	}
	overHTTP1(t, script, func(t *testing.T, url string, cfg connector.Config) {
		req := newRequest(t, t.Context(), "POST", url, strings.NewReader("body"))
		req.Header.Set("Expect", "100-continue")
		resp, err := newConnector(t, cfg).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got != "no" {
			t.Errorf("got %q", got)
		}
	})
}

// TestRefusedForAWhile: a server that refuses streams is asked again, with time in between and
// without a slot, as long as the deadline allows.
func TestRefusedForAWhile(t *testing.T) {
	t.Parallel()
	const refusals, attempts = 5, 9
	var ever atomic.Bool
	var asked atomic.Int32
	srv, cfg := h2Script(t, func(f *frames) {
		for id := f.request(); id != 0; id = f.request() {
			f.whole()
			if asked.Add(1) <= refusals || ever.Load() {
				f.WriteRSTStream(id, http2.ErrCodeRefusedStream)
				continue
			}
			f.ok(id)
		}
	})
	c := newConnector(t, cfg)
	req := newRequest(t, t.Context(), "POST", srv.URL(), strings.NewReader("body"))
	resp, err := c.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, resp); got != "ok" || asked.Load() != refusals+1 {
		t.Errorf("got %q after %d", got, asked.Load())
	}
	ever.Store(true)
	asked.Store(0)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.RoundTrip(newRequest(t, ctx, "GET", srv.URL(), nil)); !errors.Is(err, context.DeadlineExceeded) || asked.Load() >= attempts {
		t.Errorf("got %v after %d", err, asked.Load())
	}
	asked.Store(0)
	stop := make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() { close(stop) })
	req = newRequest(t, t.Context(), "GET", srv.URL(), nil)
	req.Cancel = stop //nolint:staticcheck // that is the test
	if _, err := c.RoundTrip(req); !errors.Is(err, context.Canceled) || asked.Load() >= attempts {
		t.Errorf("Request.Cancel: got %v after %d", err, asked.Load())
	}
}

// TestBadHeadExplained: what was wrong with a head, and of which request, and no status that
// nobody has sent.
func TestBadHeadExplained(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"HTTP/5.6 200 OK\r\n\r\n": "",
		"garbage\r\n\r\n":         "",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n":          "8190",
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 200) + "\r\n":           "128",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n":        "content-length",
		"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n":                             "",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\nx": "transfer-encoding",
	} {
		t.Run(fmt.Sprintf("%.24q", head), func(t *testing.T) {
			t.Parallel()
			overHTTP1(t, answer(head), func(t *testing.T, url string, cfg connector.Config) {
				_, err := newConnector(t, cfg).RoundTrip(newRequest(t, t.Context(), "GET", url+"/path", nil))
				bad, ok := errors.AsType[*errors.BadHTTPMessageError](err)
				if !ok {
					t.Fatalf("got %v", err)
				}
				if bad.RequestInfo.URL == nil || bad.RequestInfo.URL.Path != "/path" || bad.RequestInfo.Method != "GET" {
					t.Errorf("RequestInfo is %+v", bad.RequestInfo)
				}
				text := err.Error()
				if strings.Contains(text, " 400") || strings.Contains(text, "\n") {
					t.Errorf("it says %q", text)
				}
				if !strings.Contains(text, want) || strings.Contains(text, "net/http") {
					t.Errorf("it says %q, want %q", text, want)
				}
			})
		})
	}
}

// TestEqualLengths are one (RFC 9110 8.6).
func TestEqualLengths(t *testing.T) {
	t.Parallel()
	overHTTP1(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"), func(t *testing.T, url string, cfg connector.Config) {
		if got := get(t, newConnector(t, cfg), url); got != "ok" {
			t.Errorf("got %q", got)
		}
	})
}

// TestCutHeadExplained in one plain clause.
func TestCutHeadExplained(t *testing.T) {
	t.Parallel()
	cut := func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write("HTTP/1.1 200 OK\r\nContent-")
		c.CloseWrite()
	}
	overHTTP1(t, cut, func(t *testing.T, url string, cfg connector.Config) {
		_, err := newConnector(t, cfg).RoundTrip(newRequest(t, t.Context(), "GET", url, nil))
		if !errors.Is(err, errors.ErrServerDisconnected) || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("got %v", err)
		}
		if text := err.Error(); strings.Contains(text, "malformed") || strings.Contains(text, "net/http") || !strings.Contains(text, "25 bytes") {
			t.Errorf("it says %q", text)
		}
	})
}

// TestCauseIsKept also if it wraps context.Canceled.
func TestCauseIsKept(t *testing.T) {
	t.Parallel()
	errShutdown := errors.New("shutdown")
	overHTTP1(t, answer(""), func(t *testing.T, url string, cfg connector.Config) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(20*time.Millisecond, func() { cancel(fmt.Errorf("%w: %w", errShutdown, context.Canceled)) })
		_, err := newConnector(t, cfg).RoundTrip(newRequest(t, ctx, "GET", url, nil))
		if !errors.Is(err, errShutdown) || !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// TestQueueExplained: who ran out of time in the queue learns what held it up.
func TestQueueExplained(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg  connector.Config
		want string
	}{
		"total":    {connector.Config{Limit: 2}, "2 of 2 in use, 2 by responses that nobody has read to their end or closed"},
		"per host": {connector.Config{LimitPerHost: 2}, "2 of 2 to h:80 in use; 2 responses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := serveMemory(t, answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"))
				tt.cfg.DialContext, tt.cfg.Timeout.Connect = n.DialContext, time.Second
				c := newConnector(t, tt.cfg)
				var bodies []io.Closer
				for range 2 {
					resp, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h", nil))
					if err != nil {
						t.Fatal(err)
					}
					bodies = append(bodies, resp.Body)
				}
				_, err := c.RoundTrip(newRequest(t, t.Context(), "GET", "http://h", nil))
				if !errors.Is(err, errors.ErrConnectionTimeout) || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v", err)
				}
				if st := c.Stats(); st.InUse != 2 || st.Unread != 2 {
					t.Errorf("%+v", st)
				}
				for _, b := range bodies {
					b.Close()
				}
				if st := c.Stats(); st.InUse != 0 || st.Unread != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}
