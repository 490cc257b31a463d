package httprule

import "strings"

// CutCookiePair cuts the first pair off a Cookie or Set-Cookie header: what stands before
// the first semicolon, or, if its value is in quotes and nothing but blanks follows them,
// before the first one behind those. The pair has no blanks around it.
func CutCookiePair(s string) (pair, rest string) {
	pair, rest, _ = strings.Cut(s, ";")
	// Not in all of s: a line of nothing but semicolons would take quadratic time.
	if equal := strings.IndexByte(pair, '='); equal >= 0 {
		value := strings.TrimLeft(s[equal+1:], " \t")
		if n := quotedEnd(value); n > 0 {
			end := len(s) - len(value) + n
			pair, rest = s[:end], strings.TrimPrefix(s[end:], ";")
		}
	}
	return strings.Trim(pair, " \t"), rest
}

// quotedEnd returns how much of s a quoted string and the blanks after it take,
// or 0 if s is not one that stands alone.
func quotedEnd(s string) int {
	if s == "" || s[0] != '"' {
		return 0
	}
	end := ClosingQuote(s)
	if end < 0 {
		return 0
	}
	rest := strings.TrimLeft(s[end+1:], " \t")
	if rest != "" && rest[0] != ';' {
		return 0
	}
	return len(s) - len(rest)
}

// ClosingQuote finds the quote that ends the quoted string at the start of s, or
// returns -1.
func ClosingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}
