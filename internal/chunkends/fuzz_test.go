package chunkends_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http/httputil"
	"slices"
	"testing"

	"github.com/aiolos-http/aiolos/internal/chunkends"
)

// FuzzScanner holds the scanner against the decoder of net/http: of any bytes that
// this one decodes, the scanner must know the same chunks, however they are fed.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{
		"", "0\r\n\r\n", chunk(1) + chunk(20) + "0\r\n\r\n", "3;a=b\r\nabc\r\n0;x\r\nT: 1\r\n\r\n", "2 \r\nab\r\n1\t\r\nc\r\n0\r\n",
		"5\r\n\r\n0\r\n\r\n0\r\n\r\n", "1\r\na\r\n1\r\nb", "A\r\n0123456789\r\n", "00000000000000002\r\nab\r\n", "7fffffffffffffff\r\nab", "ffffffffffffffff\r\nab",
		"1\r\nab\r\n", "1\na\n", "1\r\r\na\r\n", "-1\r\n", "\r\n", "1\r\na\r\n\r\n1\r\nb\r\n", "g\r\n",
	} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, raw []byte, n uint8) {
		if len(raw) > 1<<16 {
			return
		}
		want, whole := reference(raw)
		got := ends(raw, len(raw)+1)
		// What net/http refuses, it refuses before the next byte of data.
		if len(got) < len(want) || whole && len(got) > len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("got ends %v, net/http has %v\n%q", got, want, raw)
		}
		if split := ends(raw, int(n)+1); !slices.Equal(split, got) {
			t.Errorf("ends %v in pieces of %d, %v as a whole\n%q", split, n+1, got, raw)
		}
	})
}

// ends are those that a scanner finds, of whole chunks, with a reader that asks in
// time.
func ends(raw []byte, n int) []int64 {
	var s chunkends.Scanner
	var found []int64
	at := int64(0)
	for p := raw; len(p) > 0; {
		// As much as net/http reads at once, so that the bound is not reached.
		part := p[:min(n, len(p), 4096)]
		p = p[len(part):]
		s.Feed(part)
		for end := s.End(at); end > 0 && end <= s.Seen(); end = s.End(at) {
			found = append(found, end)
			at = end
		}
	}
	return found
}

// reference are the ends by net/http's decoder: it has read more than a byte of the
// source along with the last byte of a chunk, because it reads the framing that
// comes after if that is at hand. Without that framing there is no telling.
// whole says that the last chunk was there.
func reference(raw []byte) (found []int64, whole bool) {
	src := bytes.NewReader(raw)
	br := bufio.NewReaderSize(src, len(raw)+16)
	br.Peek(len(raw)) // all of it is at hand then
	r := httputil.NewChunkedReader(br)
	r.Read(nil) // the first size
	var b [1]byte
	for at := int64(1); ; at++ {
		before := br.Buffered()
		n, err := r.Read(b[:])
		if n == 1 && before-br.Buffered() > 1 {
			found = append(found, at)
		}
		if n == 0 || err != nil {
			return found, err == io.EOF
		}
	}
}

// TestReference: the reference is none that finds nothing.
func TestReference(t *testing.T) {
	t.Parallel()
	raw := chunk(1) + chunk(3) + chunk(1) + "2;x\r\nab\r\n0\r\n\r\n"
	if got := fmt.Sprint(reference([]byte(raw))); got != "[1 4 5 7] true" {
		t.Errorf("got %s", got)
	}
	all, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader([]byte(raw))))
	if err != nil || len(all) != 7 {
		t.Errorf("got %q, %v", all, err)
	}
}
