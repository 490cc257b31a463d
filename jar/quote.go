package jar

import (
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Quote says what is done with a value, given by the program, that holds
// characters which a Cookie header does not have bare.
type Quote int

const (
	// QuoteOctal puts such a value into double quotes and writes the characters
	// in octal: "x,y;z" goes out as "x\054y\073z". It is the default, as in
	// aiohttp (quote_cookie=True).
	QuoteOctal Quote = 0
	// QuoteNever sends values as they are, and refuses those with a semicolon
	// (quote_cookie=False).
	QuoteNever Quote = -1
)

// What http.cookies of Python leaves alone: bare, and within quotes.
const (
	bareChars   = "!#$%&'*+-.^_`|~:"
	quotedChars = bareChars + " ()/<=>?@[]{}"
)

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c)
}

func needsQuotes(value string) bool {
	for i := range len(value) {
		if !isAlnum(value[i]) && strings.IndexByte(bareChars, value[i]) < 0 {
			return true
		}
	}
	return false
}

// quoteValue writes what goes between the double quotes. Characters up to U+00FF are
// written by their number, as Python does it, so that a server in Python reads
// them back; those above stay as they are.
func quoteValue(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); {
		c := value[i]
		switch r, size := utf8.DecodeRuneInString(value[i:]); {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
			i++
		case c < utf8.RuneSelf && (isAlnum(c) || strings.IndexByte(quotedChars, c) >= 0):
			b.WriteByte(c)
			i++
		case size > 1 && r > 0xff:
			b.WriteString(value[i : i+size])
			i += size
		case size > 1:
			writeOctal(&b, byte(r&0xff))
			i += size
		default:
			writeOctal(&b, c)
			i++
		}
	}
	return b.String()
}

func writeOctal(b *strings.Builder, c byte) {
	b.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
}

// unquoteValue is the inverse of quote: it reads what stood between double quotes.
func unquoteValue(value string) string {
	if !strings.Contains(value, `\`) {
		return value
	}
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' || i+1 == len(value) {
			b.WriteByte(value[i])
			continue
		}
		if c, ok := parseOctal(value[i+1:]); ok {
			b.WriteRune(rune(c))
			i += 3
			continue
		}
		i++
		b.WriteByte(value[i])
	}
	return b.String()
}

// parseOctal reads three octal digits up to \377.
func parseOctal(s string) (byte, bool) {
	if len(s) < 3 || s[0] < '0' || s[0] > '3' || s[1] < '0' || s[1] > '7' || s[2] < '0' || s[2] > '7' {
		return 0, false
	}
	return (s[0]-'0')<<6 | (s[1]-'0')<<3 | (s[2] - '0'), true
}

// headerValue is a value as it stands in a header.
func headerValue(value string, quoted bool) string {
	if quoted {
		return `"` + value + `"`
	}
	return value
}

// plainValue is a value as it is meant: without escapes.
func plainValue(value string, quoted bool) string {
	if quoted {
		return unquoteValue(value)
	}
	return value
}

// cutQuotes takes the double quotes off a value that stands in them. A quote
// that has no partner is a character like others.
func cutQuotes(s string) (value string, quoted bool) {
	if len(s) < 2 || s[0] != '"' || httprule.ClosingQuote(s) != len(s)-1 {
		return s, false
	}
	return s[1 : len(s)-1], true
}
