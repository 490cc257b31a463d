package session

import (
	"net/url"
	"strconv"
	"strings"
)

// requoteURL brings the escapes of a redirect's path and query into normal form,
// as aiohttp does (requote_redirect_url): a needless escape is undone, a needed
// one is written in upper case, and what should have been escaped is. What is
// escaped to keep it from being a delimiter stays so.
func requoteURL(u *url.URL) {
	if path := u.EscapedPath(); path != "" {
		u.RawPath = requoteEscapes(path, "/@:!$'()*,+=&;", "/+")
		if plain, err := url.PathUnescape(u.RawPath); err == nil {
			u.Path = plain
		}
	}
	u.RawQuery = requoteEscapes(u.RawQuery, "/?@:!$'()*,+=&;", "+=&;")
}

// requoteEscapes rewrites s: bytes in safe stand for themselves, and escapes of them
// are undone unless they are in keep.
func requoteEscapes(s, safe, keep string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		plain := isUnreserved(c) || strings.IndexByte(safe, c) >= 0
		if escaped, ok := escapedByte(s[i:]); ok {
			c = escaped
			i += 2
			plain = isUnreserved(c) || strings.IndexByte(safe, c) >= 0 && strings.IndexByte(keep, c) < 0
		}
		if plain {
			b.WriteByte(c)
		} else {
			writeEscape(&b, c)
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

func writeEscape(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

// isUnreserved is RFC 3986 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
