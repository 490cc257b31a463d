package tunnel_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/certs"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/tunnel"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// protocol is one of the two, with a conversation that makes a tunnel: what the
// proxy reads, and what it answers, in turn.
type protocol struct {
	name  string
	turns []turn
	dial  func(ctx context.Context, nc net.Conn) (net.Conn, error)
}

type turn struct {
	read   int
	answer string
}

func protocols() []protocol {
	return []protocol{
		{
			"connect",
			[]turn{{
				len("CONNECT  HTTP/1.1\r\nHost: \r\nA: b\r\n\r\n") + 2*len(target),
				"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n",
			}},
			func(ctx context.Context, nc net.Conn) (net.Conn, error) {
				return tunnel.Connect(ctx, nc, target, map[string][]string{"A": {"b"}})
			},
		},
		{
			"socks5",
			[]turn{{4, "\x05\x02"}, {3 + len("user") + len(canary), "\x01\x00"}, {7 + len("origin.example"), "\x05\x00\x00\x03\x04host\x01\xbb"}},
			func(ctx context.Context, nc net.Conn) (net.Conn, error) {
				return tunnel.SOCKS5(ctx, nc, target, url.UserPassword("user", canary))
			},
		},
	}
}

// play follows the conversation until the proxy has written n bytes. It reports
// whether the client was there all the time.
func (p protocol) play(c *wiretest.Conn, n int) bool {
	for _, turn := range p.turns {
		if _, ok := c.ReadBody(turn.read); !ok {
			return false
		}
		if len(turn.answer) > n {
			return c.Write(turn.answer[:n])
		}
		c.Write(turn.answer)
		n -= len(turn.answer)
	}
	return true
}

// points is how many bytes the proxy writes in all.
func (p protocol) points() (n int) {
	for _, turn := range p.turns {
		n += len(turn.answer)
	}
	return n
}

// eachPoint runs f for each number of bytes that the proxy may have written when
// something happens to it.
func eachPoint(t *testing.T, f func(t *testing.T, p protocol, n int)) {
	t.Helper()
	for _, p := range protocols() {
		for n := range p.points() {
			t.Run(fmt.Sprintf("%s after %d", p.name, n), func(t *testing.T) {
				t.Parallel()
				f(t, p, n)
			})
		}
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(c *wiretest.Conn) {
				p.play(c, p.points())
				echo(c)
			}, func(t *testing.T, _ *wiretest.Server, w *watched) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				nc, err := p.dial(ctx, w)
				wantUsable(t, nc, err, w)
				cancel() // the tunnel is no longer the context's
				time.Sleep(time.Hour)
				talk(t, nc, "")
				wantUsable(t, nc, err, w)
			})
		})
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	eachPoint(t, func(t *testing.T, p protocol, n int) {
		bubble(t, func(c *wiretest.Conn) { p.play(c, n) }, func(t *testing.T, _ *wiretest.Server, w *watched) {
			nc, err := p.dial(t.Context(), w)
			wantFailed(t, nc, err, w, errors.ErrServerDisconnected, errors.ErrClientProxyConnection, io.ErrUnexpectedEOF)
		})
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	eachPoint(t, func(t *testing.T, p protocol, n int) {
		bubble(t, func(c *wiretest.Conn) {
			p.play(c, n)
			c.Reset()
		}, func(t *testing.T, _ *wiretest.Server, w *watched) {
			nc, err := p.dial(t.Context(), w)
			wantFailed(t, nc, err, w, errors.ErrServerDisconnected, errors.ErrClientProxyConnection, syscall.ECONNRESET)
		})
	})
}

func TestStall(t *testing.T) {
	t.Parallel()
	eachPoint(t, func(t *testing.T, p protocol, n int) {
		bubble(t, func(c *wiretest.Conn) {
			p.play(c, n)
			c.Stall()
		}, func(t *testing.T, _ *wiretest.Server, w *watched) {
			err := quits(t, func(ctx context.Context) error {
				nc, err := p.dial(ctx, w)
				wantFailed(t, nc, err, w, errors.ErrClientProxyConnection)
				return err
			})
			if e := (*tunnel.Error)(nil); !errors.As(err, &e) || e.Kind != nil || e.Timeout() {
				t.Errorf("got %#v, want an *Error without a kind that is no timeout", err)
			}
		})
	})
}

// A proxy may go away within what it is sent.
func TestCutWrites(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		total := 0
		for _, turn := range p.turns {
			total += turn.read
		}
		for n := range total {
			t.Run(fmt.Sprintf("%s after %d", p.name, n), func(t *testing.T) {
				t.Parallel()
				client, server := net.Pipe()
				go func() {
					defer server.Close()
					left := n
					for _, turn := range p.turns {
						size := min(left, turn.read)
						if _, err := io.ReadFull(server, make([]byte, size)); err != nil || size < turn.read {
							return
						}
						io.WriteString(server, turn.answer)
						left -= size
					}
				}()
				w := &watched{Conn: client}
				nc, err := p.dial(t.Context(), w)
				wantFailed(t, nc, err, w, errors.ErrServerDisconnected, errors.ErrClientProxyConnection, io.ErrClosedPipe)
			})
		}
	}
}

