package session

import (
	"strings"
	"unicode/utf8"
)

// decodeExtValue reads an ext-value, charset'language'text (RFC 8187 3.2, which
// replaces RFC 5987). One without a charset is none (3.2.1).
func decodeExtValue(value string) (string, bool) {
	label, rest, ok1 := strings.Cut(value, "'")
	_, encoded, ok2 := strings.Cut(rest, "'")
	if !ok1 || !ok2 || label == "" {
		return "", false
	}
	raw, ok := percentDecode(encoded)
	if !ok {
		return "", false
	}
	return decodeLabelled(raw, label)
}

// decodeLabelled decodes strictly; what is not valid is no value.
func decodeLabelled(raw []byte, label string) (string, bool) {
	if charsetName(label) == "" {
		return "", false
	}
	text, err := decodeText(raw, label, true)
	return text, err == nil
}

func percentDecode(s string) ([]byte, bool) {
	raw := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c, ok := escapedByte(s[i:])
		switch {
		case ok:
			i += 2
		case s[i] == '%':
			return nil, false
		default:
			c = s[i]
		}
		raw = append(raw, c)
	}
	return raw, true
}

// unescapeQuoted removes the backslashes of a quoted-string (RFC 9110 5.6.4).
func unescapeQuoted(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// quotedEnd is the index behind the closing quote of a string that begins with
// one, or -1.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// headerText is a value as text: UTF-8 if it is that, and otherwise ISO-8859-1,
// as fields were once defined (RFC 9110 5.5).
func headerText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

func trimOWS(s string) string { return strings.Trim(s, " \t") }
