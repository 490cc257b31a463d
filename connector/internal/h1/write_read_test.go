package h1_test

import (
	"context"
	stderrors "errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// late makes an exchange whose conn is looked at when the request goes out.
func late(t *testing.T, c *h1.Conn, s h1.Settings, header http.Header) *call {
	t.Helper()
	req := newRequest(t, t.Context(), http.MethodGet, nil)
	req.Header = header
	s.LateCheck = true
	return send(c, req, s)
}

// lateHeads are heads of all sizes: for a turn, for more than a writer's buffer, and for a
// goroutine of their own.
var lateHeads = map[string]http.Header{
	"small":  {"A": {"b"}},
	"medium": {"A": {strings.Repeat("a", 6<<10)}},
	"large":  {"A": {strings.Repeat("a", 20<<10)}},
}

// Requests that look late get their own answers.
func TestLateLookAlive(t *testing.T) {
	t.Parallel()
	each(t, fine, func(t *testing.T, w way, c *h1.Conn, _ *net.TCPConn, srv *wiretest.Server) {
		if c.CanCheckLate() {
			t.Error("a new conn has nothing to look at")
		}
		for range 3 {
			for name, header := range lateHeads {
				x := late(t, c, h1.Settings{SockRead: time.Hour}, header)
				if x.err != nil {
					t.Fatalf("%s: %v", name, x.err)
				}
				x.mustKeep(t, c)
				if c.CanCheckLate() != (w.name == "look") {
					t.Error("a plain socket looks late, and nothing else")
				}
			}
		}
		if srv.Conns() != 1 {
			t.Errorf("%d connections", srv.Conns())
		}
	})
}

// A conn that has died while it was idle gets no byte of a request.
func TestLateLookDead(t *testing.T) {
	t.Parallel()
	for end, kill := range map[string]func(*wiretest.Conn){
		"closed":      (*wiretest.Conn).Close,
		"half closed": (*wiretest.Conn).CloseWrite,
		"reset":       (*wiretest.Conn).Reset,
		"unsolicited": func(c *wiretest.Conn) { c.Write(okResponse) },
	} {
		for size, header := range lateHeads {
			t.Run(end+", "+size, func(t *testing.T) {
				t.Parallel()
				answered := make(chan struct{})
				srv := wiretest.New(t, func(c *wiretest.Conn) {
					c.ReadHead()
					c.Write(okResponse)
					select {
					case <-answered:
					case <-t.Context().Done():
					}
					kill(c)
					c.Stall()
				})
				c := newConn(t, dialTCP(t, srv))
				get(t, c)
				close(answered)
				dies(t, c) // what the peer did has come
				x := late(t, c, h1.Settings{SockRead: 10 * time.Second}, header)
				if !stderrors.Is(x.err, h1.ErrDied) {
					t.Errorf("got %v", x.err)
				}
				if f := x.Facts(); f.Sent != 0 {
					t.Errorf("%d bytes were sent", f.Sent)
				}
				if x.End(false) {
					t.Error("the conn is kept")
				}
			})
		}
	}
}

// Silence, the total timeout, the end of the context and Close end the wait of a turn; an
// alarm of an exchange that is over does not.
func TestLateLookSilence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sockRead, total time.Duration
		end             func(*h1.Conn, context.CancelFunc)
		want            error
	}{
		"sock_read": {20 * time.Millisecond, 0, nil, h1.ErrReadTimeout},
		"total":     {0, time.Second, nil, h1.ErrTotalTimeout},
		"context":   {0, 0, func(_ *h1.Conn, cancel context.CancelFunc) { cancel() }, net.ErrClosed},
		"closed":    {0, 0, func(c *h1.Conn, _ context.CancelFunc) { c.Close() }, net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{})
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write(okResponse)
				c.ReadHead()
				close(asked)
				c.Stall()
			})
			tcp := dialTCP(t, srv)
			c := newConn(t, tcp)
			get(t, c)
			tcp.SetReadDeadline(time.Unix(1, 0))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req := newRequest(t, ctx, http.MethodGet, nil)
			if test.end != nil {
				go func() {
					<-asked
					test.end(c, cancel)
				}()
			}
			settings := h1.Settings{SockRead: test.sockRead, LateCheck: true}
			if test.total > 0 {
				settings.Total = time.Now().Add(test.total) // now: this test may have waited for its turn
			}
			x := send(c, req, settings)
			if x.err == nil || !stderrors.Is(x.Facts().ReadErr, test.want) {
				t.Errorf("got %v, %v, want %v", x.err, x.Facts().ReadErr, test.want)
			}
			x.End(false)
		})
	}
}

// fill writes to a socket until it has no room.
func fill(tcp *net.TCPConn) (n int) {
	tcp.SetWriteBuffer(16 << 10) // or it would grow
	for full := 0; full < 3; {   // what is acknowledged late makes room again
		tcp.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		m, _ := tcp.Write(make([]byte, 64<<10))
		if n += m; m == 0 {
			full++
		} else {
			full = 0
		}
	}
	return n
}