// A proxy that reads nothing makes the writes block.
func TestStallWrites(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				defer server.Close()
				w := &watched{Conn: client}
				quits(t, func(ctx context.Context) error {
					nc, err := p.dial(ctx, w)
					wantFailed(t, nc, err, w, errors.ErrClientProxyConnection)
					return err
				})
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, _ *wiretest.Server, w *watched) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				nc, err := p.dial(ctx, w)
				wantFailed(t, nc, err, w, context.DeadlineExceeded)
				if !err.(*tunnel.Error).Timeout() {
					t.Errorf("got %v, want a timeout", err)
				}
			})
		})
	}
}

// A deadline that the caller has set stays his: it is neither lifted nor blamed
// on the context.
func TestOwnDeadline(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, _ *wiretest.Server, w *watched) {
				w.SetDeadline(time.Now().Add(time.Second))
				nc, err := p.dial(t.Context(), w)
				wantFailed(t, nc, err, w, errors.ErrClientProxyConnection)
				if errors.Is(err, context.DeadlineExceeded) || !err.(*tunnel.Error).Timeout() {
					t.Errorf("got %v, want a timeout that is not the context's", err)
				}
			})
		})
	}
}

func TestAlreadyDone(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, srv *wiretest.Server, w *watched) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				nc, err := p.dial(ctx, w)
				wantFailed(t, nc, err, w, context.Canceled)
				if sent := srv.Received(0); sent != "" {
					t.Errorf("sent %q, want nothing", sent)
				}
			})
		})
	}
}

// deadlineless is a connection that cannot have deadlines.
type deadlineless struct{ net.Conn }

func (deadlineless) SetDeadline(time.Time) error { return errors.ErrUnsupported }

func TestWithoutDeadlines(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, (*wiretest.Conn).Stall, func(t *testing.T, _ *wiretest.Server, w *watched) {
				quits(t, func(ctx context.Context) error {
					nc, err := p.dial(ctx, deadlineless{w})
					wantFailed(t, nc, err, w)
					return err
				})
			})
		})
	}
}

// The goodbye of TLS must not keep a call that is over from its end, although the
// proxy no longer reads and the buffers are full.
func TestStallTLS(t *testing.T) {
	t.Parallel()
	for _, p := range protocols() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			leaf := certs.For(t, certs.Options{})
			synctest.Test(t, func(t *testing.T) {
				below, server := memnet.Pipe(16, 0)
				defer below.Close()
				defer server.Close()
				far := tls.Server(server, leaf.Server())
				handshake := make(chan error, 1)
				go func() { handshake <- far.HandshakeContext(t.Context()) }()
				cfg := leaf.Client()
				cfg.InsecureSkipVerify = true
				near := tls.Client(below, cfg)
				if err := errors.Join(near.HandshakeContext(t.Context()), <-handshake); err != nil {
					t.Fatal(err)
				}
				quits(t, func(ctx context.Context) error {
					_, err := p.dial(ctx, near)
					return err
				})
			})
		})
	}
}
