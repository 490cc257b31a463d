package connector_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// TestEarlyAnswerGoesOn: a server may answer before it has read everything. If it reads on,
// the connection is kept; if it stops, the response can be read and nothing hangs.
func TestEarlyAnswerGoesOn(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{true, false} {
		for _, body := range bodies[3:] {
			name := "stops, "
			if reads {
				name = "reads on, "
			}
			t.Run(name+body.name, func(t *testing.T) {
				t.Parallel()
				overWires(t, func(t *testing.T, w wire) {
					t.Helper()
					synctest.Test(t, func(t *testing.T) {
						_, c := w.memory(t, connector.Config{}, func(p *peer) {
							for p.head() {
								p.ok()
								if !reads {
									p.hang()
									return
								}
								p.body()
							}
						})
						start := time.Now()
						data, closed := body.make()
						resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", w.url(), data))
						if err != nil {
							t.Fatal(err)
						}
						if got := read(t, resp); got != "ok" || time.Since(start) > time.Second {
							t.Errorf("got %q after %v", got, time.Since(start))
						}
						synctest.Wait()
						if closed != nil && closed() != 1 {
							t.Errorf("the body was closed %d times, want once", closed())
						}
						if st := c.Stats(); st.InUse != 0 || (st.Idle == 1) != (reads || w.h2) {
							t.Errorf("got %+v", st)
						}
						c.Close()
					})
				})
			})
		}
	}
}

// deafConn is a connection whose writes fail, from a moment on, while it can still be read.
type deafConn struct {
	net.Conn
	left atomic.Int64 // bytes that it takes
}

func (c *deafConn) Write(p []byte) (int, error) {
	if c.left.Add(-int64(len(p))) < 0 {
		return 0, &net.OpError{Op: "write", Err: syscall.EPIPE}
	}
	return c.Conn.Write(p)
}

// deaf is memory with a server that takes a request's head and a little of its body.
func (w wire) deaf(t *testing.T, cfg connector.Config, script func(*peer)) *connector.Connector {
	t.Helper()
	n := memnet.New()
	ln, err := n.Listen(w.addr())
	if err != nil {
		t.Fatal(err)
	}
	cfg.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := n.DialContext(ctx, network, addr)
		c := &deafConn{Conn: nc}
		c.left.Store(8 << 10)
		return c, err
	}
	run, server := w.script(t, &cfg, script)
	if server == nil {
		wiretest.NewOn(t, ln, run)
	} else {
		wiretest.NewTLSOn(t, ln, server, run)
	}
	return newConnector(t, cfg)
}

// TestLateAnswer: once sending has failed, an answer may come in pieces, with less than 250 ms
// of silence before each; all that bounds an exchange still does.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	slow := func(pause time.Duration) func(*peer) {
		return func(p *peer) {
			p.head()
			p.c.Write("HTTP/1.1 413 Too Large\r\nContent-Length: 10\r\n\r\n")
			for range 10 {
				p.c.Pause(pause)
				p.c.Write("x")
			}
		}
	}
	for _, tt := range []struct {
		name    string
		script  func(*peer)
		timeout connector.ClientTimeout
		cancel  time.Duration
		class   error
		took    time.Duration
	}{
		{name: "slow", script: slow(200 * time.Millisecond), took: 2 * time.Second},
		{name: "silent in the body", script: slow(time.Hour), class: errors.ErrClientPayload, took: 250 * time.Millisecond},
		{name: "silent", script: func(p *peer) { p.head(); p.silent() }, class: errors.ErrServerDisconnected, took: 250 * time.Millisecond},
		{name: "sock_read", script: slow(200 * time.Millisecond), timeout: connector.ClientTimeout{SockRead: 100 * time.Millisecond}, class: errors.ErrSocketTimeout, took: 100 * time.Millisecond},
		{name: "a longer sock_read", script: slow(200 * time.Millisecond), timeout: connector.ClientTimeout{SockRead: time.Second}, took: 2 * time.Second},
		{name: "total", script: slow(200 * time.Millisecond), timeout: connector.ClientTimeout{Total: 900 * time.Millisecond}, class: errors.ErrTotalTimeout, took: 900 * time.Millisecond},
		{name: "context", script: slow(200 * time.Millisecond), cancel: 700 * time.Millisecond, class: context.Canceled, took: 700 * time.Millisecond},
	} {
		for _, body := range bodies[3:] {
			for _, w := range wires[:2] {
				t.Run(tt.name+", "+body.name+", "+w.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						c := w.deaf(t, connector.Config{Timeout: tt.timeout}, tt.script)
						data, _ := body.make()
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						if tt.cancel > 0 {
							time.AfterFunc(tt.cancel, cancel)
						}
						req := newRequest(t, ctx, "POST", w.url(), data)
						start := time.Now()
						resp, err := c.RoundTrip(req)
						if err == nil {
							_, err = io.ReadAll(resp.Body)
							resp.Body.Close()
						}
						if took := time.Since(start); !errors.Is(err, tt.class) || took != tt.took {
							t.Errorf("got %v after %v, want %v after %v", err, took, tt.class, tt.took)
						}
						synctest.Wait()
						if st := c.Stats(); st.InUse+st.Idle+st.Unread != 0 {
							t.Errorf("got %+v, want nothing left", st)
						}
						c.Close()
					})
				})
			}
		}
	}
}

// TestCloseBesideUpload: Close waits for what is left of a short body only a moment, also if
// the sending of the request ends meanwhile, well or not, which starts timers of its own.
func TestCloseBesideUpload(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*io.PipeWriter){
		"ends":         func(pw *io.PipeWriter) { pw.Close() },
		"body fails":   func(pw *io.PipeWriter) { pw.CloseWithError(io.ErrNoProgress) },
		"socket fails": func(pw *io.PipeWriter) { pw.Write(make([]byte, 10<<10)) },
	} {
		for _, w := range wires[:2] {
			t.Run(name+", "+w.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					timeout := connector.ClientTimeout{SockRead: 30 * time.Second}
					c := w.deaf(t, connector.Config{Timeout: timeout}, func(p *peer) {
						p.head()
						p.answer(200, 10)
						p.data("abc", false)
						p.silent()
					})
					r, pw := io.Pipe()
					defer pw.Close()
					resp, err := c.RoundTrip(newRequest(t, t.Context(), "POST", w.url(), r))
					if err != nil {
						t.Fatal(err)
					}
					time.AfterFunc(time.Millisecond, func() { end(pw) })
					start := time.Now()
					resp.Body.Close()
					if took := time.Since(start); took > 5*time.Millisecond {
						t.Errorf("Close took %v", took)
					}
					c.Close()
				})
			})
		}
	}
}
