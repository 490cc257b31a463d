package ws_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/wiretest"
	"github.com/aiolos-http/aiolos/ws"
)

// doerFunc is a Doer.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

func TestHandshakeRequest(t *testing.T) {
	t.Parallel()
	srv := serve(t, (*peer).echo)
	header := http.Header{"X-Token": {"a", "b"}, "User-Agent": {"me"}, "Connection": {"keep-alive, Upgrade"}, "Host": {"other.example"}}
	c := dialWith(t, client(t), strings.Replace(srv.URL(), "http", "ws", 1)+"/chat?room=1#part", &ws.Options{
		Protocols: []string{"v2", "v1"}, Origin: "https://example.com", Header: header,
	})
	head := srv.Requests()[0]
	for name, want := range map[string]string{
		"Host": "other.example", "Connection": "keep-alive, Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": "v2,v1", "Origin": "https://example.com",
		"User-Agent": "me", "X-Token": "a", "Sec-WebSocket-Extensions": "",
	} {
		if got := headerOf(head, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if !strings.HasPrefix(head, "GET /chat?room=1 HTTP/1.1\r\n") || len(headerOf(head, "Sec-WebSocket-Key")) != 24 {
		t.Errorf("got %q", head)
	}
	if strings.Count(head, "\r\nHost:") != 1 {
		t.Errorf("got %q", head)
	}
	if header.Get("Upgrade") != "" || len(header) != 4 {
		t.Errorf("the caller's header has changed: %v", header)
	}
	if c.Response().StatusCode != 101 || c.Response().Header.Get("Upgrade") != "websocket" {
		t.Errorf("got %v", c.Response())
	}
	if b, err := io.ReadAll(c.Response().Body); len(b) != 0 || err != nil {
		t.Errorf("got body %q, %v", b, err)
	}
	if c.RemoteAddr().String() != srv.Addr() || c.LocalAddr() == nil || c.TLS() != nil || c.Protocol() != "" || c.Compression() != nil {
		t.Errorf("got %v %v %v %q", c.LocalAddr(), c.RemoteAddr(), c.TLS(), c.Protocol())
	}
}

func TestMethod(t *testing.T) {
	t.Parallel()
	srv := serve(t, (*peer).echo)
	dial(t, srv, &ws.Options{Method: "POST"})
	if head := srv.Requests()[0]; !strings.HasPrefix(head, "POST / ") {
		t.Errorf("got %q", head)
	}
}

func TestProtocol(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{"v1": "v1", "v2": "v2", "": "", " v1\t": "v1"} {
		c := dial(t, serve(t, (*peer).echo, "Sec-WebSocket-Protocol: "+answer), &ws.Options{Protocols: []string{"v1", "v2"}})
		if got := c.Protocol(); got != want {
			t.Errorf("%q: got %q, want %q", answer, got, want)
		}
	}
}

// A subprotocol that was not offered fails the handshake, and the connection is closed.
// RFC 6455 4.1, item 6; 11.3.4: the field comes once; 1.9: names are compared as they are.
func TestProtocolNotOffered(t *testing.T) {
	t.Parallel()
	const field = "Sec-WebSocket-Protocol: "
	leaf := certs.For(t, certs.Options{})
	for _, tt := range []struct {
		name    string
		offered []string
		answer  []string
	}{
		{"nothing offered", nil, []string{field + "v1"}},
		{"another one", []string{"v1", "v2"}, []string{field + "v9"}},
		{"another case", []string{"v1"}, []string{field + "V1"}},
		{"a list with one of ours", []string{"v1"}, []string{field + "v9, v1"}},
		{"a list of ours", []string{"v1", "v2"}, []string{field + "v1, v2"}},
		{"the field twice", []string{"v1", "v2"}, []string{field + "v1", field + "v2"}},
		{"the same twice", []string{"v1"}, []string{field + "v1", field + "v1"}},
		{"the field's name without case", []string{"v1"}, []string{"sec-websocket-protocol: v3"}},
		{"a part of ours", []string{"chat.v1"}, []string{field + "chat"}},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(tt.name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				gone := make(chan bool, 1)
				script := func(c *wiretest.Conn) {
					p := &peer{c, t}
					if p.accept(tt.answer...) {
						_, ok := p.read()
						gone <- !ok
					}
				}
				doer, tr := client(t), &http.Transport{TLSClientConfig: leaf.Client()}
				srv := wiretest.New(t, script)
				if scheme == "https" {
					srv = wiretest.NewTLS(t, leaf.Server(), script)
					t.Cleanup(tr.CloseIdleConnections)
					doer = &http.Client{Transport: tr}
				}
				c, err := ws.Dial(within(t), doer, srv.URL(), &ws.Options{Protocols: tt.offered})
				if c != nil {
					c.CloseNow()
					t.Fatalf("got a Conn with protocol %q", c.Protocol())
				}
				refused, ok := errors.AsType[*errors.WSServerHandshakeError](err)
				if !ok || refused.Status != 101 || !strings.Contains(refused.Message, "subprotocol") || !errors.Is(err, errors.ErrWSServerHandshake) {
					t.Errorf("got %v", err)
				}
				if !<-gone {
					t.Error("the client sent something over the connection")
				}
			})
		}
	}
}