// A request for which the socket has no room goes out as soon as the peer makes some.
func TestLateLookFullBuffer(t *testing.T) {
	t.Parallel()
	filled := make(chan int, 1)
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.ReadHead()
		c.Write(okResponse)
		select {
		case n := <-filled:
			c.ReadBody(n)
			fine(c)
		case <-t.Context().Done():
		}
	})
	tcp := dialTCP(t, srv)
	c := newConn(t, tcp)
	get(t, c)
	n := fill(tcp)
	time.AfterFunc(20*time.Millisecond, func() { filled <- n })
	x := late(t, c, h1.Settings{Total: time.Now().Add(10 * time.Second)}, lateHeads["small"])
	if sent := x.Facts().Sent; sent < 20 {
		t.Errorf("%d bytes were sent", sent)
	}
	if body, keep := x.finish(t, c); body != "ok" || !keep {
		t.Errorf("got %q, %v", body, keep)
	}
	if heads := srv.Requests(); len(heads) != 2 || !strings.HasPrefix(heads[1], "GET /p HTTP/1.1\r\n") {
		t.Errorf("the server saw %q", heads)
	}
}

// If there never is room, because the peer goes, what it has said before is the answer, and
// silence is not waited out.
func TestLateLookFullBufferRefused(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"answer": "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n", "none": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{}, 1)
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				c.NetConn().(*net.TCPConn).SetReadBuffer(16 << 10) // or it would grow
				c.ReadHead()
				c.Write(okResponse)
				c.Await(gone)
				c.Write(answer)
				c.Close()
			})
			for try := range 10 {
				tcp := dialTCP(t, srv)
				c := newConn(t, tcp)
				get(t, c)
				fill(tcp)
				time.AfterFunc(time.Duration(try+1)*50*time.Millisecond, func() { gone <- struct{}{} })
				x := late(t, c, h1.Settings{Total: time.Now().Add(10 * time.Second)}, lateHeads["small"])
				facts, keep := x.Facts(), x.End(true)
				if stderrors.Is(x.err, h1.ErrDied) || facts.Sent > 0 {
					continue // the peer had gone before the look, or there was room after all
				}
				switch {
				case facts.WriteErr == nil || keep:
					t.Errorf("got %+v, kept %v", facts, keep)
				case answer == "" && (x.err == nil || stderrors.Is(x.err, h1.ErrTotalTimeout)):
					t.Errorf("got %v, %v", x.resp, x.err)
				case answer != "" && (x.err != nil || x.resp.StatusCode != http.StatusServiceUnavailable):
					t.Errorf("got %v, %v", x.resp, x.err)
				}
				return
			}
			t.Error("the write never failed")
		})
	}
}

// Once the write of a turn has failed the peer is listened to, but not for long.
func TestLateLookWriteFails(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"answer": okResponse, "silence": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) {
				c.ReadHead()
				c.Write(okResponse)
				if c.AwaitProceed(); answer != "" {
					c.Write(answer)
				}
				c.Hang()
			})
			for range 100 {
				if x, died := failedWrite(t, srv); answer == "" {
					if died || x.err == nil {
						t.Errorf("got %v, want the error of the write", x.err)
					}
					return
				} else if x.err == nil {
					return
				}
				// The answer came before the look, or too late: a machine is as fast as it is.
			}
			t.Error("an answer has never been heard")
		})
	}
}

// failedWrite is an exchange that looks late, and whose write fails. Its peer proceeds some
// time after that look, or before.
func failedWrite(t *testing.T, srv *wiretest.Server) (x *call, died bool) {
	t.Helper()
	tcp := dialTCP(t, srv)
	c := newConn(t, tcp)
	defer c.Close()
	get(t, c)
	tcp.CloseWrite()
	time.AfterFunc(20*time.Millisecond, srv.Proceed)
	x = late(t, c, h1.Settings{Total: time.Now().Add(time.Hour)}, lateHeads["small"])
	facts, keep := x.Facts(), x.End(true)
	died = stderrors.Is(x.err, h1.ErrDied)
	if keep || facts.Sent != 0 || !died && (facts.WriteErr == nil || x.err != nil && !stderrors.Is(facts.ReadErr, facts.WriteErr)) {
		t.Errorf("got %v, %+v, kept %v", x.err, facts, keep)
	}
	return x, died
}

// The field Host counts, too, where it is asked whether a request is small enough for the
// caller's goroutine.
func TestEarlyAnswerToLargeHost(t *testing.T) {
	t.Parallel()
	srv := wiretest.New(t, func(c *wiretest.Conn) {
		c.Write("HTTP/1.1 431 T\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		c.Hang()
	})
	c := newConn(t, dialTCP(t, srv))
	req := newRequest(t, t.Context(), http.MethodGet, nil)
	req.Host = strings.Repeat("h", 16<<20)
	x := send(c, req, h1.Settings{Total: time.Now().Add(10 * time.Second)})
	if x.err != nil || x.resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %v, %v", x.resp, x.err)
	}
	x.End(false)
}
