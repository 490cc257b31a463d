package httprule

import "strings"

// ParseETag reads the value of an ETag header: an opaque value in quotes, after W/ if
// it is weak (RFC 9110 8.8.3).
func ParseETag(s string) (value string, weak, ok bool) {
	s, weak = strings.CutPrefix(strings.Trim(s, " \t"), "W/")
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' || !IsETagValue(s[1:len(s)-1]) {
		return "", false, false
	}
	return s[1 : len(s)-1], weak, true
}

// IsETagValue reports whether value can stand between the quotes of an entity tag.
// There are no escapes in it.
func IsETagValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c == '"' || c == 0x7f {
			return false
		}
	}
	return true
}
