package rawhead_test

import (
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/rawhead"
)

// around has every byte at every place of words of eight, with what borrows and
// carries could spoil next to it.
func around(t *testing.T, check func(c byte, text string)) {
	t.Helper()
	for _, fill := range []string{"a", "Z", "-", "0", "z", "A", "_", "~", "!"} {
		for at := range 18 {
			for c := range 256 {
				check(byte(c), strings.Repeat(fill, at)+string([]byte{byte(c)})+strings.Repeat(fill, 17-at))
			}
		}
	}
}

func TestNameBytes(t *testing.T) {
	t.Parallel()
	const tchars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	around(t, func(c byte, text string) {
		if c == ':' || c == '\n' {
			return
		}
		_, err := scan(rawhead.Limits{}, ok+text+": b\r\n\r\n")
		if want := strings.IndexByte(tchars, c) >= 0; (err == nil) != want {
			t.Errorf("name %q: got %v, want allowed %v", text, err, want)
		}
	})
}

func TestValueBytes(t *testing.T) {
	t.Parallel()
	around(t, func(c byte, text string) {
		if c == '\n' {
			return
		}
		want := c == '\t' || c >= ' ' && c != 0x7f
		for _, head := range []string{
			ok + "A: " + text + "\r\n\r\n",
			ok + "A: \x80\xff\t\xa0\t" + text + "\xff\x80\t\r\n\r\n",
			"HTTP/1.1 200 " + text + "\r\n\r\n",
		} {
			_, err := scan(rawhead.Limits{}, head)
			if lineEnd := c == '\r' && strings.Contains(head, "\r\r\n"); (err == nil) != want && !lineEnd {
				t.Errorf("%q: got %v, want allowed %v", head, err, want)
			}
		}
	})
}

// TestNamesOfFraming: only the very names frame the body.
func TestNamesOfFraming(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Content-Length", "Transfer-Encoding"} {
		for i := range len(name) {
			for c := range 256 {
				b := []byte(name)
				b[i] = byte(c)
				_, err := scan(rawhead.Limits{}, ok+string(b)+": x\r\n\r\n")
				got := reason(t, err)
				framing := got == badCL || got == badTE
				if want := strings.EqualFold(string(b), name) && c < 0x80; framing != want {
					t.Errorf("%q: got %q, want framing %v", b, got, want)
				}
			}
		}
	}
}
