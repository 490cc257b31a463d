package rawhead

import (
	"encoding/binary"
	"math/bits"
)

// lines takes whole fields at the start of p for as long as nothing about them is
// special, and returns how many bytes those had. It is a shorter way to what part
// and endLine do, and breaks off before any field that would fail: that is theirs to
// tell. The scanner is strict and at the start of a line.
func (s *Scanner) lines(p []byte) int {
	maxField, free := orNone(s.limits.MaxField), orNone(s.limits.MaxHeaders)-s.fields
	done := 0
	for free > 0 {
		b := p[done:]
		colon := nameEnd(b)
		if colon <= 0 || colon >= len(b) || b[colon] != ':' || isFraming(b[:colon]) {
			break
		}
		end := valueEnd(b, colon+1)
		next := end + 1
		if end < len(b) && b[end] == '\r' {
			next++
		}
		if next > len(b) || b[next-1] != '\n' {
			break
		}
		size := end - 1
		if isBlank(b[colon+1]) {
			size--
		}
		if size > maxField || !s.endField() {
			break
		}
		free--
		s.fields++
		s.kind, s.left = plain, maxField-size
		if s.keeps() {
			s.keepField(b[:colon], b[colon+1:end])
		}
		done += next
	}
	return done
}

// isFraming reports whether a name may be that of a field that frames the body.
func isFraming(name []byte) bool {
	switch len(name) {
	case len(lengthName):
		return equalFold(name, lengthName)
	case len(codingName):
		return equalFold(name, codingName)
	}
	return false
}

// nameEnd returns where in b the first byte is that may not be part of a name, or
// len(b).
func nameEnd(b []byte) int {
	i := 0
	for i <= len(b)-8 {
		m := others(binary.LittleEndian.Uint64(b[i:]))
		if m == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(m) / 8
		if !isToken(b[i]) {
			return i
		}
		i++
	}
	return i + tokenLen(b[i:])
}

// others marks the bytes of w that are neither letters nor dashes. No byte's sum
// carries into the next.
func others(w uint64) uint64 {
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
		m := controls(binary.LittleEndian.Uint64(b[i:]))
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
