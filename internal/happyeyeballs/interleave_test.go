package happyeyeballs_test

import (
	"net/netip"
	"testing"

	"github.com/aiolos-http/aiolos/internal/happyeyeballs"
)

func TestInterleave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 1, ""},
		{"f1", 1, "f1"},
		{"f1", 5, "f1"},
		{"f1 f2 f3", 1, "f1 f2 f3"},
		{"f1 f2 f3", 2, "f1 f2 f3"},
		{"s1 f1", 1, "s1 f1"},
		{"f1 s1", 1, "f1 s1"},
		{"s1 s2 s3 f1 f2 f3", 1, "s1 f1 s2 f2 s3 f3"},
		{"s1 s2 s3 f1 f2 f3", 2, "s1 s2 f1 s3 f2 f3"},
		{"s1 s2 s3 f1 f2 f3", 3, "s1 s2 s3 f1 f2 f3"},
		{"s1 s2 s3 f1 f2 f3", 4, "s1 s2 s3 f1 f2 f3"},
		{"s1 s2 s3 f1 f2 f3", 100, "s1 s2 s3 f1 f2 f3"},
		{"s1 s2 s3 f1 f2 f3", 0, "s1 f1 s2 f2 s3 f3"},
		{"s1 s2 s3 f1 f2 f3", -1, "s1 f1 s2 f2 s3 f3"},
		{"f1 f2 s1 s2", 1, "f1 s1 f2 s2"},
		{"f1 f2 s1 s2", 2, "f1 f2 s1 s2"},
		{"s1 f1 f2 f3", 1, "s1 f1 f2 f3"},
		{"s1 f1 f2 f3", 2, "s1 f1 f2 f3"},
		{"s1 s2 s3 f1", 1, "s1 f1 s2 s3"},
		{"f2 s2 f1 s1 s3", 1, "f2 s2 f1 s1 s3"},
		{"s3 f3 s1 f1 s2", 2, "s3 s1 f3 s2 f1"},
	} {
		in := addrs(tt.in)
		got := happyeyeballs.Interleave(in, tt.n)
		if names(got) != tt.want {
			t.Errorf("Interleave(%s, %d): got %s, want %s", tt.in, tt.n, names(got), tt.want)
		}
		if names(in) != tt.in {
			t.Errorf("Interleave(%s, %d) changed its argument to %s", tt.in, tt.n, names(in))
		}
		if len(in) > 0 && &got[0] == &in[0] {
			t.Errorf("Interleave(%s, %d) returned its argument", tt.in, tt.n)
		}
	}
}

// IPv4 in IPv6 reaches the IPv4 host, over IPv4.
func TestInterleaveMapped(t *testing.T) {
	t.Parallel()
	mapped := netip.MustParseAddrPort("[::ffff:10.0.0.9]:80")
	got := happyeyeballs.Interleave([]netip.AddrPort{mapped, addr("f1"), addr("s1")}, 1)
	if got[0] != mapped || names(got[1:]) != "s1 f1" {
		t.Errorf("got %v, want the mapped one, s1, f1", got)
	}
}
