package rawhead

import (
	"encoding/binary"
	"math/bits"
)

// wholeLines takes the status line and the fields at the start of p that are whole and
// usual, and returns how many bytes those had. It is a shorter way to what linePart and
// endLine do, and breaks off before anything else: that is theirs. The scanner is
// strict, and at the start of a head or of a line.
func (s *Scanner) wholeLines(p []byte) int {
	done := 0
	if s.state == atHead {
		if done = s.statusLine(p); done == 0 {
			return 0
		}
	}
	maxField, free := orNone(s.limits.MaxField), orNone(s.limits.MaxHeaders)-int(s.fields)
	for free > 0 {
		b := p[done:]
		colon := nameEnd(b)
		if colon == 0 {
			return done + s.emptyLine(b)
		}
		if colon == len(b) || b[colon] != ':' {
			break
		}
		end := valueEnd(b, colon+1)
		n := lineLen(b, end)
		size := end - 1
		if n > 0 && isBlank(b[colon+1]) {
			size--
		}
		if n == 0 || size > maxField {
			break
		}
		if (s.kind != plain || s.kept != nil) && !s.endField() {
			break
		}
		free--
		s.fields++
		s.left = maxField - size
		s.kind = kindOf(b[:colon])
		if s.kind != plain && (!s.startFraming() || !s.checkValue(b[colon+1:end])) {
			break
		}
		if s.kept != nil {
			s.kept.beginField()
			s.kept.addName(b[:colon])
			s.kept.addValue(b[colon+1 : end])
		}
		done += n
	}
	return done
}

// statusLine takes the status line at the start of p, if it is whole and usual, and
// returns its length with its end, else 0.
func (s *Scanner) statusLine(p []byte) int {
	const code = len(usual)
	if len(p) < code+4 || string(p[:code]) != usual || p[code+3] != ' ' ||
		p[code] == '0' || !isDigit(p[code]) || !isDigit(p[code+1]) || !isDigit(p[code+2]) {
		return 0
	}
	end := valueEnd(p, code+4)
	n := lineLen(p, end)
	if n == 0 || end > orNone(s.limits.MaxLine) {
		return 0
	}
	s.old = false
	s.interim = p[code] == '1' && string(p[code:code+3]) != "101"
	s.startFields()
	return n
}

// emptyLine takes the empty line after the fields, if b starts with it, and returns
// its length, else 0.
func (s *Scanner) emptyLine(b []byte) int {
	n := lineLen(b, 0)
	if n > 0 && s.endField() {
		s.endHead()
	}
	return n
}

// lineLen returns the length of a line whose text ends at end, with CRLF or LF, or 0
// if neither follows.
func lineLen(b []byte, end int) int {
	if end < len(b) && b[end] == '\r' {
		end++
	}
	if end < len(b) && b[end] == '\n' {
		return end + 1
	}
	return 0
}

// nameEnd returns where in b the first byte is that may not be part of a name, or
// len(b).
func nameEnd(b []byte) int {
	i := 0
	for i <= len(b)-8 {
		m := markOthers(binary.LittleEndian.Uint64(b[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if b[i] == ':' || !isToken(b[i]) {
			return i
		}
		i++
	}
	for i < len(b) && isToken(b[i]) {
		i++
	}
	return i
}

// markOthers marks the bytes of w that are neither letters nor dashes. No byte's sum
// carries into the next.
func markOthers(w uint64) uint64 {
	low := w &^ tops
	letter := low | 0x20*ones
	letter = (letter + (0x80-'a')*ones) &^ (letter + (0x7f-'z')*ones)
	noDash := low ^ '-'*ones + 0x7f*ones
	return (^letter&noDash | w) & tops
}

// valueEnd returns where in b the first control character but HTAB is at i or after,
// or len(b).
func valueEnd(b []byte, i int) int {
	for i <= len(b)-8 {
		m := markControls(binary.LittleEndian.Uint64(b[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if b[i] != '\t' {
			return i
		}
		i++
	}
	for i < len(b) && (b[i] >= ' ' && b[i] != 0x7f || b[i] == '\t') {
		i++
	}
	return i
}
