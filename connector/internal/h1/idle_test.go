package h1_test

import (
	stderrors "errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// A conn that is alive is reused, on every way; what TLS 1.3 sends after its handshake is
// no reason against it.
func TestIdleReuse(t *testing.T) {
	t.Parallel()
	each(t, fine, func(t *testing.T, _ way, c *h1.Conn, _ *net.TCPConn, srv *wiretest.Server) {
		for range 5 {
			if err := c.CheckIdle(); err != nil {
				t.Fatal(err)
			}
			get(t, c)
		}
		if srv.Conns() != 1 {
			t.Errorf("%d connections", srv.Conns())
		}
	})
}

// What the peer does to an idle conn is noticed, whatever it is, without a request.
func TestIdleDeath(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*wiretest.Conn){
		"closed":      (*wiretest.Conn).Close,
		"half closed": func(c *wiretest.Conn) { c.CloseWrite(); c.Stall() },
		"reset":       (*wiretest.Conn).Reset,
		"unsolicited": func(c *wiretest.Conn) { c.Write(okResponse); c.Stall() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write(okResponse)
				if c.AwaitProceed() {
					end(c)
				}
			}, func(t *testing.T, _ way, c *h1.Conn, _ *net.TCPConn, srv *wiretest.Server) {
				get(t, c)
				srv.Proceed()
				err := dies(t, c)
				if stderrors.Is(err, net.ErrClosed) {
					return // a waiter has closed the conn by itself
				}
				if unasked := stderrors.Is(err, h1.ErrUnsolicited); unasked != (name == "unsolicited") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A read deadline that has passed, of an exchange that is over, says nothing about the conn.
func TestIdlePastDeadline(t *testing.T) {
	t.Parallel()
	each(t, func(c *wiretest.Conn) {
		for range 2 {
			c.ReadHead()
			c.Write(okResponse)
		}
		c.AwaitProceed()
	}, func(t *testing.T, _ way, c *h1.Conn, tcp *net.TCPConn, srv *wiretest.Server) {
		get(t, c)
		tcp.SetReadDeadline(time.Unix(1, 0))
		for range 3 {
			if err := c.CheckIdle(); err != nil {
				t.Errorf("alive: %v", err)
			}
		}
		get(t, c)
		tcp.SetReadDeadline(time.Unix(1, 0))
		srv.Proceed()
		if err := dies(t, c); stderrors.Is(err, h1.ErrReadTimeout) {
			t.Errorf("dead: %v", err)
		}
	})
}

// A peek does not wait for somebody who reads.
func TestLookBesideRead(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
	tcp := dialTCP(t, srv)
	c := newConn(t, tcp)
	var reading sync.WaitGroup
	reading.Go(func() { tcp.Read(make([]byte, 1)) })
	for range 100 {
		if err := c.CheckIdle(); err != nil {
			t.Errorf("got %v", err)
		}
	}
	c.Close()
	reading.Wait()
}

// readsAhead embeds a TCP connection, and so has its SyscallConn, but may hold what has come.
type readsAhead struct {
	*net.TCPConn
	r io.Reader
}

func (c *readsAhead) Read(p []byte) (int, error) { return c.r.Read(p) }

// Only what is exactly a socket is looked at: what embeds one has a Read of its own.
func TestLookExactTypes(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(okResponse + okResponse)
		c.Stall()
	})
	tcp := dialTCP(t, srv)
	ahead := &readsAhead{TCPConn: tcp, r: io.MultiReader(&onlyReader{tcp, len(okResponse)}, tcp)}
	if h1.IsSocket(ahead) {
		t.Error("it was wrapped")
	}
	c := newConn(t, ahead)
	get(t, c)
	if err := dies(t, c); !stderrors.Is(err, h1.ErrUnsolicited) && !stderrors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// onlyReader gives n bytes, one at a time.
type onlyReader struct {
	r io.Reader
	n int
}

func (r *onlyReader) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	n, err := r.r.Read(p[:1])
	r.n -= n
	return n, err
}

// noDeadlines is a channel of SSH.
type noDeadlines struct{ net.Conn }

func (noDeadlines) SetDeadline(time.Time) error      { return stderrors.ErrUnsupported }
func (noDeadlines) SetReadDeadline(time.Time) error  { return stderrors.ErrUnsupported }
func (noDeadlines) SetWriteDeadline(time.Time) error { return stderrors.ErrUnsupported }

// A conn without deadlines has timeouts all the same, and is reused before they strike.
func TestNoDeadlines(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]func() h1.Settings{
		"total":     func() h1.Settings { return h1.Settings{Total: time.Now().Add(50 * time.Millisecond)} },
		"sock_read": func() h1.Settings { return h1.Settings{SockRead: 50 * time.Millisecond} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				for range 3 {
					c.ReadHead()
					c.Write(okResponse)
				}
				c.Stall()
			})
			c := newConn(t, noDeadlines{dialTCP(t, srv)})
			for range 3 {
				send(c, newRequest(t, t.Context(), "GET", nil), h1.Settings{SockRead: time.Hour}).mustKeep(t, c)
			}
			x := send(c, newRequest(t, t.Context(), "GET", nil), s())
			if x.err == nil || !x.reused {
				t.Fatalf("got %v, reused %v", x.err, x.reused)
			}
			want := h1.ErrReadTimeout
			if name == "total" {
				want = h1.ErrTotalTimeout
			}
			if got := x.Facts().ReadErr; !stderrors.Is(got, want) || got != want {
				t.Errorf("got %v, want %v", got, want)
			}
			if x.End(false) {
				t.Error("it is kept")
			}
		})
	}
}
