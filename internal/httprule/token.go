package httprule

import (
	"encoding/base64"

	"golang.org/x/net/http/httpguts"
)

// Every request's header is looked at, so the classes of bytes are tables.
var tokenBytes, controlBytes = func() (token, control [256]bool) {
	for c := range token {
		token[c] = httpguts.IsTokenRune(rune(c))
		control[c] = c < ' ' && c != '\t' || c == 0x7f
	}
	return token, control
}()

// IsToken reports whether s is a token (RFC 9110 5.6.2): a method, the name of a
// field.
func IsToken(s string) bool {
	for i := range len(s) {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// IsValue reports whether s can be the value of a field: it has no control
// characters but HTAB (RFC 9110 5.5).
func IsValue(s string) bool {
	if len(s) >= 8 {
		for i := 0; ; i = min(i+8, len(s)-8) { // the last word may overlap the one before
			if mayHaveControl(word(s[i:])) {
				break
			}
			if i == len(s)-8 {
				return true
			}
		}
	}
	for i := range len(s) {
		if controlBytes[s[i]] {
			return false
		}
	}
	return true
}

// word is the first eight bytes of s, which one instruction reads.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// mayHaveControl reports whether one of eight bytes is less than a blank or is DEL. What it
// says of a byte above 0x7f may be wrong, but only in saying that there is one.
func mayHaveControl(w uint64) bool {
	const ones = 0x0101010101010101
	del := w ^ 0x7f*ones // a zero byte where there was a DEL
	return (w-' '*ones|del-ones)&(0x80*ones) != 0
}

// BasicAuth is the value of Authorization for a login, which has no colon, and a
// password, in UTF-8 (RFC 7617 2).
func BasicAuth(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}
