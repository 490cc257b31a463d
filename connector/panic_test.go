package connector_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// actingBody calls a function instead of giving anything.
type actingBody func()

func (f actingBody) Read([]byte) (int, error) { f(); return 0, io.EOF }
func (actingBody) Close() error               { return nil }

// culprit is who panics, or ends its goroutine.
type culprit struct {
	name string
	// set puts it into the request or the Config; act is what it does.
	set func(req *http.Request, cfg *connector.Config, act func()) *http.Request
	mux bool // with HTTP/2 it is called on the caller's goroutine, too
	tls bool // it needs TLS
}

func withTrace(act func(act func()) *httptrace.ClientTrace) func(*http.Request, *connector.Config, func()) *http.Request {
	return func(req *http.Request, _ *connector.Config, f func()) *http.Request {
		return req.WithContext(httptrace.WithClientTrace(req.Context(), act(f)))
	}
}

func withHooks(hooks func(act func()) *connector.Trace) func(*http.Request, *connector.Config, func()) *http.Request {
	return func(req *http.Request, _ *connector.Config, f func()) *http.Request {
		return req.WithContext(connector.WithSettings(req.Context(), connector.Settings{Trace: hooks(f)}))
	}
}

var culprits = []culprit{
	{name: "body", set: func(req *http.Request, _ *connector.Config, act func()) *http.Request {
		req.Method, req.Body, req.ContentLength = "POST", actingBody(act), -1
		return req
	}},
	{name: "DialContext", mux: true, set: func(req *http.Request, cfg *connector.Config, act func()) *http.Request {
		cfg.DialContext = func(context.Context, string, string) (net.Conn, error) {
			act()
			return nil, io.EOF
		}
		return req
	}},
	{name: "GetConn", mux: true, set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{GetConn: func(string) { act() }}
	})},
	{name: "GotConn", mux: true, set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { act() }}
	})},
	{name: "TLSHandshakeStart", mux: true, tls: true, set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{TLSHandshakeStart: act}
	})},
	{name: "TLSHandshakeDone", mux: true, tls: true, set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{TLSHandshakeDone: func(tls.ConnectionState, error) { act() }}
	})},
	{name: "WroteHeaders", set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{WroteHeaders: act}
	})},
	{name: "WroteRequest", set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { act() }}
	})},
	{name: "GotFirstResponseByte", set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{GotFirstResponseByte: act}
	})},
	{name: "Got1xxResponse", set: withTrace(func(act func()) *httptrace.ClientTrace {
		return &httptrace.ClientTrace{Got1xxResponse: func(int, textproto.MIMEHeader) error { act(); return nil }}
	})},
	{name: "CreateStart", mux: true, set: withHooks(func(act func()) *connector.Trace {
		return &connector.Trace{CreateStart: act}
	})},
	{name: "CreateEnd", mux: true, set: withHooks(func(act func()) *connector.Trace {
		return &connector.Trace{CreateEnd: act}
	})},
}

// hinting answers with a 103 before each response.
func hinting(c *wiretest.Conn) {
	for {
		head, ok := c.ReadHead()
		if !ok {
			return
		}
		if strings.Contains(head, "chunked") {
			if _, ok := c.ReadChunkedBody(); !ok {
				return
			}
		}
		c.Write("HTTP/1.1 103 E\r\n\r\n" + okResponse)
	}
}

// Whoever panics, or ends the goroutine, the pool is right afterwards: no slot is in use,
// and what connections there are can be used. With HTTP/2 that goes for what is called on
// the caller's goroutine; the rest is called on net/http's own, where a panic ends the
// program.
func TestPanics(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for _, protocol := range []string{"plain", "TLS", "HTTP/2"} {
		for _, who := range culprits {
			if protocol == "HTTP/2" && !who.mux || protocol == "plain" && who.tls {
				continue
			}
			for how, act := range map[string]func(){"panic": func() { panic("mine") }, "Goexit": runtime.Goexit} {
				t.Run(protocol+"/"+who.name+"/"+how, func(t *testing.T) {
					t.Parallel()
					var url string
					cfg := connector.Config{Limit: 1, TLS: leaf.Client()}
					switch protocol {
					case "plain":
						url = wiretest.New(t, hinting).URL()
					case "TLS":
						url = wiretest.NewTLS(t, leaf.Server(), hinting).URL()
					case "HTTP/2":
						srv := newH2Server(t, h2Options{}, proto)
						url, cfg.TLS = srv.url, srv.client
					}
					testPanic(t, who, cfg, url, act, how == "panic")
				})
			}
		}
	}
}

