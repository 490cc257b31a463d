package tunnel_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/memnet"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

const (
	canary = "s3cr3t-canary"
	target = "origin.example:443"
)

// watched is a connection that knows what was done to it.
type watched struct {
	net.Conn
	mu        sync.Mutex
	deadlines int
	closed    bool
}

func (w *watched) count() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadlines++
}

func (w *watched) SetDeadline(t time.Time) error     { w.count(); return w.Conn.SetDeadline(t) }
func (w *watched) SetReadDeadline(t time.Time) error { w.count(); return w.Conn.SetReadDeadline(t) }

func (w *watched) SetWriteDeadline(t time.Time) error { w.count(); return w.Conn.SetWriteDeadline(t) }

func (w *watched) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.Conn.Close()
}

// state is how many deadlines were set, and whether it was closed.
func (w *watched) state() (int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deadlines, w.closed
}

// bubble runs f with a connection to a proxy that follows the script.
func bubble(t *testing.T, script func(*wiretest.Conn), f func(t *testing.T, srv *wiretest.Server, nc *watched)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := memnet.New()
		ln, err := network.Listen("proxy:3128")
		if err != nil {
			t.Fatal(err)
		}
		srv := wiretest.NewOn(t, ln, script)
		nc, err := network.DialContext(t.Context(), "tcp", "proxy:3128")
		if err != nil {
			t.Fatal(err)
		}
		w := &watched{Conn: nc}
		t.Cleanup(func() { w.Conn.Close() })
		f(t, srv, w)
	})
}

// wantUsable fails unless nc is a tunnel on which no deadline was set.
func wantUsable(t *testing.T, nc net.Conn, err error, w *watched) {
	t.Helper()
	if err != nil || nc == nil {
		t.Fatalf("got %v, %v, want a tunnel", nc, err)
	}
	if deadlines, closed := w.state(); deadlines != 0 || closed {
		t.Errorf("%d deadlines set, closed %v, want 0, false", deadlines, closed)
	}
}

// wantFailed fails unless err is of the classes, is one line without secrets, and
// the connection was closed.
func wantFailed(t *testing.T, nc net.Conn, err error, w *watched, classes ...error) {
	t.Helper()
	if err == nil || nc != nil {
		t.Fatalf("got %v, %v, want an error alone", nc, err)
	}
	for _, class := range append(classes, errors.ErrClient) {
		if !errors.Is(err, class) {
			t.Errorf("got %v, want it to be %v", err, class)
		}
	}
	if text := err.Error(); strings.ContainsAny(text, "\r\n\x00") || strings.Contains(text, canary) || len(text) > 400 {
		t.Errorf("got the text %q", text)
	}
	if _, closed := w.state(); !closed {
		t.Error("the connection is open")
	}
}

// echo is a tunnel's far end.
func echo(c *wiretest.Conn) {
	for {
		s, ok := c.ReadBody(4)
		if !ok {
			return
		}
		c.Write(s)
	}
}

// talk fails unless the far end echoes, after what was early.
func talk(t *testing.T, nc net.Conn, early string) {
	t.Helper()
	go io.WriteString(nc, "ping")
	got := make([]byte, len(early)+4)
	if _, err := io.ReadFull(nc, got); err != nil || string(got) != early+"ping" {
		t.Errorf("got %q, %v, want %q", got, err, early+"ping")
	}
}

// quits runs f, and fails unless it ends at the very moment its context does. The
// context lives for a minute of the bubble.
func quits(t *testing.T, f func(ctx context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the caller's cause")
	start := time.Now()
	time.AfterFunc(time.Minute, func() { cancel(cause) })
	err := f(ctx)
	if took := time.Since(start); took != time.Minute {
		t.Errorf("took %v, want 1m", took)
	}
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("got %v, want Canceled and its cause", err)
	}
	return err
}
