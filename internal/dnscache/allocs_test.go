package dnscache_test

import (
	"fmt"
	"testing"

	"github.com/aiolos-http/aiolos/internal/dnscache"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// warm is a cache with n hosts h0, h1, …
func warm(tb testing.TB, n int) *dnscache.Cache {
	tb.Helper()
	r := &resolver{addrs: "10.0.0.1 10.0.0.2 10.0.0.3 2001:db8::1"}
	c := dnscache.New(dnscache.Config{Resolver: r, TTL: 1 << 50})
	tb.Cleanup(c.Close)
	for i := range n {
		if _, _, err := c.Lookup(tb.Context(), fmt.Sprintf("h%d", i), "443", nil); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// The list that a hit returns is all that it allocates.
func TestHitAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	c := warm(t, 10)
	ctx := t.Context()
	got := testing.AllocsPerRun(100, func() {
		if _, how, err := c.Lookup(ctx, "h3", "443", nil); err != nil || how != dnscache.Hit {
			t.Fatal(how, err)
		}
	})
	if got > 1 {
		t.Errorf("a hit: got %v allocations, want at most 1", got)
	}
}

func BenchmarkHit(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := warm(b, n)
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, how, err := c.Lookup(ctx, "h0", "443", nil); err != nil || how != dnscache.Hit {
					b.Fatal(how, err)
				}
			}
		})
	}
}

func BenchmarkHitParallel(b *testing.B) {
	c := warm(b, 1000)
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, how, err := c.Lookup(ctx, "h0", "443", nil); err != nil || how != dnscache.Hit {
				b.Error(how, err)
				return
			}
		}
	})
}
