package memnet_test

import (
	"context"
	stderrors "errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

func listen(t *testing.T, n *memnet.Network, addr string) *memnet.Listener {
	t.Helper()
	ln, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func TestDial(t *testing.T) {
	t.Parallel()
	n := memnet.New()
	ln := listen(t, n, "host:80")
	client, err := n.DialContext(t.Context(), "tcp", "host:80") // nobody has accepted yet
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(client, "hello")
	client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(server); string(got) != "hello" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if got := client.RemoteAddr().String(); got != "host:80" {
		t.Errorf("remote address: got %q", got)
	}
	if client.LocalAddr() != server.RemoteAddr() || client.RemoteAddr() != server.LocalAddr() {
		t.Errorf("addresses: %v-%v and %v-%v", client.LocalAddr(), client.RemoteAddr(), server.LocalAddr(), server.RemoteAddr())
	}
	if _, _, err := net.SplitHostPort(client.LocalAddr().String()); err != nil {
		t.Error(err)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	n := memnet.New()
	a, b := listen(t, n, "host:0"), listen(t, n, "host:0")
	if a.Addr() == b.Addr() || strings.HasSuffix(a.Addr().String(), ":0") {
		t.Errorf("port 0: got %v and %v", a.Addr(), b.Addr())
	}
	_, err := n.Listen(a.Addr().String())
	wantError(t, err, syscall.EADDRINUSE)
	a.Close()
	a.Close()
	_, err = a.Accept()
	wantError(t, err, net.ErrClosed)
	_, err = n.DialContext(t.Context(), "tcp", a.Addr().String())
	wantError(t, err, syscall.ECONNREFUSED)
	listen(t, n, a.Addr().String()) // the address is free again
}

// Closing a listener resets what nobody has accepted, and ends a blocked Accept
// and a dial that waits for room.
func TestListenerClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		busy, lonely := listen(t, n, "busy:80"), listen(t, n, "lonely:80")
		var conns []net.Conn
		for range 128 {
			c, err := n.DialContext(t.Context(), "tcp", "busy:80")
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
		}
		waiting := blocked(t, func() (int, error) { _, err := n.DialContext(t.Context(), "tcp", "busy:80"); return 0, err })
		accept := blocked(t, func() (int, error) { _, err := lonely.Accept(); return 0, err })
		busy.Close()
		lonely.Close()
		_, err := waiting()
		wantError(t, err, syscall.ECONNREFUSED)
		_, err = accept()
		wantError(t, err, net.ErrClosed)
		for _, c := range conns {
			_, err := c.Read(make([]byte, 1))
			wantError(t, err, syscall.ECONNRESET)
			c.Close()
		}
	})
}

func TestHooks(t *testing.T) {
	t.Parallel()
	const addr = "host:80"
	for _, tt := range []struct {
		name  string
		hook  func(n *memnet.Network)
		want  error
		takes time.Duration
		bare  bool // the context's error as it is
	}{
		{"none", func(*memnet.Network) {}, nil, 0, false},
		{"refuse", func(n *memnet.Network) { n.Refuse(addr) }, syscall.ECONNREFUSED, 0, false},
		{"fail", func(n *memnet.Network) { n.Fail(addr, syscall.EHOSTUNREACH) }, syscall.EHOSTUNREACH, 0, false},
		{"blackhole", func(n *memnet.Network) { n.Blackhole(addr) }, context.DeadlineExceeded, time.Hour, true},
		{"delay", func(n *memnet.Network) { n.Delay(addr, time.Minute) }, nil, time.Minute, false},
		{"long delay", func(n *memnet.Network) { n.Delay(addr, 2*time.Hour) }, context.DeadlineExceeded, time.Hour, true},
		{"restored", func(n *memnet.Network) { n.Refuse(addr); n.Restore(addr) }, nil, 0, false},
		{"another address", func(n *memnet.Network) { n.Refuse("host:81") }, nil, 0, false},
		{"latest counts", func(n *memnet.Network) { n.Blackhole(addr); n.Refuse(addr) }, syscall.ECONNREFUSED, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := memnet.New()
				listen(t, n, addr)
				tt.hook(n)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				c, err := n.DialContext(ctx, "tcp", addr)
				if got := time.Since(start); got != tt.takes {
					t.Errorf("took %v, want %v", got, tt.takes)
				}
				switch op := (*net.OpError)(nil); {
				case !stderrors.Is(err, tt.want):
					t.Errorf("got %v, want %v", err, tt.want)
				case tt.bare && err != tt.want:
					t.Errorf("got %#v, want %v as it is", err, tt.want)
				case err != nil && !tt.bare && (!stderrors.As(err, &op) || op.Op != "dial"):
					t.Errorf("got %#v, want a *net.OpError of dial", err)
				}
				if err == nil {
					c.Close()
				}
				if got := n.Dials(addr); got != 1 {
					t.Errorf("dials: got %d, want 1", got)
				}
			})
		})
	}
}

func TestDialDone(t *testing.T) {
	t.Parallel()
	n := memnet.New()
	listen(t, n, "host:80")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.DialContext(ctx, "tcp", "host:80"); err != context.Canceled {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestSetBuffers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		ln := listen(t, n, "host:80")
		n.SetBuffers(3, 5)
		client, err := n.DialContext(t.Context(), "tcp", "host:80")
		if err != nil {
			t.Fatal(err)
		}
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []struct {
			conn net.Conn
			want int
		}{{client, 3}, {server, 5}} {
			end.conn.SetWriteDeadline(time.Now().Add(time.Second))
			n, err := end.conn.Write(make([]byte, 100))
			wantError(t, err, os.ErrDeadlineExceeded)
			if n != end.want {
				t.Errorf("got %d, want %d", n, end.want)
			}
		}
		client.Close()
		server.Close()
	})
}

// net/http's server and client talk over it, and five minutes of a slow handler
// pass in no time.
func TestHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(5 * time.Minute):
			case <-r.Context().Done():
			}
			io.Copy(w, r.Body)
		})}
		ln := listen(t, n, "host:80")
		go srv.Serve(ln)
		tr := &http.Transport{DialContext: n.DialContext}
		start := time.Now()
		resp, err := (&http.Client{Transport: tr}).Post("http://host/", "", strings.NewReader("echo"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != "echo" || err != nil || time.Since(start) != 5*time.Minute {
			t.Errorf("got %q, %v after %v", body, err, time.Since(start))
		}
		_, err = (&http.Client{Transport: tr, Timeout: time.Minute}).Get("http://host/")
		if !stderrors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		tr.CloseIdleConnections()
		srv.Close()
	})
}
