// Package codec undoes content codings (RFC 9110 8.4): gzip and deflate, with
// pooled decoders. Setting up a decoder costs more than a small body, so that
// pooling counts for more than the speed of the decoder.
package codec

import (
	"io"
	"strings"
)

// maxStacked bounds the codings that a response may have on top of each other.
const maxStacked = 5

// Known reports whether coding can be undone. Case does not matter, and no
// coding at all is one that can.
func Known(coding string) bool { return kindOf(coding) != unknown }

type kind uint8

const (
	unknown kind = iota
	identity
	gzipCoding
	deflateCoding
)

func kindOf(coding string) kind {
	switch {
	case strings.EqualFold(coding, "gzip"), strings.EqualFold(coding, "x-gzip"):
		return gzipCoding
	case strings.EqualFold(coding, "deflate"):
		return deflateCoding
	case strings.EqualFold(coding, "identity"), coding == "":
		// RFC 9110 5.6.1: an empty element of a list does not count
		return identity
	}
	return unknown
}

// NewReader undoes the codings that the lines of a Content-Encoding header
// name, the last first. It reports false, and leaves src alone, if there is
// nothing to undo, or a coding that is unknown, or too many: such a body is
// delivered as it is.
//
// Nothing is read before the first Read. Close closes src.
func NewReader(lines []string, src io.ReadCloser) (*Reader, bool) {
	kinds, n := parse(lines)
	if n == 0 {
		return nil, false
	}
	var outermost *Reader
	for i := n - 1; i >= 0; i-- {
		outermost = &Reader{kind: kinds[i], src: source{rc: src}}
		src = outermost
	}
	return outermost, true
}

// parse returns the codings in the order in which they were applied, or none if
// there is one that cannot be undone.
func parse(lines []string) (kinds [maxStacked]kind, n int) {
	for _, line := range lines {
		for more := true; more; {
			var coding string
			coding, line, more = strings.Cut(line, ",")
			k := kindOf(strings.TrimSpace(coding))
			switch {
			case k == identity:
				continue
			case k == unknown || n == maxStacked:
				return kinds, 0
			}
			kinds[n] = k
			n++
		}
	}
	return kinds, n
}
