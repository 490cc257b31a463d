package wiretest_test

import (
	"crypto/tls"
	stderrors "errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// network is one of those that a server can be on.
type network struct {
	name  string
	start func(t testing.TB, script func(*wiretest.Conn)) (*wiretest.Server, func() (net.Conn, error))
}

func networks(t *testing.T) []network {
	t.Helper()
	leaf := certs.For(t, certs.Options{})
	serverTLS, clientTLS := leaf.Server(), leaf.Client()
	clientTLS.ServerName = "localhost"
	dialTLS := func(dial func() (net.Conn, error)) func() (net.Conn, error) {
		return func() (net.Conn, error) {
			nc, err := dial()
			if err != nil {
				return nil, err
			}
			c := tls.Client(nc, clientTLS)
			return c, c.HandshakeContext(t.Context())
		}
	}
	tcp := func(srv *wiretest.Server) func() (net.Conn, error) {
		return func() (net.Conn, error) { return new(net.Dialer).DialContext(t.Context(), "tcp", srv.Addr()) }
	}
	mem := func(t testing.TB) (net.Listener, func() (net.Conn, error)) {
		n := memnet.New()
		ln, err := n.Listen("host:80")
		if err != nil {
			t.Fatal(err)
		}
		return ln, func() (net.Conn, error) { return n.DialContext(t.Context(), "tcp", "host:80") }
	}
	type script = func(*wiretest.Conn)
	type dial = func() (net.Conn, error)
	return []network{
		{"tcp", func(t testing.TB, f script) (*wiretest.Server, dial) {
			srv := wiretest.New(t, f)
			return srv, tcp(srv)
		}},
		{"tls", func(t testing.TB, f script) (*wiretest.Server, dial) {
			srv := wiretest.NewTLS(t, serverTLS, f)
			return srv, dialTLS(tcp(srv))
		}},
		{"memory", func(t testing.TB, f script) (*wiretest.Server, dial) {
			ln, dial := mem(t)
			return wiretest.NewOn(t, ln, f), dial
		}},
		{"memory, tls", func(t testing.TB, f script) (*wiretest.Server, dial) {
			ln, dial := mem(t)
			return wiretest.NewTLSOn(t, ln, serverTLS, f), dialTLS(dial)
		}},
	}
}

// TestScripts runs each script on each network, against a client that sends and
// then reads to the end.
func TestScripts(t *testing.T) {
	t.Parallel()
	const get = "GET /a?b HTTP/1.1\r\nHost: h\r\nx-odd:  1\r\n\r\n"
	cases := []struct {
		name, send string
		script     func(c *wiretest.Conn)
		want       string
		wantErr    error
	}{
		{
			name: "exact head", send: get,
			script: func(c *wiretest.Conn) { head, ok := c.ReadHead(); c.Write(fmt.Sprintf("%q %v", head, ok)) },
			want:   fmt.Sprintf("%q true", get),
		},
		{
			name: "body", send: "abcdef",
			script: func(c *wiretest.Conn) { body, ok := c.ReadBody(5); c.Write(fmt.Sprint(body, ok)) },
			want:   "abcdetrue",
		},
		{
			name: "chunks", send: "3;x=y\r\nabc\r\n5\r\n0\r\n\r\n\r\n0\r\nT: 1\r\n\r\nrest",
			script: func(c *wiretest.Conn) {
				body, ok := c.ReadChunkedBody()
				rest, _ := c.ReadBody(4)
				c.Write(fmt.Sprintf("%q %v %s", body, ok, rest))
			},
			want: `"abc0\r\n\r\n" true rest`,
		},
		{
			name: "raw chunks", send: "a\r\n0123456789\r\n0\r\nT: 1\r\n\r\nrest",
			script: func(c *wiretest.Conn) { raw, ok := c.ReadChunked(); c.Write(fmt.Sprintf("%q %v", raw, ok)) },
			want:   `"a\r\n0123456789\r\n0\r\nT: 1\r\n\r\n" true`,
		},
		{
			name: "request", send: "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc",
			script: func(c *wiretest.Conn) {
				r := c.ReadRequest()
				c.Write(fmt.Sprint(r.Method, r.Target, r.Proto, r.Host, r.Header["Content-Length"], r.Body))
			},
			want: "POST/pHTTP/1.1h[3]abc",
		},
		{
			name: "chunked request", send: "PUT /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
			script: func(c *wiretest.Conn) { c.Write(c.ReadRequest().Body) },
			want:   "ab",
		},
		{
			name: "slowly", send: get,
			script: func(c *wiretest.Conn) { c.ReadRequest(); c.WriteSlow("0123456789", 3, time.Millisecond) },
			want:   "0123456789",
		},
		{
			name: "half-closed", send: get,
			script: func(c *wiretest.Conn) { c.ReadRequest(); c.Write("half"); c.CloseWrite(); c.Stall() },
			want:   "half",
		},
		{
			name: "reset", send: get,
			script:  func(c *wiretest.Conn) { c.ReadRequest(); c.Write("half"); c.Reset() },
			want:    "half",
			wantErr: syscall.ECONNRESET,
		},
		{name: "closed at once", script: func(*wiretest.Conn) {}},
	}
	for _, n := range networks(t) {
		for _, tt := range cases {
			t.Run(n.name+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				_, dial := n.start(t, tt.script)
				c, err := dial()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				io.WriteString(c, tt.send)
				got, err := io.ReadAll(c)
				if string(got) != tt.want || !stderrors.Is(err, tt.wantErr) {
					t.Errorf("got %q, %v; want %q, %v", got, err, tt.want, tt.wantErr)
				}
			})
		}
	}
}