func TestRefusedHandshake(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	upgrade := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	for name, test := range map[string]struct {
		answer  string
		status  int
		message string
		body    string
	}{
		"401":             {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nwho", 401, "invalid response status", "who"},
		"200":             {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "invalid response status", "hello"},
		"302":             {"HTTP/1.1 300 Choose\r\nContent-Length: 0\r\n\r\n", 300, "invalid response status", ""},
		"a long body":     {"HTTP/1.1 500 No\r\nContent-Length: 5000\r\n\r\n" + long, 500, "invalid response status", long[:4096]},
		"no upgrade":      {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", 101, "invalid upgrade header", ""},
		"other upgrade":   {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 101, "invalid upgrade header", ""},
		"no connection":   {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", 101, "invalid connection header", ""},
		"notupgrade":      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: notupgrade\r\n\r\n", 101, "invalid connection header", ""},
		"wrong challenge": {upgrade + "Sec-WebSocket-Accept: bm9wZQ==\r\n\r\n", 101, "invalid challenge response", ""},
		"no challenge":    {upgrade + "\r\n", 101, "invalid challenge response", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				if _, ok := c.ReadHead(); ok && c.Write(test.answer) {
					c.Stall()
				}
			})
			c, err := ws.Dial(within(t), client(t), srv.URL()+"/p?key=canary", nil)
			if c != nil {
				t.Error("got a Conn and an error")
			}
			e, ok := errors.AsType[*errors.WSServerHandshakeError](err)
			if !ok {
				t.Fatalf("got %v, want a WSServerHandshakeError", err)
			}
			if e.Status != test.status || e.Message != test.message || string(e.Body) != test.body || e.Header == nil {
				t.Errorf("got %d %q %.20q", e.Status, e.Message, e.Body)
			}
			if !errors.Is(err, errors.ErrWSServerHandshake) || !errors.Is(err, errors.ErrClientResponse) {
				t.Errorf("got %v", err)
			}
			if text := err.Error(); strings.Contains(text, "canary") || !strings.HasPrefix(text, "get http://") {
				t.Errorf("got %q", text)
			}
		})
	}
}

// TestGoodHandshake has headers that look odd and are not.
func TestGoodHandshake(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		p := &peer{c, t}
		p.accept("Connection: foo, uPgRaDe", "Connection: bar")
		p.Write(text("early")) // in the same packet, perhaps
		p.echo()
	})
	c := dial(t, srv, nil)
	if m := receive(t, c, ws.Text); m.Text() != "early" {
		t.Errorf("got %q", m.Data)
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	never := doerFunc(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	for name, test := range map[string]struct {
		url  string
		opts ws.Options
		want error
	}{
		"scheme":            {"ftp://example.com/", ws.Options{}, errors.ErrNonHTTPURLClient},
		"no scheme":         {"example.com/", ws.Options{}, errors.ErrNonHTTPURLClient},
		"no host":           {"ws:///path", ws.Options{}, errors.ErrInvalidURL},
		"control character": {"ws://example.com/\n", ws.Options{}, errors.ErrInvalidURL},
		"escape":            {"ws://example%zz/", ws.Options{}, errors.ErrInvalidURL},
		"protocol":          {"ws://a/", ws.Options{Protocols: []string{"a b"}}, errors.ErrInvalidRequest},
		"empty protocol":    {"ws://a/", ws.Options{Protocols: []string{""}}, errors.ErrInvalidRequest},
		"protocol twice":    {"ws://a/", ws.Options{Protocols: []string{"a", "a"}}, errors.ErrInvalidRequest},
		"protocol injected": {"ws://a/", ws.Options{Protocols: []string{"a\r\nX: y"}}, errors.ErrInvalidRequest},
		"origin":            {"ws://a/", ws.Options{Origin: "a\nb"}, errors.ErrInvalidRequest},
		"header name":       {"ws://a/", ws.Options{Header: http.Header{"a b": {"x"}}}, errors.ErrInvalidRequest},
		"header value":      {"ws://a/", ws.Options{Header: http.Header{"A": {"x\r\nY: z"}}}, errors.ErrInvalidRequest},
		"key":               {"ws://a/", ws.Options{Header: http.Header{"sec-websocket-key": {"x"}}}, errors.ErrInvalidRequest},
		"extensions":        {"ws://a/", ws.Options{Header: http.Header{"Sec-WebSocket-Extensions": {"x"}}}, errors.ErrInvalidRequest},
		"protocol header":   {"ws://a/", ws.Options{Header: http.Header{"Sec-Websocket-Protocol": {"x"}}}, errors.ErrInvalidRequest},
		"method":            {"ws://a/", ws.Options{Method: "GET "}, errors.ErrInvalidRequest},
	} {
		c, err := ws.Dial(t.Context(), never, test.url, &test.opts)
		if c != nil || !errors.Is(err, test.want) || !errors.Is(err, errors.ErrInvalidRequest) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestDoerFails(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]error{"cancel": context.Canceled, "eof": io.EOF, "class": errors.ErrServerDisconnected} {
		_, err := ws.Dial(t.Context(), doerFunc(func(*http.Request) (*http.Response, error) { return nil, cause }), "ws://u:canary@example.com/?x=canary", nil)
		if !errors.Is(err, cause) || !errors.Is(err, errors.ErrClient) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// A body that cannot be written to: a middleware has wrapped it.
	wrapped := doerFunc(func(req *http.Request) (*http.Response, error) {
		resp := httptest.NewRecorder().Result()
		resp.StatusCode, resp.Request = 101, req
		resp.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"upgrade"}}
		resp.Body = io.NopCloser(strings.NewReader(""))
		return resp, nil
	})
	if _, err := ws.Dial(t.Context(), wrapped, "ws://example.com/", nil); !errors.Is(err, errors.ErrInvalidRequest) {
		t.Errorf("wrapped body: got %v", err)
	}
	_, err := ws.Dial(t.Context(), client(t), "ws://127.0.0.1:1/?x=canary", nil)
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("refused: got %v", err)
	}
}

