package h1_test

import (
	"bufio"
	"context"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/reqbody"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// streamed hides that a body lies in memory.
func streamed(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }

var errMine = stderrors.New("mine")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errMine }

// The reason why a body could not be sent comes out whole, although Request.Write hides it,
// and at once, although the server is silent.
func TestUploadReasons(t *testing.T) {
	t.Parallel()
	isLength := func(err error, more bool) bool {
		bad, ok := stderrors.AsType[*reqbody.LengthError](err)
		return ok && bad.More == more
	}
	for name, tt := range map[string]struct {
		body   func() io.Reader
		length int64
		is     func(error) bool
	}{
		"fails":       {func() io.Reader { return failing{} }, -1, func(err error) bool { return stderrors.Is(err, errMine) }},
		"fails later": {func() io.Reader { return io.MultiReader(streamed("abc"), failing{}) }, 9, func(err error) bool { return stderrors.Is(err, errMine) }},
		"short":       {func() io.Reader { return streamed("abc") }, 5, func(err error) bool { return isLength(err, false) }},
		"long":        {func() io.Reader { return streamed("abcdef") }, 3, func(err error) bool { return isLength(err, true) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
			c := newConn(t, dialTCP(t, srv))
			req := newRequest(t, t.Context(), "POST", tt.body())
			req.ContentLength = tt.length
			x := send(c, req, h1.Settings{})
			var sending *h1.SendError
			if x.err == nil || !stderrors.As(x.err, &sending) || !tt.is(x.err) {
				t.Errorf("got %v (%T)", x.err, x.err)
			}
			if x.End(false) {
				t.Error("it is kept")
			}
		})
	}
}

// Where the socket fails and not the body, there may be an answer: on the goroutine of an
// upload, of a file, and on the caller's own.
func TestAnswerAfterFailedWrite(t *testing.T) {
	t.Parallel()
	file := func(t *testing.T) io.Reader {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		f.Truncate(1 << 20)
		return f
	}
	for name, body := range map[string]func(*testing.T) io.Reader{
		"stream": func(*testing.T) io.Reader { return streamed(strings.Repeat("x", 1<<20)) },
		"file":   file,
		"small":  func(*testing.T) io.Reader { return strings.NewReader("x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				c.Write("HTTP/1.1 413 T\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
				c.Stall()
			})
			tcp := dialTCP(t, srv)
			tcp.CloseWrite() // which makes every write fail
			c := newConn(t, tcp)
			req := newRequest(t, t.Context(), "POST", body(t))
			if name == "file" {
				req.ContentLength = 1 << 20
			}
			x := send(c, req, h1.Settings{})
			if x.err != nil || x.resp.StatusCode != http.StatusRequestEntityTooLarge {
				t.Fatalf("got %v, %v", x.resp, x.err)
			}
			waitFor(t, func() bool { return x.Facts().WriteErr != nil })
			if got := x.Facts().WriteErr; !stderrors.Is(got, syscall.EPIPE) {
				t.Errorf("the write: got %v", got)
			}
			if b, keep := x.finish(t, c); b != "no" || keep {
				t.Errorf("got %q, keep %v", b, keep)
			}
		})
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Error("it does not come")
}

// A write that the peer does not take does not keep an early answer from being read.
func TestEarlyAnswerToLargeHead(t *testing.T) {
	t.Parallel()
	const tooLarge = "HTTP/1.1 431 T\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Write(tooLarge); c.Hang() })
	for name, connect := range map[string]func() net.Conn{
		"TCP": func() net.Conn { return dialTCP(t, srv) },
		"pipe": func() net.Conn {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				bufio.NewReader(server).ReadString('\n') // no more than a buffer of it
				io.WriteString(server, tooLarge)
				server.Read(make([]byte, 1))
			}()
			return client
		},
	} {
		c := newConn(t, connect())
		req := newRequest(t, t.Context(), "GET", nil)
		size := 8 << 20
		if name == "pipe" {
			size = 6 << 10
		}
		req.Header.Set("X", strings.Repeat("x", size))
		x := send(c, req, h1.Settings{})
		if x.err != nil || x.resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Fatalf("%s: got %v, %v", name, x.resp, x.err)
		}
		x.End(false)
		c.Close()
	}
}

