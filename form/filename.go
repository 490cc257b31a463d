package form

import (
	"strings"
	"unicode/utf8"
)

// Quoting says how a name and a file name are written in Content-Disposition.
type Quoting uint8

const (
	// QuoteWHATWG is the default, and what browsers send: CR, LF and the double
	// quote become %0D, %0A and %22, and everything else stays as it is, in
	// UTF-8. In a name, unlike in a file name, a lone CR or LF counts as a line
	// break, CR LF. A backslash stays too, and some servers take that for an
	// escape. Other control characters are refused unless [Form.Quoting] asks for
	// this. (WHATWG HTML, "multipart/form-data encoding algorithm")
	QuoteWHATWG Quoting = iota
	// QuotePercent is the older manner. All of a file name but letters, digits
	// and "-._~" is percent-encoded; of a name, what is not ASCII, and '"', '\'
	// and '%'. (aiohttp: FormData with quote_fields=True)
	QuotePercent
	// QuoteBackslash puts a backslash before '"' and '\', as RFC 822 has it,
	// and quotes nothing else. (aiohttp: FormData with quote_fields=False)
	QuoteBackslash
)

const upperHex = "0123456789ABCDEF"

var (
	crlfEscaper      = strings.NewReplacer("\r\n", "%0D%0A", "\r", "%0D%0A", "\n", "%0D%0A", `"`, "%22")
	whatwgEscaper    = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")
	backslashEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
)

// quoteName writes a part's name. A single CR or LF stands for a line break,
// which is CR LF (WHATWG HTML, "multipart/form-data encoding algorithm").
func quoteName(name string, q Quoting) string {
	switch q {
	case QuotePercent:
		return percentEncode(name, func(c byte) bool {
			return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' && c != '%'
		})
	case QuoteBackslash:
		return backslashEscaper.Replace(name)
	default:
		return crlfEscaper.Replace(name)
	}
}

// quoteFileName writes a file name.
func quoteFileName(name string, q Quoting) string {
	switch q {
	case QuotePercent:
		return percentEncode(name, isUnreserved)
	case QuoteBackslash:
		return backslashEscaper.Replace(name)
	default:
		return whatwgEscaper.Replace(name)
	}
}

// isUnreserved reports whether c is an unreserved character (RFC 3986 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func percentEncode(s string, keep func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; keep(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

// nameFault says what is wrong with a name, or "". Control characters have no
// business in one, whatever the quoting; only WHATWG has an escape for CR and
// LF.
func nameFault(name string, q Quoting) string {
	if fault := encodingFault(name); fault != "" {
		return fault
	}
	for i := range len(name) {
		c := name[i]
		if isControl(c) && (q != QuoteWHATWG || c != '\r' && c != '\n') {
			return "control character"
		}
	}
	return ""
}

// encodingFault is the part of nameFault that holds for every way to send a name.
func encodingFault(name string) string {
	if !utf8.ValidString(name) {
		return "is not UTF-8"
	}
	return ""
}

// isControl reports whether c is a control character that no field of a header
// may hold: all but HTAB (RFC 9110 5.5).
func isControl(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }
