package happyeyeballs_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// direct are the ways to dial that need nothing of their own: one address, and
// several that are tried one after the other.
var direct = []struct {
	delay time.Duration
	addrs string
}{{0, "s1"}, {-1, "s1"}, {-1, "s1 f1"}}

func TestDirectAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	c := &conn{}
	for _, tt := range direct {
		d := &happyeyeballs.Dialer{
			Delay:   tt.delay,
			Attempt: func(context.Context, netip.AddrPort) (net.Conn, error) { return c, nil },
		}
		list, ctx := addrs(tt.addrs), t.Context()
		if got := testing.AllocsPerRun(100, func() {
			if _, _, err := d.Dial(ctx, list); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("%s, delay %v: got %v allocations, want 0", tt.addrs, tt.delay, got)
		}
	}
}

func TestDirectGoroutine(t *testing.T) {
	t.Parallel()
	for _, tt := range direct {
		var attempt string
		d := &happyeyeballs.Dialer{
			Delay: tt.delay,
			Attempt: func(context.Context, netip.AddrPort) (net.Conn, error) {
				attempt = goroutine()
				return &conn{}, nil
			},
		}
		if _, _, err := d.Dial(t.Context(), addrs(tt.addrs)); err != nil {
			t.Fatal(err)
		}
		wantText(t, tt.addrs+": goroutine of the attempt", attempt, goroutine())
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
