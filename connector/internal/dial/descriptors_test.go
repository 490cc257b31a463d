package dial_test

import (
	"context"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/wiretest"
)

// A socket that cannot be made for lack of descriptors is tried again for as long
// as some are freed, but not for ever.
func TestFreeDescriptors(t *testing.T) {
	t.Parallel()
	lack := dial.NoDescriptors[len(dial.NoDescriptors)-1]
	for _, tt := range []struct {
		name         string
		err          error // of the first sockets
		failing      int   // how many of them
		freeable     int   // how often something can be freed; -1: there is no function
		calls, freed int
		ok           bool
	}{
		{"none lacking", nil, 0, 9, 1, 0, true},
		{"freed once", lack, 1, 9, 2, 1, true},
		{"the other reason", dial.NoDescriptors[0], 2, 9, 3, 2, true},
		{"nothing left to free", lack, 5, 3, 4, 4, false},
		{"no function", lack, 1, -1, 1, 0, false},
		{"another failure", syscall.ECONNREFUSED, 1, 9, 1, 0, false},
		{"for ever", lack, 1000, 1000, 1 + dial.MaxFreed, dial.MaxFreed, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := wiretest.New(t, func(c *wiretest.Conn) { c.Stall() })
			var calls, freed atomic.Int64
			fail := func() error {
				if calls.Add(1) <= int64(tt.failing) {
					return os.NewSyscallError("socket", tt.err)
				}
				return nil
			}
			var free func() bool
			if tt.freeable >= 0 {
				free = func() bool { return freed.Add(1) <= int64(tt.freeable) }
			}
			own := dial.Config{FreeDescriptors: free, Control: func(string, string, syscall.RawConn) error { return fail() }}
			users := dial.Config{FreeDescriptors: free, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if err := fail(); err != nil {
					return nil, &net.OpError{Op: "dial", Net: network, Err: err}
				}
				return new(net.Dialer).DialContext(ctx, network, addr)
			}}
			for kind, cfg := range map[string]dial.Config{"own": own, "the user's": users} {
				calls.Store(0)
				freed.Store(0)
				d := newDialer(t, cfg)
				err := connect(t.Context(), d, targetOf(t, d, srv.URL(), ""), &dial.Attempt{})
				if (err == nil) != tt.ok || !tt.ok && !errors.Is(err, tt.err) {
					t.Errorf("%s: got %v", kind, err)
				}
				if c, f := int(calls.Load()), int(freed.Load()); c != tt.calls || f != tt.freed {
					t.Errorf("%s: got %d sockets and %d calls, want %d and %d", kind, c, f, tt.calls, tt.freed)
				}
			}
		})
	}
}

// Nothing is freed for those who have gone.
func TestFreeDescriptorsCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := newDialer(t, dial.Config{
		FreeDescriptors: func() bool { t.Error("called"); return false },
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			cancel()
			return nil, dial.NoDescriptors[0]
		},
	})
	if err := connect(ctx, d, targetOf(t, d, "http://a.test", ""), &dial.Attempt{}); err == nil {
		t.Error("got a connection")
	}
}
