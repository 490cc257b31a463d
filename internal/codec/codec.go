// Package codec undoes content codings (RFC 9110 8.4) and applies them: gzip,
// deflate, br (RFC 7932), zstd (RFC 8878), and those of the caller's making.
//
// Decoders and encoders are pooled. Setting one up costs more than a small body,
// so that pooling counts for more than the speed of the decoder. What a body may
// decode to is bounded; see [Limits].
package codec

import (
	"io"
	"strings"
)

// maxStacked bounds the codings that a response may have on top of each other.
// It is curl's bound too. aiohttp undoes one.
const maxStacked = 5

// Codec is a coding of the caller's making, or one that takes the place of a
// built-in one (aiohttp: set_zlib_backend).
type Codec struct {
	// Name is the token of Content-Encoding; case does not matter.
	Name string
	// NewReader decodes src, which has a byte at least. Its reader is used by one
	// goroutine at a time, and closed once, at the end or before. It need not read
	// src to its end: a byte that it leaves is an error.
	NewReader func(src io.Reader) (io.ReadCloser, error)
}

// Decoding says how bodies are decoded. The zero value knows the built-in
// codings and has the default limits. It is safe for concurrent use.
type Decoding struct {
	// Codecs come before the built-in codings; of two with one name the first
	// counts.
	Codecs []Codec
	Limits Limits
}

type kind uint8

const (
	unknown kind = iota
	identity
	gzipCoding
	deflateCoding
	brotliCoding
	zstdCoding
	customCoding
	kinds
)

// step is one coding to undo.
type step struct {
	kind kind
	open func(io.Reader) (io.ReadCloser, error) // of customCoding
}

func kindOf(coding string) kind {
	switch {
	case strings.EqualFold(coding, "gzip"), strings.EqualFold(coding, "x-gzip"):
		return gzipCoding
	case strings.EqualFold(coding, "deflate"):
		return deflateCoding
	case strings.EqualFold(coding, "br"):
		return brotliCoding
	case strings.EqualFold(coding, "zstd"):
		return zstdCoding
	case strings.EqualFold(coding, "identity"), coding == "":
		// RFC 9110 5.6.1: an empty element of a list does not count
		return identity
	}
	return unknown
}

func (d *Decoding) stepOf(coding string) step {
	for i := range d.Codecs {
		if strings.EqualFold(coding, d.Codecs[i].Name) {
			return step{customCoding, d.Codecs[i].NewReader}
		}
	}
	return step{kind: kindOf(coding)}
}

// NewReader is [Decoding.NewReader] of the zero value.
func NewReader(lines []string, src io.ReadCloser) (*Reader, bool) {
	return new(Decoding).NewReader(lines, src)
}

// NewReader undoes the codings that the lines of a Content-Encoding header
// name, the last first. It reports false, and leaves src alone, if there is
// nothing to undo, or a coding that is unknown, or too many: such a body is
// delivered as it is.
//
// Nothing is read before the first Read. Close closes src.
func (d *Decoding) NewReader(lines []string, src io.ReadCloser) (*Reader, bool) {
	steps, n := d.parseCodings(lines)
	if n == 0 {
		return nil, false
	}
	var outermost, innermost *Reader
	for i := n - 1; i >= 0; i-- {
		outermost = &Reader{step: steps[i], src: source{rc: src}, limits: d.Limits}
		if innermost == nil {
			innermost = outermost
		}
		outermost.wire = &innermost.src
		src = outermost
	}
	return outermost, true
}

// parseCodings returns the codings in the order in which they were applied, or none if
// there is one that cannot be undone.
func (d *Decoding) parseCodings(lines []string) (steps [maxStacked]step, n int) {
	for _, line := range lines {
		for more := true; more; {
			var coding string
			coding, line, more = strings.Cut(line, ",")
			s := d.stepOf(strings.Trim(coding, " \t")) // RFC 9110 5.6.3
			switch {
			case s.kind == identity:
				continue
			case s.kind == unknown || n == maxStacked:
				return steps, 0
			}
			steps[n] = s
			n++
		}
	}
	return steps, n
}
