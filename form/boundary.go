package form

import (
	"crypto/rand"
	"maps"
	"mime"
	"strings"
)

// maxBoundary is RFC 2046 5.1.1.
const maxBoundary = 70

// newBoundary is a boundary that no content holds: 130 random bits, and no
// character that needs a quote.
func newBoundary() string { return "aiolos-" + rand.Text() }

// boundaryFault says what is wrong with a boundary, or "" (RFC 2046 5.1.1:
// bchars, and no space at the end).
func boundaryFault(b string) string {
	switch {
	case b == "":
		return "empty"
	case len(b) > maxBoundary:
		return "longer than 70 characters"
	case b[len(b)-1] == ' ':
		return "ends with a space"
	}
	for i := range len(b) {
		c := b[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("'()+_,-./:=? ", c) < 0 {
			return "character that RFC 2046 does not allow"
		}
	}
	return ""
}

// multipartType is the Content-Type of a multipart body; the boundary is quoted
// if it is no token.
func multipartType(subtype, boundary string, params map[string]string) string {
	all := map[string]string{"boundary": boundary}
	maps.Copy(all, params)
	return mime.FormatMediaType("multipart/"+subtype, all)
}
