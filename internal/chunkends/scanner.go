package chunkends

import (
	"bytes"
	"math"
)

const (
	// MaxPending is how many ends a [Scanner] remembers that nobody has asked
	// for. net/http reads 4 KiB ahead, in which there is room for 682 chunks.
	MaxPending = 1024
	// maxDigits is the longest size that net/http reads.
	maxDigits = 16
)

// Scanner finds the ends of chunks, as offsets of the decoded body. The zero value
// is ready. It is used by one goroutine at a time.
type Scanner struct {
	state  state
	digits int
	size   uint64 // of the chunk at hand; at data: what is left of it
	seen   int64
	ends   []int64 // of chunks that were begun, in order; the first is at ends[from]
	from   int
}

// state is what the next byte is.
type state uint8

const (
	inSize    state = iota
	inRest          // of the line with the size
	inData          // of the chunk
	atCR            // after the data
	atLF            // after that
	lastChunk       // was there: only trailers are left
	lost            // this is no chunked body, or more is pending than is remembered
)

// Feed looks at the next bytes of the body as they were sent. It does not keep p.
func (s *Scanner) Feed(p []byte) {
	for len(p) > 0 && s.state < lastChunk {
		switch s.state {
		case inData:
			n := min(s.size, uint64(len(p)))
			s.seen += int64(n) //nolint:gosec // at most len(p)
			s.size -= n
			p = p[n:]
			if s.size == 0 {
				s.state = atCR
			}
		case inRest:
			i := bytes.IndexByte(p, '\n')
			if i < 0 {
				return
			}
			p = p[i+1:]
			s.beginChunk()
		default:
			s.framingByte(p[0])
			p = p[1:]
		}
	}
}

// framingByte takes a byte of a chunk's size, or of the CRLF after its data.
func (s *Scanner) framingByte(c byte) {
	switch s.state {
	case atCR:
		s.state = stateIf(c == '\r', atLF)
	case atLF:
		s.state = stateIf(c == '\n', inSize)
	default:
		digit, ok := hexDigit(c)
		switch {
		case ok && s.digits < maxDigits:
			s.size = s.size<<4 | digit
			s.digits++
		case ok || s.digits == 0:
			s.state = lost
		case c == '\n':
			s.beginChunk()
		default:
			s.state = inRest
		}
	}
}

func stateIf(ok bool, next state) state {
	if ok {
		return next
	}
	return lost
}

// beginChunk takes the end of the line with the size.
func (s *Scanner) beginChunk() {
	s.digits = 0
	switch {
	case s.size == 0:
		s.state = lastChunk
	case s.size > uint64(math.MaxInt64-s.seen) || len(s.ends)-s.from == MaxPending: //nolint:gosec // seen is not negative
		s.state = lost // the first has no end that anybody will see
	default:
		if s.from > 0 && len(s.ends) == cap(s.ends) {
			s.ends = s.ends[:copy(s.ends, s.ends[s.from:])]
			s.from = 0
		}
		s.ends = append(s.ends, s.seen+int64(s.size)) //nolint:gosec // checked above
		s.state = inData
	}
}

func hexDigit(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return uint64(c|0x20-'a') + 10, true
	}
	return 0, false
}

// End returns where the chunk ends to which the byte at the offset at belongs, or 0
// if its size has not come. The ends of chunks before it are forgotten: offsets must
// not fall. It is known before the chunk's bytes have come.
func (s *Scanner) End(at int64) int64 {
	for s.from < len(s.ends) && s.ends[s.from] <= at {
		s.from++
	}
	if s.from == len(s.ends) {
		s.ends, s.from = s.ends[:0], 0
		return 0
	}
	return s.ends[s.from]
}

// Seen is how many bytes of the decoded body have come by.
func (s *Scanner) Seen() int64 { return s.seen }

// Lost reports whether no end will come any more, although the body may go on: what
// was fed is no chunked body, a chunk has a size that cannot be, or more than
// [MaxPending] ends were not asked for.
func (s *Scanner) Lost() bool { return s.state == lost }
