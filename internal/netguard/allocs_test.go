package netguard_test

import (
	"net/netip"
	"testing"

	"github.com/aiolos-http/aiolos/internal/netguard"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// The guard is asked for every connection's address, and must cost nothing where
// it lets it pass.
func TestPublicAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, s := range []string{"8.8.8.8", "2001:4860:4860::8888", "64:ff9b::8.8.8.8"} {
		addr := netip.MustParseAddr(s)
		if got := testing.AllocsPerRun(100, func() {
			if netguard.Public(addr) != nil {
				t.Fatal("refused")
			}
		}); got != 0 {
			t.Errorf("Public(%s): got %v allocations, want 0", s, got)
		}
	}
}

func BenchmarkPublic(b *testing.B) {
	addr := netip.MustParseAddr("2001:4860:4860::8888")
	b.ReportAllocs()
	for b.Loop() {
		if err := netguard.Public(addr); err != nil {
			b.Fatal(err)
		}
	}
}