// TestDialContext bounds the handshake, and only that.
func TestDialContext(t *testing.T) {
	t.Parallel()
	hanging := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := ws.Dial(ctx, client(t), hanging.URL(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	impatient := client(t)
	impatient.Timeout = 20 * time.Millisecond
	if _, err := ws.Dial(t.Context(), impatient, hanging.URL(), nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with http.Client.Timeout: got %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	srv := serve(t, (*peer).echo)
	patient := client(t)
	patient.Timeout = time.Minute
	c, err := ws.Dial(ctx, patient, srv.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(0, "")
	cancel()
	c.SendText(t.Context(), "alive")
	if m := receive(t, c, ws.Text); m.Text() != "alive" {
		t.Errorf("got %q", m.Data)
	}
}

// TestRefusalWithoutEnd has a body that never ends: only so much time is spent.
func TestRefusalWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body, w := io.Pipe()
		go io.WriteString(w, "no")
		start := time.Now()
		_, err := ws.Dial(t.Context(), doerFunc(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 403, Body: body, Request: req, Header: http.Header{}}, nil
		}), "ws://example.com/", nil)
		e, ok := errors.AsType[*errors.WSServerHandshakeError](err)
		if !ok || string(e.Body) != "no" || time.Since(start) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

// TestHandshakeNames: names have no case (RFC 9110 5.1), neither in the caller's header nor in
// the response of a doer.
func TestHandshakeNames(t *testing.T) {
	t.Parallel()
	srv := serve(t, (*peer).echo)
	doer := client(t)
	lower := doerFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := doer.Do(req)
		if err == nil {
			header := http.Header{}
			for name, values := range resp.Header {
				header[strings.ToLower(name)] = values
			}
			resp.Header = header
		}
		return resp, err
	})
	c := dialWith(t, lower, srv.URL(), &ws.Options{Header: http.Header{"host": {"other.example"}, "user-agent": {"me"}, "connection": {"keep-alive, Upgrade"}}})
	if err := c.SendText(t.Context(), "hi"); err != nil {
		t.Error(err)
	}
	head := srv.Requests()[0]
	for _, want := range []string{"\r\nHost: other.example\r\n", "\r\nUser-Agent: me\r\n", "\r\nConnection: keep-alive, Upgrade\r\n"} {
		name, _, _ := strings.Cut(want, ":")
		if !strings.Contains(head, want) || strings.Count(strings.ToLower(head), strings.ToLower(name)+":") != 1 {
			t.Errorf("got %q, want one %q", head, want)
		}
	}
}

// TestReceiveCause: a cause that wraps context.Canceled is kept.
func TestReceiveCause(t *testing.T) {
	t.Parallel()
	shutdown := errors.New("shutdown")
	c := dial(t, serve(t, (*peer).echo), nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.Join(shutdown, context.Canceled))
	if _, err := c.Receive(ctx); !errors.Is(err, shutdown) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestDialAsIs: what a URL must not hold is escaped, and its escapes stay.
func TestDialAsIs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"ws://h/100%?a=%zz":         "http://h/100%25?a=%25zz",
		"wss://h/a%2Fb c?sig=%2F#f": "https://h/a%2Fb%20c?sig=%2F",
	} {
		got := ""
		_, err := ws.Dial(t.Context(), doerFunc(func(req *http.Request) (*http.Response, error) {
			got = req.URL.String()
			return nil, io.EOF
		}), raw, nil)
		if got != want || err == nil {
			t.Errorf("%s: asked for %s, %v, want %s", raw, got, err, want)
		}
	}
}
