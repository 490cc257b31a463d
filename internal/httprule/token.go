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
	for i := range len(s) {
		if controlBytes[s[i]] {
			return false
		}
	}
	return true
}

// BasicAuth is the value of Authorization for a login, which has no colon, and a
// password, in UTF-8 (RFC 7617 2).
func BasicAuth(login, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+password))
}