// A client that goes away ends every method, and fails no test.
func TestClientGone(t *testing.T) {
	t.Parallel()
	methods := map[string]func(c *wiretest.Conn) bool{
		"ReadHead":    func(c *wiretest.Conn) bool { head, ok := c.ReadHead(); return ok || head != "GET" },
		"ReadBody":    func(c *wiretest.Conn) bool { body, ok := c.ReadBody(9); return ok || body != "GET" },
		"ReadChunked": func(c *wiretest.Conn) bool { _, ok := c.ReadChunkedBody(); return ok },
		"ReadRequest": func(c *wiretest.Conn) bool { c.ReadRequest(); return true },
		"Stall":       func(c *wiretest.Conn) bool { c.Stall(); return false },
		"Write": func(c *wiretest.Conn) bool {
			c.Stall()
			for c.Write(strings.Repeat("x", 1<<20)) {
			}
			return false
		},
		"WriteSlow": func(c *wiretest.Conn) bool {
			c.Stall()
			return c.WriteSlow(strings.Repeat("x", 1000), 1, time.Microsecond)
		},
	}
	for _, n := range networks(t) {
		for name, method := range methods {
			t.Run(n.name+", "+name, func(t *testing.T) {
				t.Parallel()
				ended := make(chan bool, 1)
				_, dial := n.start(t, func(c *wiretest.Conn) {
					ok := false
					defer func() { ended <- ok }()
					ok = method(c)
				})
				c, err := dial()
				if err != nil {
					t.Fatal(err)
				}
				io.WriteString(c, "GET")
				c.Close()
				if <-ended {
					t.Error("it did not notice")
				}
			})
		}
	}
}

