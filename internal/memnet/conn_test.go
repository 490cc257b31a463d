package memnet_test

import (
	"bytes"
	"cmp"
	stderrors "errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/internal/memnet"
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// blocked runs f in a goroutine of the bubble, sees that it blocks, and returns
// a function that waits for its outcome.
func blocked(t *testing.T, f func() (int, error)) func() (int, error) {
	t.Helper()
	var n int
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		n, err = f()
	}()
	synctest.Wait()
	select {
	case <-done:
		t.Errorf("did not block: %d, %v", n, err)
	default:
	}
	return func() (int, error) { <-done; return n, err }
}

func reading(c net.Conn) func() (int, error) {
	return func() (int, error) { return c.Read(make([]byte, 10)) }
}

func writing(c net.Conn, size int) func() (int, error) {
	return func() (int, error) { return c.Write(make([]byte, size)) }
}

// wantError checks the class of an error, and that it names the operation.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !stderrors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if op := (*net.OpError)(nil); want != nil && want != io.EOF && !stderrors.As(err, &op) {
		t.Errorf("got %T, want a *net.OpError", err)
	}
	if ne := net.Error(nil); stderrors.As(err, &ne) && ne.Timeout() != stderrors.Is(want, os.ErrDeadlineExceeded) {
		t.Errorf("%v: Timeout() is %v", err, ne.Timeout())
	}
}

// ends are what can happen to a connection, and what both its ends get from
// reads and writes that are blocked then, and from later ones.
var ends = []struct {
	name                string
	do                  func(c *memnet.Conn)
	ownRead, ownWrite   error
	peerRead, peerWrite error // nil: the peer notices nothing
}{
	{
		name: "close", do: func(c *memnet.Conn) { c.Close() },
		ownRead: net.ErrClosed, ownWrite: net.ErrClosed, peerRead: io.EOF, peerWrite: syscall.EPIPE,
	},
	{
		name: "reset", do: func(c *memnet.Conn) { c.Reset() },
		ownRead: syscall.ECONNRESET, ownWrite: syscall.ECONNRESET,
		peerRead: syscall.ECONNRESET, peerWrite: syscall.ECONNRESET,
	},
	{
		name: "deadline", do: func(c *memnet.Conn) { c.SetDeadline(past) },
		ownRead: os.ErrDeadlineExceeded, ownWrite: os.ErrDeadlineExceeded,
	},
}

func TestEndsBlockedCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range ends {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := memnet.Pipe(4, 4)
				ownRead, peerRead := blocked(t, reading(a)), blocked(t, reading(b))
				tt.do(a)
				_, err := ownRead()
				wantError(t, err, tt.ownRead)
				_, err = endOf(b, tt.peerRead, peerRead)
				wantError(t, err, cmp.Or(tt.peerRead, net.ErrClosed))

				a, b = memnet.Pipe(4, 4)
				ownWrite, peerWrite := blocked(t, writing(a, 5)), blocked(t, writing(b, 6))
				tt.do(a)
				n, err := ownWrite()
				wantError(t, err, tt.ownWrite)
				if n != 4 {
					t.Errorf("written: got %d, want 4", n)
				}
				_, err = endOf(b, tt.peerWrite, peerWrite)
				wantError(t, err, cmp.Or(tt.peerWrite, net.ErrClosed))
			})
		})
	}
}

// endOf waits for a call of the peer, which has to be closed if it notices
// nothing.
func endOf(peer *memnet.Conn, notices error, wait func() (int, error)) (int, error) {
	if notices == nil {
		peer.Close()
	}
	return wait()
}

func TestEndsLaterCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range ends {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := memnet.Pipe(0, 0)
			io.WriteString(a, "to b")
			io.WriteString(b, "to a")
			tt.do(a)
			for range 2 {
				_, err := a.Read(make([]byte, 1))
				wantError(t, err, tt.ownRead)
				_, err = a.Write([]byte("x"))
				wantError(t, err, tt.ownWrite)
			}
			if tt.peerRead == nil {
				return
			}
			got, err := io.ReadAll(b)
			if string(got) != "to b" {
				t.Errorf("the peer got %q, want %q", got, "to b")
			}
			if tt.peerRead != io.EOF {
				wantError(t, err, tt.peerRead)
			}
			for range 2 {
				_, err := b.Read(make([]byte, 1))
				wantError(t, err, tt.peerRead)
				_, err = b.Write([]byte("x"))
				wantError(t, err, tt.peerWrite)
			}
		})
	}
}

func TestCloseWrite(t *testing.T) {
	t.Parallel()
	a, b := memnet.Pipe(0, 0)
	io.WriteString(a, "request")
	if err := a.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := a.CloseWrite(); err != nil {
		t.Errorf("again: %v", err)
	}
	_, err := a.Write([]byte("x"))
	wantError(t, err, syscall.EPIPE)
	got, err := io.ReadAll(b)
	if string(got) != "request" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	io.WriteString(b, "response")
	b.Close()
	if got, err := io.ReadAll(a); string(got) != "response" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	wantError(t, a.CloseWrite(), net.ErrClosed)
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	a, b := memnet.Pipe(0, 0)
	defer b.Close()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"Close":            a.Close,
		"SetDeadline":      func() error { return a.SetDeadline(time.Time{}) },
		"SetReadDeadline":  func() error { return a.SetReadDeadline(time.Now().Add(time.Hour)) },
		"SetWriteDeadline": func() error { return a.SetWriteDeadline(past) },
		"Read of nothing":  func() error { _, err := a.Read(nil); return err },
		"Write of nothing": func() error { _, err := a.Write(nil); return err },
	} {
		if err := f(); !stderrors.Is(err, net.ErrClosed) {
			t.Errorf("%s: got %v, want %v", name, err, net.ErrClosed)
		}
	}
	b.Reset()
	_, err := a.Read(make([]byte, 1))
	wantError(t, err, net.ErrClosed) // the own Close counts
}

func TestCapacity(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                   string
		toServer, toClient     int
		wantServer, wantClient int
	}{
		{"default", 0, 0, 64 << 10, 64 << 10},
		{"negative", -1, -1, 64 << 10, 64 << 10},
		{"each its own", 1, 100, 1, 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, server := memnet.Pipe(tt.toServer, tt.toClient)
				for _, end := range []struct {
					from, to net.Conn
					capacity int
				}{{client, server, tt.wantServer}, {server, client, tt.wantClient}} {
					if n, err := end.from.Write(make([]byte, end.capacity)); n != end.capacity || err != nil {
						t.Fatalf("a full buffer: got %d, %v", n, err)
					}
					wait := blocked(t, writing(end.from, 1))
					if n, err := end.to.Read(make([]byte, 1)); n != 1 || err != nil {
						t.Fatalf("read: got %d, %v", n, err)
					}
					if n, err := wait(); n != 1 || err != nil {
						t.Errorf("with room again: got %d, %v", n, err)
					}
				}
				client.Close()
				server.Close()
			})
		})
	}
}

// Everything that is written arrives once, in order, through a buffer that it
// does not fit into, and concurrent writes do not mix.
func TestTransfer(t *testing.T) {
	t.Parallel()
	a, b := memnet.Pipe(7, 7)
	const writers, each, size = 8, 50, 100
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for range each {
				if _, err := a.Write(bytes.Repeat([]byte{byte('a' + i)}, size)); err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	go func() { wg.Wait(); a.Close() }()
	got, err := io.ReadAll(b)
	if err != nil || len(got) != writers*each*size {
		t.Fatalf("got %d bytes, %v; want %d", len(got), err, writers*each*size)
	}
	for block := range len(got) / size {
		part := got[block*size : (block+1)*size]
		if !bytes.Equal(part, bytes.Repeat(part[:1], size)) {
			t.Fatalf("block %d is of several writes: %q", block, part)
		}
	}
}
