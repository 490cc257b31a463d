package chunkends_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/chunkends"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// scanned is all that a scanner tells of a body, fed in pieces of n bytes.
func scanned(raw string, n int) string {
	var s chunkends.Scanner
	var ends []int64
	at := int64(0)
	for p := []byte(raw); len(p) > 0; {
		piece := slices.Clone(p[:min(n, len(p))])
		p = p[len(piece):]
		s.Feed(piece)
		clear(piece) // it is the owner's
		for end := s.End(at); end > 0 && end <= s.Seen(); end = s.End(at) {
			ends = append(ends, end)
			at = end
		}
	}
	return fmt.Sprintf("%v of %d, then %d, done %v, lost %v", ends, s.Seen(), s.End(at), s.Done(), s.Lost())
}

func chunk(n int) string { return fmt.Sprintf("%x\r\n%s\r\n", n, strings.Repeat("x", n)) }

func TestScanner(t *testing.T) {
	t.Parallel()
	const last = "0\r\n\r\n"
	sizes := chunk(1) + chunk(4095) + chunk(4096) + chunk(4097)
	for _, tt := range []struct{ name, raw, want string }{
		{"nothing", "", "[] of 0, then 0, done false, lost false"},
		{"empty body", last, "[] of 0, then 0, done true, lost false"},
		{"sizes", sizes + last, "[1 4096 8192 12289] of 12289, then 0, done true, lost false"},
		{"hexadecimal", "A\r\n0123456789\r\nb\r\n01234567890\r\n" + last, "[10 21] of 21, then 0, done true, lost false"},
		{"leading zeros", "0003\r\nabc\r\n000\r\n\r\n", "[3] of 3, then 0, done true, lost false"},
		{"extensions", "3;a;b=\"0\r\nabc\r\n2 \r\nde\r\n0;x\r\n\r\n", "[3 5] of 5, then 0, done true, lost false"},
		{"framing as data", "5\r\n\r\n0\r\n\r\n2\r\n\r\n\r\n" + last, "[5 7] of 7, then 0, done true, lost false"},
		{"trailers and more", chunk(2) + "0\r\nA: 5\r\n\r\n5\r\nhello\r\n", "[2] of 2, then 0, done true, lost false"},
		{"cut in the size", chunk(2) + "1", "[2] of 2, then 0, done false, lost false"},
		{"cut before the data", "5\r\n", "[] of 0, then 5, done false, lost false"},
		{"cut in the data", "5\r\nabc", "[] of 3, then 5, done false, lost false"},
		{"cut after the data", "5\r\nabcde", "[5] of 5, then 0, done false, lost false"},
		{"no size", "\r\nabc", "[] of 0, then 0, done false, lost true"},
		{"no number", "<html>", "[] of 0, then 0, done false, lost true"},
		{"negative", "-1\r\n", "[] of 0, then 0, done false, lost true"},
		{"data too long", "1\r\nab\r\n", "[1] of 1, then 0, done false, lost true"},
		{"data without CR", "1\r\na\n1\r\n", "[1] of 1, then 0, done false, lost true"},
		{"data without LF", "1\r\na\r1\r\n", "[1] of 1, then 0, done false, lost true"},
		{"longest", "7fffffffffffffff\r\nab", "[] of 2, then 9223372036854775807, done false, lost false"},
		{"too long", "8000000000000000\r\nab", "[] of 0, then 0, done false, lost true"},
		{"too long together", chunk(1) + "7fffffffffffffff\r\nab", "[1] of 1, then 0, done false, lost true"},
		{"17 digits", "00000000000000001\r\na\r\n", "[] of 0, then 0, done false, lost true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{1, 2, 3, 7, 4096, 1 << 20} {
				if got := scanned(tt.raw, n); got != tt.want {
					t.Errorf("in pieces of %d: got %s\nwant %s", n, got, tt.want)
				}
			}
		})
	}
}

// TestBound: ends that nobody asks for do not pile up.
func TestBound(t *testing.T) {
	t.Parallel()
	var s chunkends.Scanner
	one := []byte(chunk(1))
	for range chunkends.MaxPending {
		s.Feed(one)
	}
	if s.Lost() || s.Seen() != chunkends.MaxPending || s.End(chunkends.MaxPending-1) != chunkends.MaxPending {
		t.Fatalf("lost %v after %d chunks", s.Lost(), s.Seen())
	}
	s.Reset()
	for range chunkends.MaxPending + 1 {
		s.Feed(one)
	}
	if !s.Lost() || s.End(0) != 1 || s.End(chunkends.MaxPending) != 0 {
		t.Errorf("lost %v, ends %d and %d", s.Lost(), s.End(0), s.End(chunkends.MaxPending))
	}
	s.Reset()
	if s.Feed(one); s.Lost() || s.End(0) != 1 {
		t.Errorf("after a reset: lost %v, end %d", s.Lost(), s.End(0))
	}
}

// TestEndSkips: a reader that has read on gets the end of the chunk where it is.
func TestEndSkips(t *testing.T) {
	t.Parallel()
	var s chunkends.Scanner
	s.Feed([]byte(chunk(3) + chunk(3) + chunk(3)))
	for _, tt := range [][2]int64{{0, 3}, {2, 3}, {4, 6}, {5, 6}, {6, 9}, {8, 9}, {9, 0}, {100, 0}} {
		if got := s.End(tt[0]); got != tt[1] {
			t.Errorf("at %d: got %d, want %d", tt[0], got, tt[1])
		}
	}
}

// TestScannerAllocs: once it has room for the ends of what is read ahead, it needs
// no more.
func TestScannerAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	var s chunkends.Scanner
	piece := []byte(strings.Repeat(chunk(1), 500))
	at := int64(0)
	got := testing.AllocsPerRun(100, func() {
		s.Feed(piece)
		for s.End(at) > 0 {
			at++
		}
	})
	if got > 0 || s.Lost() || at != s.Seen() {
		t.Errorf("got %v allocations, want none; lost %v, at %d of %d", got, s.Lost(), at, s.Seen())
	}
}
