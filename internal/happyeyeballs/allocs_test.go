package happyeyeballs_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"

	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

// One address takes neither a goroutine nor an allocation of its own, and so do
// several that are tried one after the other.
func TestSingleAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	c := &conn{}
	caller := goroutine()
	d := &happyeyeballs.Dialer{Attempt: func(context.Context, netip.AddrPort) (net.Conn, error) { return c, nil }}
	one := addrs("s1")
	ctx := t.Context()
	if got := testing.AllocsPerRun(100, func() {
		if _, _, err := d.Dial(ctx, one); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
	d.Attempt = func(context.Context, netip.AddrPort) (net.Conn, error) {
		if goroutine() != caller {
			t.Error("the attempt has a goroutine of its own")
		}
		return c, nil
	}
	for _, delay := range []int{0, -1} {
		list := one
		if d.Delay = -1; delay == 0 {
			d.Delay = 0
		} else {
			list = addrs("s1 f1")
		}
		if _, _, err := d.Dial(ctx, list); err != nil {
			t.Fatal(err)
		}
	}
}

// goroutine is the head of the caller's stack: "goroutine 7".
func goroutine() string {
	buf := make([]byte, 64)
	buf = buf[:runtime.Stack(buf, false)]
	for i, b := range buf {
		if b == '[' {
			return string(buf[:i])
		}
	}
	return string(buf)
}

func BenchmarkDial(b *testing.B) {
	c := &conn{}
	d := &happyeyeballs.Dialer{Attempt: func(context.Context, netip.AddrPort) (net.Conn, error) { return c, nil }}
	for name, list := range map[string]string{"one": "s1", "four": "s1 s2 f1 f2"} {
		b.Run(name, func(b *testing.B) {
			list, ctx := addrs(list), b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := d.Dial(ctx, list); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
