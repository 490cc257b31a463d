package dial_test

import (
	"context"
	stderrors "errors"
	"net/netip"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
)

// silentPort is one of 127.0.0.1 where nothing answers: the queue of who listens is full.
func silentPort(t *testing.T) string {
	t.Helper()
	newSocket := func() int {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		return fd
	}
	fd := newSocket()
	loopback := syscall.SockaddrInet4{Addr: netip.MustParseAddr("127.0.0.1").As4()}
	if err := syscall.Bind(fd, &loopback); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := syscall.Connect(newSocket(), at); err != nil && err != syscall.EINPROGRESS {
			t.Fatal(err)
		}
	}
	return strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
}

// TestConnectEnds: connecting ends with SockConnect, and with the caller.
func TestConnectEnds(t *testing.T) {
	t.Parallel()
	const soon = 50 * time.Millisecond
	within := func(d time.Duration) func(*testing.T) context.Context {
		return func(t *testing.T) context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			t.Cleanup(cancel)
			return ctx
		}
	}
	tests := []struct {
		name        string
		ctx         func(*testing.T) context.Context
		sockConnect time.Duration
		timeout     bool // of SockConnect
		want        error
	}{
		{"sock_connect", (*testing.T).Context, soon, true, errors.ErrConnectionTimeout},
		{"sock_connect before the caller's", within(time.Hour), soon, true, errors.ErrConnectionTimeout},
		{"sock_connect, and no end else", func(*testing.T) context.Context { return context.Background() }, soon, true, errors.ErrConnectionTimeout},
		{"the caller's deadline", within(soon), time.Hour, false, context.DeadlineExceeded},
		{"the caller's deadline alone", within(soon), 0, false, context.DeadlineExceeded},
		{"the caller's end", func(t *testing.T) context.Context {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(soon, cancel)
			return ctx
		}, time.Hour, false, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := dial.New(dial.Config{})
			target := dial.Target{Host: "127.0.0.1", Port: silentPort(t)}
			nc, err := d.Dial(tt.ctx(t), target, &dial.Attempt{SockConnect: tt.sockConnect})
			if err == nil {
				nc.Close()
			}
			late, isLate := stderrors.AsType[*errors.TimeoutError](err)
			if !stderrors.Is(err, tt.want) || isLate != tt.timeout {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if isLate && (late.Phase != errors.PhaseDial || late.Limit != soon) {
				t.Errorf("got the phase %v and the limit %v, want %v and %v", late.Phase, late.Limit, errors.PhaseDial, soon)
			}
		})
	}
}
