package rawhead

// The steps through a status line, by the byte that comes next. Before stepCode they
// are places in "HTTP/1.1".
const (
	stepMajor   = 5
	stepMinor   = 7
	stepSpace   = 8  // the space after the version
	stepCode    = 9  // a further space, or the first digit of the status
	stepSecond  = 10 // the second digit
	stepThird   = 11 // the third
	stepCoded   = 12 // the space after the status, or the end
	stepReason  = 13 // anything
	stepGarbage = 14 // anything: the line is malformed, and the scanner lenient
)

const usual = "HTTP/1.1 "

// statusPart takes bytes of the status line.
func (s *Scanner) statusPart(b []byte) bool {
	over := len(b) > s.left
	if over {
		b = b[:s.left+1] // what breaks a rule first is reported
	}
	i := 0
	first := s.step == 0
	if first && len(b) > len(usual) && string(b[:len(usual)]) == usual {
		i, s.step = len(usual), stepCode
	}
	for ; i < len(b) && s.step < stepReason; i++ {
		if s.statusByte(b[i]) {
			continue
		}
		if !s.limits.Lenient {
			if first && i == 0 && isTLSRecord(b[0]) {
				return s.fail(tlsRecord, 0)
			}
			return s.fail(badStatusLine, 0)
		}
		s.step, s.interim = stepGarbage, false
	}
	if !s.limits.Lenient && !isClean(b[i:]) {
		return s.fail(badReason, 0)
	}
	if over {
		return s.fail(lineTooLong, s.limits.MaxLine)
	}
	s.left -= len(b)
	return true
}

// statusByte takes the next byte of the version or the status, and reports whether
// it fits.
func (s *Scanner) statusByte(c byte) bool {
	ok := isDigit(c)
	switch s.step {
	case stepMajor:
		ok = ok && (c == '1' || s.limits.Lenient)
	case stepMinor:
		s.old = c == '0'
	case stepCode:
		if c == ' ' {
			return true // net/http skips any number of them
		}
		ok = ok && (c != '0' || s.limits.Lenient)
		s.interim = c == '1'
		s.number = uint64(c)
	case stepSecond:
		s.number = s.number<<8 | uint64(c)
	case stepThird:
		s.number = s.number<<8 | uint64(c)
		s.interim = s.interim && s.number != '1'<<16|'0'<<8|'1'
	case stepCoded:
		ok = c == ' '
	default:
		ok = c == usual[s.step]
	}
	s.step++
	return ok
}

// isTLSRecord reports whether an alert or a handshake of TLS begins with c (RFC 8446
// 5.1), as no text does: the port speaks TLS, and was not asked to. One byte has to be
// enough, for what is said must not depend on how the bytes come.
func isTLSRecord(c byte) bool { return c == 0x15 || c == 0x16 }

// endStatus takes the end of the status line.
func (s *Scanner) endStatus() bool {
	if s.step < stepCoded {
		if !s.limits.Lenient {
			return s.fail(badStatusLine, 0)
		}
		s.interim = false
	}
	s.startFields()
	return true
}

// startFields follows the status line.
func (s *Scanner) startFields() {
	s.state = atLine
	if s.limits.Keep && !s.interim {
		s.kept = newKeeper()
	}
}
