package netguard_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/netguard"
)

// hosts are what CanonicalIPv4 must tell apart.
var hosts = []struct {
	host               string
	numeric, canonical bool
}{
	{"127.0.0.1", true, true},
	{"0.0.0.0", true, true},
	{"255.255.255.255", true, true},
	{"8.8.8.8", true, true},
	{"2130706433", true, false},
	{"017700000001", true, false},
	{"0x7f000001", true, false},
	{"0X7F000001", true, false},
	{"0x7f.1", true, false},
	{"0x7f.0x0.0x0.0x1", true, false},
	{"127.1", true, false},
	{"127.0.1", true, false},
	{"0177.0.0.1", true, false},
	{"127.0.0.01", true, false},
	{"08.0.0.1", true, false},
	{"00.0.0.0", true, false},
	{"0", true, false},
	{"127.0.0.1.", true, false},
	{"2130706433.", true, false},
	{"127.0.0.1..", true, false},
	{"127..1", true, false},
	{".127.0.0.1", true, false},
	{"256.0.0.1", true, false},
	{"1.2.3.4.5", true, false},
	{"4294967296", true, false},
	{"99999999999999999999999999", true, false},
	{"0x", true, false},
	{"0x.0x.0x.0x", true, false},
	{"127.0.0.1 example.com", true, false},
	{" 127.0.0.1", true, false},
	{"127.0.0.1\n", true, false},
	{"", false, false},
	{".", false, false},
	{" ", false, false},
	{"example.com", false, false},
	{"1.example.com", false, false},
	{"127.0.0.1.nip.io", false, false},
	{"127.0.0.1a", false, false},
	{"foo.1", false, false},
	{"1e3", false, false},
	{"x7f.1", false, false},
	{"0xg", false, false},
	{"7f.0.0.1", false, false},
	{"-1", false, false},
	{"+127.0.0.1", false, false},
	{"::1", false, false},
	{"::ffff:127.0.0.1", false, false},
	{"[::1]", false, false},
	{"fe80::1%1", false, false},
	{"abc", false, false},
	{"dead.beef", false, false},
}

func TestCanonicalIPv4(t *testing.T) {
	t.Parallel()
	for _, tt := range hosts {
		numeric, canonical := netguard.CanonicalIPv4(tt.host)
		if numeric != tt.numeric || canonical != tt.canonical {
			t.Errorf("CanonicalIPv4(%q): got %v, %v, want %v, %v",
				tt.host, numeric, canonical, tt.numeric, tt.canonical)
		}
	}
}

// aton reads an address as inet_aton(3) of POSIX does: one to four parts, each
// decimal, octal or hexadecimal, the last one filling what is left.
func aton(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return false
	}
	for i, p := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 32 - 8*i
		}
		if p == "" || strings.ContainsAny(p, "_+-") {
			return false
		}
		lower := strings.ToLower(p)
		if strings.HasPrefix(lower, "0b") || strings.HasPrefix(lower, "0o") {
			return false // Go's, not C's
		}
		if _, err := strconv.ParseUint(p, 0, bits); err != nil {
			return false
		}
	}
	return true
}

func FuzzCanonicalIPv4(f *testing.F) {
	for _, tt := range hosts {
		f.Add(tt.host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		numeric, canonical := netguard.CanonicalIPv4(host)
		addr, err := netip.ParseAddr(host)
		if want := err == nil && addr.Is4(); canonical != want {
			t.Errorf("%q is canonical: got %v, want %v", host, canonical, want)
		}
		if canonical && !numeric {
			t.Errorf("%q is canonical and not numeric", host)
		}
		if aton(host) && !numeric {
			t.Errorf("%q is an address for inet_aton, and not found to be numeric", host)
		}
		if numeric && strings.ContainsAny(strings.TrimSpace(host), "ghijklmnopqrstuvwyz:%") &&
			!strings.ContainsAny(host, " \t\n\v\f\r") {
			t.Errorf("%q is numeric, though no number has such letters", host)
		}
		if dotted, _ := netguard.CanonicalIPv4(host + "."); numeric && !dotted {
			t.Errorf("%q is numeric, and not with a dot at its end", host)
		}
	})
}
