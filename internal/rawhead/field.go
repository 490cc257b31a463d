package rawhead

import (
	"bytes"
	"math"
)

// kind tells the fields that frame the body from the others.
type kind uint8

const (
	plain kind = iota
	contentLength
	transferEncoding
)

// The fields that frame the body, in lower case, and the longest of their names.
const (
	lengthName = "content-length"
	codingName = "transfer-encoding"
	longest    = len(codingName)
)

const chunked = "chunked"

// startField takes the first byte of a field: the one before it was not folded.
func (s *Scanner) startField() bool {
	if !s.endField() {
		return false
	}
	if s.fields++; int(s.fields) > orNone(s.limits.MaxHeaders) {
		return s.fail(tooManyFields, s.limits.MaxHeaders)
	}
	s.state = inName
	s.left = orNone(s.limits.MaxField)
	s.held, s.kind = 0, plain // a name that is too long to be held sets none
	if s.kept != nil {
		s.kept.beginField()
	}
	return true
}

// endField takes the end of a field: what follows is known not to fold it.
func (s *Scanner) endField() bool {
	if s.fields == 0 {
		return true
	}
	if s.kind == contentLength && !s.endLength() {
		return false
	}
	if s.kind == transferEncoding && int(s.digits) < len(chunked) {
		return s.fail(badTE, 0)
	}
	if s.kept != nil {
		s.kept.endField()
	}
	return true
}

// endLength takes the end of a Content-Length. A second one must be the first over
// again (RFC 9110 8.6), with its leading zeros, as net/http compares them.
func (s *Scanner) endLength() bool {
	switch {
	case s.digits == 0:
		return s.fail(badLength, 0)
	case s.length && (s.number != s.first || s.size != s.firstSize):
		return s.fail(repeatedLength, 0)
	}
	s.length, s.first, s.firstSize = true, s.number, s.size
	return true
}

// namePart takes bytes of a name, and the colon if it is among them. It returns how
// many it took; if the name goes on, the state is still inName.
func (s *Scanner) namePart(b []byte) (n int, ok bool) {
	if s.limits.Lenient {
		if n = bytes.IndexByte(b, ':'); n < 0 {
			n = len(b)
		}
	} else {
		n = nameEnd(b)
	}
	if n > s.left {
		return 0, s.fail(fieldTooLong, s.limits.MaxField)
	}
	if n < len(b) && b[n] != ':' {
		if isBlank(b[n]) {
			return 0, s.fail(blankInName, 0)
		}
		return 0, s.fail(badName, 0)
	}
	s.left -= n
	if s.kept != nil {
		s.kept.addName(b[:n])
	}
	if n == len(b) {
		s.holdName(b)
		return n, true
	}
	return n + 1, s.endName(b[:n])
}

// holdName remembers a part of a name that goes on in the next piece, as far as it can
// be one that frames the body.
func (s *Scanner) holdName(b []byte) {
	if int(s.held)+len(b) > longest {
		s.held = uint8(longest + 1)
		return
	}
	copy(s.name[s.held:], b)
	s.held += uint8(len(b)) //nolint:gosec // it is no longer than longest
}

// endName takes the colon; b is what is new of the name.
func (s *Scanner) endName(b []byte) bool {
	s.state = atValue
	if s.limits.Lenient {
		return true
	}
	if s.held > 0 {
		s.holdName(b)
		if int(s.held) > longest {
			return true
		}
		b = s.name[:s.held]
	}
	if len(b) == 0 {
		return s.fail(emptyName, 0)
	}
	s.kind = kindOf(b)
	return s.kind == plain || s.startFraming()
}

// kindOf returns the kind of the field with a name.
func kindOf(name []byte) kind {
	switch len(name) {
	case len(lengthName):
		if string(name) == "Content-Length" || equalFold(name, lengthName) {
			return contentLength
		}
	case len(codingName):
		if equalFold(name, codingName) {
			return transferEncoding
		}
	}
	return plain
}

// startFraming takes the name of a field that frames the body.
func (s *Scanner) startFraming() bool {
	s.digits, s.number, s.size = 0, 0, 0
	if s.kind == contentLength && s.coding || s.kind == transferEncoding && s.length {
		return s.fail(lengthAndTE, 0)
	}
	if s.kind == transferEncoding {
		if s.coding && !s.old {
			return s.fail(repeatedTE, 0)
		}
		s.coding = true
	}
	if s.old && s.kind == transferEncoding {
		s.kind = plain // RFC 9112 6.1: only HTTP/1.1 has it, net/http drops it
	}
	return true
}

// valuePart takes bytes of a value, or none.
func (s *Scanner) valuePart(b []byte) bool {
	over := len(b) > s.left
	if over {
		b = b[:s.left+1] // what breaks a rule first is reported
	}
	if !s.limits.Lenient && !s.checkValue(b) {
		return false
	}
	if over {
		return s.fail(fieldTooLong, s.limits.MaxField)
	}
	s.left -= len(b)
	if s.kept != nil {
		s.kept.addValue(b)
	}
	return true
}

// checkValue takes bytes of a value, or none, of a field of any kind.
func (s *Scanner) checkValue(b []byte) bool {
	switch s.kind {
	case contentLength:
		return s.lengthPart(b) || s.fail(badLength, 0)
	case transferEncoding:
		return s.codingPart(b) || s.fail(badTE, 0)
	default:
		return isClean(b) || s.fail(badValue, 0)
	}
}

// lengthPart reports whether b goes on with a Content-Length: digits, with blanks
// around them, of at most 63 bits. In digits is 0 before the first, 1 among them, 2
// after the last.
func (s *Scanner) lengthPart(b []byte) bool {
	for _, c := range b {
		switch {
		case isBlank(c):
			if s.digits == 1 {
				s.digits = 2
			}
		case !isDigit(c) || s.digits == 2 || s.number > (math.MaxInt64-uint64(c-'0'))/10:
			return false
		default:
			s.digits = 1
			s.size++
			s.number = s.number*10 + uint64(c-'0')
		}
	}
	return true
}

// codingPart reports whether b goes on with "chunked", with blanks around it. In
// digits is how many of its letters have passed.
func (s *Scanner) codingPart(b []byte) bool {
	for _, c := range b {
		n := int(s.digits)
		switch {
		case isBlank(c):
			if n > 0 && n < len(chunked) {
				return false
			}
		case n == len(chunked) || c|0x20 != chunked[n]:
			return false
		default:
			s.digits++
		}
	}
	return true
}