// However a script waits, the end of the test ends it.
func TestEndsWithTest(t *testing.T) {
	t.Parallel()
	waits := map[string]func(c *wiretest.Conn){
		"stall":   (*wiretest.Conn).Stall,
		"hang":    (*wiretest.Conn).Hang,
		"pause":   func(c *wiretest.Conn) { c.Pause(time.Hour) },
		"head":    func(c *wiretest.Conn) { c.ReadHead() },
		"request": func(c *wiretest.Conn) { c.ReadRequest() },
		"slow":    func(c *wiretest.Conn) { c.Drip("ab", 1, time.Hour) },
		"write":   func(c *wiretest.Conn) { c.Write(strings.Repeat("x", 64<<20)) },
	}
	for _, n := range networks(t) {
		for name, wait := range waits {
			t.Run(n.name+", "+name, func(t *testing.T) {
				t.Parallel()
				started := make(chan struct{})
				srv, dial := n.start(t, func(c *wiretest.Conn) { close(started); wait(c) })
				c, err := dial()
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				<-started
				srv.Close()
				srv.Close()
				if _, err := dial(); err == nil {
					t.Error("it still accepts")
				}
			})
		}
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	for _, n := range networks(t) {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			srv, dial := n.start(t, func(c *wiretest.Conn) {
				for {
					c.Write(fmt.Sprint(c.N, c.ReadRequest().Body))
				}
			})
			var sent []string
			for i := range 2 {
				c, err := dial()
				if err != nil {
					t.Fatal(err)
				}
				head := fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n", i)
				for range 2 {
					io.WriteString(c, head+"b")
					got := make([]byte, 2)
					if _, err := io.ReadFull(c, got); err != nil || string(got) != fmt.Sprint(i, "b") {
						t.Errorf("got %q, %v", got, err)
					}
					sent = append(sent, head)
				}
				c.Close()
				if got, want := srv.Received(i), head+"b"+head+"b"; got != want {
					t.Errorf("received: got %q, want %q", got, want)
				}
			}
			if got := srv.Requests(); fmt.Sprint(got) != fmt.Sprint(sent) {
				t.Errorf("requests: got %q, want %q", got, sent)
			}
			if got := srv.Conns(); got != 2 {
				t.Errorf("connections: got %d, want 2", got)
			}
			if got := srv.Received(2); got != "" {
				t.Errorf("received of nobody: %q", got)
			}
		})
	}
}

// Pauses cost no time in a bubble, and the server ends inside of it.
func TestBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		ln, err := n.Listen("host:80")
		if err != nil {
			t.Fatal(err)
		}
		wiretest.NewOn(t, ln, func(c *wiretest.Conn) { c.WriteSlow("abc", 1, time.Hour) })
		start := time.Now()
		c, err := n.DialContext(t.Context(), "tcp", "host:80")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, err := io.ReadAll(c); string(got) != "abc" || err != nil || time.Since(start) != 2*time.Hour {
			t.Errorf("got %q, %v after %v", got, err, time.Since(start))
		}
	})
}

// failer records failures of a server's test.
type failer struct {
	testing.TB
	failed chan string
}

func (f *failer) Errorf(format string, a ...any) { f.failed <- fmt.Sprintf(format, a...) }

func TestBadRequestFails(t *testing.T) {
	t.Parallel()
	f := &failer{t, make(chan string, 1)}
	srv := wiretest.New(f, func(c *wiretest.Conn) { c.ReadRequest() })
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "no HTTP\r\n\r\n")
	if got := <-f.failed; !strings.Contains(got, `"no HTTP\r\n\r\n"`) {
		t.Errorf("got %q", got)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	script := func(*wiretest.Conn) {}
	if srv := wiretest.New(t, script); srv.URL() != "http://"+srv.Addr() || !strings.HasPrefix(srv.Addr(), "127.0.0.1:") {
		t.Errorf("got %q", srv.URL())
	}
	if srv := wiretest.NewTLS(t, &tls.Config{}, script); srv.URL() != "https://"+srv.Addr() {
		t.Errorf("got %q", srv.URL())
	}
}

// A script that waits for its test goes on when it is told to, and else ends with the test.
func TestAwait(t *testing.T) {
	t.Parallel()
	ended := make(chan bool, 3)
	t.Run("script", func(t *testing.T) {
		srv := wiretest.New(t, func(c *wiretest.Conn) {
			ended <- c.AwaitProceed()
			ended <- c.Await(nil)
		})
		nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", srv.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		srv.Proceed()
		if !wiretest.Receive(t, ended) {
			t.Error("it was told to proceed")
		}
	})
	if wiretest.Receive(t, ended) {
		t.Error("nobody has told it")
	}
}

// TestRefusedAddr: nobody answers there.
func TestRefusedAddr(t *testing.T) {
	t.Parallel()
	addr := wiretest.RefusedAddr(t)
	for range 3 {
		if nc, err := net.Dial("tcp", addr); !stderrors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, %v, want a refusal", nc, err)
		}
	}
}