// What a body has given is on its way at once, also over TLS, and where its length is known.
func TestUploadIsNotHeldBack(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	arrivals := map[string]chan string{} // by the client's address
	arrival := func(addr net.Addr) chan string {
		mu.Lock()
		defer mu.Unlock()
		if arrivals[addr.String()] == nil {
			arrivals[addr.String()] = make(chan string, 1)
		}
		return arrivals[addr.String()]
	}
	each(t, func(c *wiretest.Conn) {
		c.ReadHead()
		b, _ := c.ReadBody(5)
		arrival(c.NetConn().RemoteAddr()) <- b
		c.ReadBody(5)
		c.Write(okResponse)
	}, func(t *testing.T, _ way, c *h1.Conn, tcp *net.TCPConn, _ *wiretest.Server) {
		came := arrival(tcp.LocalAddr())
		r, w := io.Pipe()
		var feeding sync.WaitGroup
		feeding.Go(func() {
			io.WriteString(w, "hello")
			<-came
			io.WriteString(w, "world")
			w.Close()
		})
		req := newRequest(t, t.Context(), "POST", r)
		req.ContentLength = 10
		x := send(c, req, h1.Settings{Total: time.Now().Add(10 * time.Second)})
		if b, _ := x.finish(t, c); b != "ok" {
			t.Errorf("got %q", b)
		}
		x.body.Close()
		close(came)
		feeding.Wait()
	})
}

// expecting is a request that asks before it sends its body.
func expecting(t *testing.T, ctx context.Context, method string, body io.Reader) *http.Request { //nolint:revive // the test comes first
	t.Helper()
	req := newRequest(t, ctx, method, body)
	req.Header.Set("Expect", "100-continue")
	return req
}

// The head of a request that expects 100 is out before its body is touched, whatever the
// body and the method, and no byte of it goes out if the answer is final.
func TestExpectHoldsBodyBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		body         io.Reader
		length       int64
		framing      string
	}{
		{"memory", "POST", strings.NewReader("body"), 4, "Content-Length: 4\r\n"},
		{"stream", "POST", streamed("body"), 4, "Content-Length: 4\r\n"},
		{"unknown length", "POST", streamed("body"), -1, "Transfer-Encoding: chunked\r\n"},
		{"GET", "GET", streamed("body"), -1, "Transfer-Encoding: chunked\r\n"},
		{"DELETE", "DELETE", streamed("body"), 0, "Transfer-Encoding: chunked\r\n"},
	} {
		for _, status := range []string{"417 E", "200 OK"} {
			t.Run(tt.name+" "+status, func(t *testing.T) {
				t.Parallel()
				rest := make(chan string, 1)
				srv := wiretest.New(t, func(c *wiretest.Conn) {
					c.ReadHead()
					c.Write("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
					b, _ := c.ReadBody(1 << 20)
					rest <- b
				})
				c := newConn(t, dialTCP(t, srv))
				req := expecting(t, t.Context(), tt.method, &touched{Reader: tt.body})
				if tt.name == "memory" {
					req = expecting(t, t.Context(), tt.method, strings.NewReader("body"))
				}
				req.ContentLength = tt.length
				if _, keep := send(c, req, h1.Settings{}).finish(t, c); keep {
					t.Error("a connection that is owed a body is kept")
				}
				if got := wiretest.Receive(t, rest); got != "" {
					t.Errorf("sent %q", got)
				}
				if got := srv.Received(0); !strings.Contains(got, tt.framing) {
					t.Errorf("got %q, want %q in it", got, tt.framing)
				}
				if b, ok := req.Body.(*touched); ok && b.reads.Load() != 0 {
					t.Errorf("%d reads of the body", b.reads.Load())
				}
			})
		}
	}
}

// touched counts the reads of a body.
type touched struct {
	io.Reader
	reads atomic.Int32
}

func (b *touched) Close() error { return nil }

func (b *touched) Read(p []byte) (int, error) {
	b.reads.Add(1)
	return b.Reader.Read(p)
}

// HTTP/1.0 has no 100 Continue: nothing is waited for.
func TestExpectHTTP10(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.ReadBody(4); c.Write(okResponse) })
	c := newConn(t, dialTCP(t, srv))
	x := send(c, expecting(t, t.Context(), "POST", strings.NewReader("body")), h1.Settings{HTTP10: true})
	if b, _ := x.finish(t, c); b != "ok" {
		t.Errorf("got %q", b)
	}
}

