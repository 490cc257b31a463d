package session

import (
	"net/url"
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
		if c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c = hexValue(s[i+1])<<4 | hexValue(s[i+2])
			i += 2
			if isUnreserved(c) || strings.IndexByte(safe, c) >= 0 && strings.IndexByte(keep, c) < 0 {
				b.WriteByte(c)
			} else {
				writeEscape(&b, c)
			}
			continue
		}
		if isUnreserved(c) || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			writeEscape(&b, c)
		}
	}
	return b.String()
}

func writeEscape(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func hexValue(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}

// isUnreserved is RFC 3986 2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
