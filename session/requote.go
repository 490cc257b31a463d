package session

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// The delimiters (RFC 3986 2.2) that stand for themselves in a path and in a query.
const (
	pathDelimiters  = "/@:!$'()*,+=&;"
	queryDelimiters = "/?@:!$'()*,+=&;"
)

// requoteRedirect brings the escapes of a redirect's path and query into normal form
// (RFC 3986 6.2.2): the escape of an unreserved character is undone, any other is
// written in upper case, and what should have been escaped is. That of a reserved
// character stays, wherever it stands: it says that the character is data and delimits
// nothing, and a signature may be over it.
func requoteRedirect(u *url.URL) { requoteURL(u, pathDelimiters, queryDelimiters) }

// requoteAsYarl is requoteRedirect as aiohttp does it, with the caller's own URL, at the
// caller's wish: the escape of a delimiter is undone, too, where it makes no difference
// to most servers.
func requoteAsYarl(u *url.URL) { requoteURL(u, "/+", "+=&;") }

// requoteURL keeps the escapes of some delimiters, and undoes those of the others.
func requoteURL(u *url.URL, keepPath, keepQuery string) {
	if path := u.EscapedPath(); path != "" {
		u.RawPath = requoteEscapes(path, pathDelimiters, keepPath)
		if plain, err := url.PathUnescape(u.RawPath); err == nil {
			u.Path = plain
		}
	}
	u.RawQuery = requoteEscapes(u.RawQuery, queryDelimiters, keepQuery)
}

// requoteEscapes rewrites s: bytes in safe stand for themselves, and escapes of them
// are undone unless they are in keep.
func requoteEscapes(s, safe, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		escaped, isEscape := escapedByte(s[i:])
		if isEscape {
			c = escaped
			i += 2
		}
		kept := isEscape && strings.IndexByte(keep, c) >= 0
		if isUnreserved(c) || !kept && strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			httprule.WriteEscape(&b, c)
		}
	}
	return b.String()
}

// escapedByte is the byte that the escape at the start of s stands for (RFC 3986 2.1).
func escapedByte(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}

// isUnreserved is RFC 3986 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
