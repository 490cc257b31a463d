package jar

import (
	"net/http"
	"strings"
)

// ParseCookies reads the value of a Cookie header: names and values only, so that
// "path" and "$Version" are names like others. What is not a pair is passed over;
// of several cookies of one name all are returned. Values are kept as they are
// written, without the quotes around them (then Quoted is set).
// (aiohttp: parse_cookie_header)
func ParseCookies(header string) []*http.Cookie {
	var cookies []*http.Cookie
	for rest := header; rest != ""; {
		var p pair
		if p, rest = nextPair(rest); !p.hasValue {
			continue
		}
		c := &http.Cookie{Name: p.name}
		c.Value, c.Quoted = cutQuotes(p.value)
		if checkPair(c) == "" {
			cookies = append(cookies, c)
		}
	}
	return cookies
}

// equalFoldASCII compares without regard to the case of ASCII letters, and of no
// others: the Kelvin sign is not a k.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerRune(rune(a[i])) != lowerRune(rune(b[i])) {
			return false
		}
	}
	return true
}

// lowerASCII is the text with ASCII letters in lower case; it is s itself, without a
// copy, where that changes nothing.
func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.Map(lowerRune, s)
		}
	}
	return s
}

func lowerRune(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
