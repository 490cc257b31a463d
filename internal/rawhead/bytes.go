package rawhead

import "slices"

// Eight bytes are looked at together: each byte of a word is tested by arithmetic
// that leaves its top bit set where the test holds.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
)

// markControls marks the bytes of w below 0x20, and 0x7f. A borrow can mark a byte
// wrongly, but only above one that is marked rightly: the lowest mark is exact.
func markControls(w uint64) uint64 {
	del := w ^ 0x7f*ones
	return ((w - 0x20*ones) | (del - ones)) &^ w & tops
}

// isClean reports whether b has no control character but HTAB.
func isClean(b []byte) bool { return valueEnd(b, 0) == len(b) }

// isToken reports whether c is a tchar (RFC 9110 5.6.2). The sets are bit masks; a
// shift by 64 or more gives 0, so each byte is found in one of them at most.
func isToken(c byte) bool {
	const (
		low = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' |
			1<<'-' | 1<<'.' | (1<<10-1)<<'0'
		high = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('^'-64) | 1<<('_'-64) |
			1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
	)
	return uint64(1)<<c&low|uint64(1)<<(c-64)&high != 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return c-'0' <= 9 }

// equalFold reports whether the token b is lower, which is of the same length, in
// lower case and has no characters but letters and dashes.
func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// trimBlanks cuts blanks off both ends.
func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return slices.Clip(b)
}
