package rawhead

import (
	"bytes"
	"math"
)

// Limits is what a [Scanner] holds heads to. The zero value has no limits, is strict
// and keeps nothing.
type Limits struct {
	// MaxLine is the longest status line, in bytes. 0 or negative: no limit.
	MaxLine int
	// MaxField is the longest field, name and value, in bytes. 0 or negative: no limit.
	MaxField int
	// MaxHeaders is how many fields a head may have; interim heads count for
	// themselves. 0 or negative: no limit.
	MaxHeaders int
	// Lenient leaves malformed heads to net/http, which lets some of them pass.
	// The limits hold all the same.
	Lenient bool
	// Keep keeps the fields of the final head for [Scanner.Fields].
	Keep bool
}

// Scanner looks at the heads of one response. The zero value is ready, with the zero
// [Limits]. It must not be copied while in use, nor used by two goroutines at once.
// It allocates only for an error and for what it keeps; without [Limits].Keep its
// memory does not grow.
type Scanner struct {
	limits Limits
	err    error

	state   state
	kind    kind  // of the field at hand
	digits  uint8 // how far kind's value has come: see length and coding
	step    uint8 // how far the status line has come: see statusByte
	cr      bool  // the last byte fed was a CR
	interim bool  // the head at hand is a 1xx, but not 101
	old     bool  // the head at hand is of HTTP/1.0 or before
	length  bool  // the head at hand has a whole Content-Length
	coding  bool  // the head at hand has a Transfer-Encoding

	held uint8 // bytes of a split name in name; longest+1 if it is longer
	name [longest]byte

	// Counts of what takes at least a byte each: 32 bits are gigabytes of one head.
	fields    uint32 // in the head at hand
	heads     uint32 // interim ones before it
	size      uint32 // how many digits the Content-Length at hand has
	firstSize uint32 // and the first one, if the head has one

	number uint64  // the Content-Length at hand, or digits of the status line
	first  uint64  // the first Content-Length of the head, if it has one
	left   int     // bytes that the status line or field at hand may still have
	kept   *keeper // nil: nothing of the head at hand is kept
}

// state is where in a head the next byte belongs.
type state uint8

const (
	atHead   state = iota // at the first byte of a head
	inStatus              // in the status line
	atLine                // at the first byte of a line after it
	inName                // in a name, or at the colon
	atValue               // right after the colon
	inValue               // in a value or its fold
	ended                 // after the final head, or after an error
)

// Reset makes the scanner ready for the next response, with new limits. What
// [Scanner.Fields] returned stays as it is: it is the caller's.
func (s *Scanner) Reset(l Limits) {
	*s = Scanner{}
	s.limits = l
}

// Done reports whether the final head has passed, without an error.
func (s *Scanner) Done() bool { return s.state == ended && s.err == nil }

// Interim returns how many interim heads (1xx but 101) have passed.
func (s *Scanner) Interim() int { return int(s.heads) }

// Fields returns the fields of the final head in the order they were sent. It is nil
// before [Scanner.Done], after an error, and without [Limits].Keep. The result is the
// caller's.
func (s *Scanner) Fields() []Field {
	if !s.Done() || s.kept == nil {
		return nil
	}
	return s.kept.fields
}

// Feed looks at the next bytes of the connection; it does not keep p. It returns an
// [*Error] if a byte in p breaks a rule, and the same one for every later call. How
// the bytes are split over the calls does not matter. After [Scanner.Done] it does
// nothing: the rest of p is the body's.
func (s *Scanner) Feed(p []byte) error {
	_, err := s.FeedHead(p)
	return err
}

// FeedHead is Feed that also tells how many bytes of p were the heads'; what comes
// after them is the body's. After an error the number has no meaning.
func (s *Scanner) FeedHead(p []byte) (n int, err error) {
	if s.state == ended {
		return 0, s.err
	}
	rest, err := s.feedLines(p)
	return len(p) - rest, err
}

// feedLines returns how many bytes of p are left over.
func (s *Scanner) feedLines(p []byte) (int, error) {
	for len(p) > 0 {
		if (s.state == atLine || s.state == atHead) && !s.cr && !s.limits.Lenient {
			if p = p[s.wholeLines(p):]; len(p) == 0 || s.state == ended {
				return len(p), s.err
			}
		}
		part := p
		i := bytes.IndexByte(p, '\n')
		if i >= 0 {
			part, p = p[:i], p[i+1:]
		} else {
			p = nil
		}
		if s.cr {
			s.cr = false
			if len(part) > 0 && !s.linePart([]byte{'\r'}) {
				return len(p), s.err
			}
		}
		if n := len(part) - 1; n >= 0 && part[n] == '\r' {
			part = part[:n]
			s.cr = i < 0
		}
		if len(part) > 0 && !s.linePart(part) {
			return len(p), s.err
		}
		if i >= 0 && !s.endLine() {
			return len(p), s.err
		}
		if s.state == ended {
			return len(p), nil
		}
	}
	return 0, nil
}

// linePart takes bytes of one line, at least one, without the line's end.
func (s *Scanner) linePart(b []byte) bool {
	if s.state == atHead {
		s.left = orNone(s.limits.MaxLine)
		s.state, s.old = inStatus, false
	}
	if s.state == inStatus {
		return s.statusPart(b)
	}
	if s.state == atLine {
		if isBlank(b[0]) {
			if s.fields == 0 {
				return s.fail(foldOfNothing, 0)
			}
			if s.kind == transferEncoding {
				return s.fail(foldedTE, 0)
			}
			s.state = inValue
		} else if !s.startField() {
			return false
		}
	}
	if s.state == inName {
		n, ok := s.namePart(b)
		if !ok || s.state == inName {
			return ok
		}
		b = b[n:]
	}
	if s.state == atValue && len(b) > 0 {
		s.state = inValue
		if isBlank(b[0]) {
			s.left++ // one blank is free
		}
	}
	return s.valuePart(b)
}

// endLine takes the end of a line.
func (s *Scanner) endLine() bool {
	switch s.state {
	case atHead, inStatus:
		return s.endStatus()
	case inName:
		if !s.limits.Lenient {
			return s.fail(noColon, 0)
		}
		s.endName(nil)
		s.state = atLine
	case atLine:
		if !s.endField() {
			return false
		}
		s.endHead()
	default:
		s.state = atLine
	}
	return true
}

// endHead takes the empty line after the fields.
func (s *Scanner) endHead() {
	if !s.interim {
		s.state = ended
		return
	}
	s.heads++
	s.state, s.step, s.fields = atHead, 0, 0
	s.length, s.coding = false, false
}

func (s *Scanner) fail(reason string, limit int) bool {
	s.err = &Error{Reason: reason, Limit: limit}
	s.state = ended
	return false
}

// orNone returns the limit, or more than there can be bytes. One less than the
// largest int: a free blank adds to it.
func orNone(limit int) int {
	if limit > 0 {
		return limit
	}
	return math.MaxInt - 1
}
