package dial_test

import (
	"testing"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// There is one rule for hosts, that of httprule; only dots at the end are more here.
func TestCanonicalHost(t *testing.T) {
	for _, host := range []string{
		"h", "H.test", "h.test.", "bücher.test", "B\u00dcCHER.test", "例え。", "::1", "FE80::1%eth0", "127.0.0.1",
		"", ".", ".h", "h,g", "h;g", "h/g", "h g", "h%41", "[::1]", "h:1", "x\xff", "a_b", "-a",
	} {
		want, wantOK := httprule.Host(host)
		if got, ok := dial.CanonicalHost(host); got != want || ok != wantOK {
			t.Errorf("%q: got %q, %v, want %q, %v", host, got, ok, want, wantOK)
		}
	}
	for host, want := range map[string]string{"h.test..": "h.test", "bücher.test..": "xn--bcher-kva.test"} {
		if got, ok := dial.CanonicalHost(host); got != want || !ok {
			t.Errorf("%q: got %q, %v, want %q", host, got, ok, want)
		}
	}
}