// A second 100 Continue is not the one that was waited for.
func TestExpectHeardOnce(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 3))
		c.ReadBody(4)
		c.Write(okResponse)
	})
	c := newConn(t, dialTCP(t, srv))
	asked, interim := 0, 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got100Continue: func() { asked++ },
		Got1xxResponse: func(int, textproto.MIMEHeader) error { interim++; return nil },
	})
	if b, _ := send(c, expecting(t, ctx, "POST", strings.NewReader("body")), h1.Settings{}).finish(t, c); b != "ok" || asked != 1 || interim != 3 {
		t.Errorf("got %q, %d times Got100Continue and %d Got1xxResponse", b, asked, interim)
	}
}

// The conn of a whole upload is kept.
func TestKeptAfterUpload(t *testing.T) {
	t.Parallel()
	each(t, func(c *wiretest.Conn) {
		for {
			if _, ok := c.ReadHead(); !ok {
				return
			}
			c.ReadChunkedBody()
			c.Write(okResponse)
		}
	}, func(t *testing.T, _ way, c *h1.Conn, _ *net.TCPConn, _ *wiretest.Server) {
		for range 50 {
			send(c, newRequest(t, t.Context(), "POST", streamed(strings.Repeat("x", 20_000))), h1.Settings{}).mustKeep(t, c)
		}
	})
}

// endsLate is a body whose end comes a while after its last byte.
type endsLate struct {
	io.Reader
	after time.Duration
}

func (b endsLate) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil {
		time.Sleep(b.after)
	}
	return n, err
}

// The end of an upload may come a moment after the response: the conn is kept nevertheless, but
// nobody waits for long.
func TestKeptAfterLateUpload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after time.Duration
		keep  bool
	}{"a moment": {time.Millisecond, true}, "long": {time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := memnet.Pipe(0, 0)
				defer server.Close()
				go func() {
					br := bufio.NewReader(server)
					if req, err := http.ReadRequest(br); err == nil {
						io.WriteString(server, okResponse)
						io.Copy(io.Discard, req.Body)
					}
				}()
				c := newConn(t, client)
				req := newRequest(t, t.Context(), "POST", endsLate{strings.NewReader(strings.Repeat("x", 20_000)), tt.after})
				req.ContentLength = 20_000
				start := time.Now()
				x := send(c, req, h1.Settings{})
				body, keep := x.finish(t, c)
				if d := time.Since(start); body != "ok" || keep != tt.keep || d > 50*time.Millisecond || keep && d < tt.after {
					t.Errorf("got %q, keep %v after %v, want keep %v", body, keep, d, tt.keep)
				}
				x.AwaitUpload()
				c.Close()
			})
		})
	}
}

// A write that waits for its body ends with the exchange: the body is closed.
func TestEndClosesBody(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.ReadHead(); c.Write(okResponse); c.Stall() })
	c := newConn(t, dialTCP(t, srv))
	r, w := io.Pipe()
	if b, keep := send(c, newRequest(t, t.Context(), "POST", r), h1.Settings{}).finish(t, c); b != "ok" || keep {
		t.Errorf("got %q, keep %v", b, keep)
	}
	if _, err := io.WriteString(w, "x"); !stderrors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want a closed body", err)
	}
}

// A body whose Read ends its goroutine ends the exchange.
func TestGoexitInBody(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	c := newConn(t, dialTCP(t, srv))
	x := send(c, newRequest(t, t.Context(), "POST", acting(runtime.Goexit)), h1.Settings{Total: time.Now().Add(10 * time.Second)})
	if !stderrors.Is(x.err, h1.ErrGoexit) {
		t.Errorf("got %v, want %v", x.err, h1.ErrGoexit)
	}
	if x.End(false) {
		t.Error("it is kept")
	}
}

// A panic of a body's Read is that of the caller who waits for the answer.
func TestPanicInBody(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	for _, value := range []any{"mine", errMine, http.ErrAbortHandler} {
		c := newConn(t, dialTCP(t, srv))
		req := newRequest(t, t.Context(), "POST", acting(func() { panic(value) }))
		x := &call{body: reqbody.New(req)}
		x.Begin(req.Context(), c, req, req, &x.body, nil, time.Now(), &h1.Settings{Total: time.Now().Add(10 * time.Second)})
		func() {
			defer func() {
				got := recover()
				if p, ok := got.(*h1.PanicError); ok {
					if got = p.Value; !strings.Contains(p.Error(), "acting.Read") {
						t.Errorf("the stack is not in %q", p.Error())
					}
				}
				if got != value {
					t.Errorf("got %v, want %v", got, value)
				}
			}()
			x.RoundTrip(&x.body)
		}()
		if x.End(false) {
			t.Error("it is kept")
		}
	}
}

type acting func()

func (f acting) Read([]byte) (int, error) { f(); return 0, io.EOF }
