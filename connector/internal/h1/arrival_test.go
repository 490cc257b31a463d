package h1_test

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// hidden is a connection of which nothing is known.
type hidden struct{ net.Conn }

// arrivalWay is a way to a server, with so many layers of TLS.
type arrivalWay struct {
	name   string
	wrap   func(*net.TCPConn) net.Conn
	layers int
	exact  bool // what has arrived is seen, whatever the scheduler does
}

func arrivalWays() (all []arrivalWay) {
	for layers, tls := range []string{"", ", TLS", ", TLS in TLS"} {
		all = append(all,
			arrivalWay{"socket" + tls, func(c *net.TCPConn) net.Conn { return c }, layers, true},
			arrivalWay{"embeds a socket" + tls, func(c *net.TCPConn) net.Conn { return foreign{c} }, layers, true},
			arrivalWay{"hides a socket" + tls, func(c *net.TCPConn) net.Conn { return hidden{c} }, layers, false})
	}
	return all
}

// serve starts a server that speaks so many layers of TLS.
func (w arrivalWay) serve(t *testing.T, leaf *certs.Leaf, script func(*wiretest.Conn)) *wiretest.Server {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for range w.layers - 1 {
		ln = tls.NewListener(ln, leaf.Server())
	}
	if w.layers == 0 {
		return wiretest.NewOn(t, ln, script)
	}
	return wiretest.NewTLSOn(t, ln, leaf.Server(), script)
}

func (w arrivalWay) connect(t *testing.T, leaf *certs.Leaf, srv *wiretest.Server) *h1.Conn {
	t.Helper()
	nc := w.wrap(dialTCP(t, srv))
	for range w.layers {
		cfg := leaf.Client()
		cfg.ServerName = "localhost"
		tc := tls.Client(h1.WrapBelowTLS(nc), cfg)
		if err := tc.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		nc = tc
	}
	return newConn(t, nc)
}

// What has arrived before the next request sends its first byte is not its answer: while the
// caller was slow to read, or since the response's end. It is seen at once, by whoever wants to
// use the connection again, but for what comes to an idle connection that hides its socket.
func TestArrivedBeforeReuse(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for _, w := range arrivalWays() {
		for _, when := range []string{"while the caller is slow", "after the end"} {
			t.Run(w.name+", "+when, func(t *testing.T) {
				t.Parallel()
				written := make(chan bool)
				srv := w.serve(t, leaf, func(c *wiretest.Conn) {
					c.ReadHead()
					c.Write(okResponse)
					if c.AwaitProceed() {
						written <- c.Write(okResponse)
					}
					c.Stall()
				})
				for range 10 {
					c := w.connect(t, leaf, srv)
					x := send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{})
					if x.err != nil {
						t.Fatal(x.err)
					}
					if when == "after the end" {
						x.finish(t, c)
					}
					srv.Proceed()
					wiretest.Receive(t, written)
					if when != "after the end" {
						x.finish(t, c)
					}
					if !w.exact {
						dies(t, c)
					}
					if c.CheckReuse() == nil {
						t.Fatal("it can be used again")
					}
				}
			})
		}
	}
}

// lateReader is a socket whose Read has what there is, and returns only when it is closed: as
// that of a goroutine which does not get to run.
type lateReader struct {
	*net.TCPConn
	late   atomic.Bool
	has    chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (c *lateReader) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	if n > 0 && c.late.Load() {
		close(c.has)
		<-c.closed
	}
	return n, err
}

func (c *lateReader) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.TCPConn.Close()
}

// What a waiter has read and not told yet is in no buffer. Nobody takes the conn for alive.
func TestArrivedInHand(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(okResponse)
		if c.AwaitProceed() {
			c.Write(okResponse)
		}
		c.Stall()
	})
	late := &lateReader{TCPConn: dialTCP(t, srv), has: make(chan struct{}), closed: make(chan struct{})}
	c := newConn(t, late)
	get(t, c)
	late.late.Store(true)
	srv.Proceed()
	wiretest.Receive(t, late.has)
	if err := c.CheckReuse(); err != h1.ErrNotStopped {
		t.Errorf("got %v, want %v", err, h1.ErrNotStopped)
	}
}

// A conn that is used again at once, with nothing behind its responses, is alive on every way.
// One whose response is here before the upload's goroutine was seen to end may be given up
// (writeWait), as on an overloaded machine, and so may one whose waiter did not stop in time.
func TestReuseAtOnce(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for _, w := range arrivalWays() {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			srv := w.serve(t, leaf, fine)
			c := w.connect(t, leaf, srv)
			for i, late := 0, 0; i < 200; i++ {
				if err := c.CheckReuse(); err == h1.ErrNotStopped && late < 10 {
					late++
					c = w.connect(t, leaf, srv)
				} else if err != nil {
					t.Fatal(err)
				}
				x := send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{})
				if x.err != nil {
					t.Fatal(x.err)
				}
				body, err := io.ReadAll(x.resp.Body)
				if string(body) != "ok" || err != nil {
					t.Fatalf("got %q, %v", body, err)
				}
				unsent := x.Unsent()
				if _, keep := x.finish(t, c); !keep {
					if !unsent {
						t.Fatal("given up")
					}
					c = w.connect(t, leaf, srv)
				}
			}
		})
	}
}

// corked keeps what is written until it is told to send all of it at once.
type corked struct {
	net.Conn
	corked bool
	kept   []byte
}

func (c *corked) Write(p []byte) (int, error) {
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.kept = append(c.kept, p...)
	return len(p), nil
}

// A second record of TLS that has come with the last of the response is not the next answer,
// though the last Read has not told of it. That is known without waiting.
func TestArrivedInTLS(t *testing.T) {
	t.Parallel()
	leaf := certs.For(t, certs.Options{})
	for range 50 {
		client, server := memnet.Pipe(0, 0)
		var serving sync.WaitGroup
		serving.Go(func() {
			defer server.Close()
			nc := &corked{Conn: server}
			tc := tls.Server(nc, leaf.Server())
			tc.Read(make([]byte, 1000))
			nc.corked = true
			io.WriteString(tc, okResponse)
			io.WriteString(tc, okResponse)
			server.Write(nc.kept)
			io.Copy(io.Discard, server)
		})
		cfg := leaf.Client()
		cfg.ServerName = "localhost"
		c := newConn(t, tls.Client(h1.WrapBelowTLS(hidden{client}), cfg))
		if body, _ := send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{}).finish(t, c); body != "ok" {
			t.Errorf("got %q", body)
		}
		if c.CheckIdle() == nil {
			t.Error("it can be used again")
		}
		c.Close()
		serving.Wait()
	}
}