func testPanic(t *testing.T, who culprit, cfg connector.Config, url string, act func(), panics bool) {
	t.Helper()
	req := who.set(newRequest(t, t.Context(), "GET", url, nil), &cfg, act)
	dial := cfg.DialContext
	first := true
	if dial != nil {
		cfg.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if first {
				first = false
				return dial(ctx, network, addr)
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	}
	c := newConnector(t, cfg)
	var calling sync.WaitGroup
	calling.Go(func() {
		defer func() {
			if got := recover(); (got != nil) != panics {
				t.Errorf("the panic: %v", got)
			}
		}()
		resp, err := c.RoundTrip(req)
		if who.name == "body" && !panics && err != nil {
			return
		}
		t.Errorf("it returned: %v, %v", resp, err)
	})
	calling.Wait()
	if s := c.Stats(); s.InUse != 0 || s.Waiting != 0 {
		t.Errorf("afterwards: %+v", s)
	}
	for range 2 {
		get(t, c, url)
	}
	if s := c.Stats(); s.InUse != 0 || s.Idle != 1 {
		t.Errorf("in the end: %+v", s)
	}
}

// closingConn tells when it is closed.
type closingConn struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
}

func (c *closingConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// dialClosing makes a connection that cannot be looked at.
func dialClosing(made **closingConn) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		*made = &closingConn{Conn: nc, closed: make(chan struct{})}
		return *made, nil
	}
}

func panicking(t *testing.T, c *connector.Connector, req *http.Request) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	resp, err := c.RoundTrip(req)
	t.Errorf("got %v, %v", resp, err)
}

// A socket whose handshake a hook breaks off is closed.
func TestPanicInHandshake(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	srv := wiretest.NewTLS(t, leaf.Server(), fine)
	for name, trace := range map[string]*httptrace.ClientTrace{
		"start": {TLSHandshakeStart: func() { panic("mine") }},
		"done":  {TLSHandshakeDone: func(tls.ConnectionState, error) { panic("mine") }},
	} {
		var made *closingConn
		c := newConnector(t, connector.Config{TLS: leaf.Client(), DialContext: dialClosing(&made)})
		panicking(t, c, newRequest(t, httptrace.WithClientTrace(t.Context(), trace), "GET", srv.URL(), nil))
		select {
		case <-made.closed:
		default:
			t.Errorf("%s: the socket is open", name)
		}
	}
}

// A connection that was made and not used, because a hook has panicked, is idle like any
// other: that the server closes it is noticed.
func TestPanicBeforeFirstUse(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	srv := wiretest.New(t, func(*wiretest.Conn) { <-end })
	var made *closingConn
	c := newConnector(t, connector.Config{DialContext: dialClosing(&made), KeepAlive: -1})
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { panic("mine") }}
	panicking(t, c, newRequest(t, httptrace.WithClientTrace(t.Context(), trace), "GET", srv.URL(), nil))
	if s := c.Stats(); s.Idle != 1 {
		t.Errorf("got %+v", s)
	}
	close(end)
	waitFor(t, "the end of the idle connection", func() bool { return c.Stats().Idle == 0 })
}

// The same for what is called between two attempts, or for a connection that is there.
func TestPanicsOnTheWayToAnother(t *testing.T) {
	t.Parallel()
	for how, act := range map[string]func(){"panic": func() { panic("mine") }, "Goexit": runtime.Goexit} {
		for name, set := range map[string]func(*http.Request) *http.Request{
			"GetBody": func(req *http.Request) *http.Request {
				req.GetBody = func() (io.ReadCloser, error) { act(); return nil, io.EOF }
				return req
			},
			"Retried": func(req *http.Request) *http.Request {
				return withHooks(func(act func()) *connector.Trace { return &connector.Trace{Retried: act} })(req, nil, act)
			},
			"Reused": func(req *http.Request) *http.Request {
				return withHooks(func(act func()) *connector.Trace { return &connector.Trace{Reused: act} })(req, nil, act)
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				srv := staleServer(t)
				c := newConnector(t, connector.Config{Limit: 1})
				get(t, c, srv.URL())
				req := set(newRequest(t, t.Context(), "PUT", srv.URL(), strings.NewReader("body")))
				var calling sync.WaitGroup
				calling.Go(func() {
					defer func() {
						if got := recover(); (got != nil) != (how == "panic") {
							t.Errorf("the panic: %v", got)
						}
					}()
					resp, err := c.RoundTrip(req)
					t.Errorf("it returned: %v, %v", resp, err)
				})
				calling.Wait()
				if s := c.Stats(); s.InUse != 0 || s.Waiting != 0 {
					t.Errorf("afterwards: %+v", s)
				}
				get(t, c, srv.URL())
			})
		}
	}
}
