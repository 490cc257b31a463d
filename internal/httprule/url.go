package httprule

import (
	"net/url"
	"strconv"
	"strings"
)

// ParseURL is [url.Parse] for a URL, or a reference to one, as people and servers
// write them: what RFC 3986 does not allow in one is escaped first, see [EscapeURL].
// What is left is an error of net/url's: a control character, a host or a port that
// is none, a first segment with a colon.
func ParseURL(raw string) (*url.URL, error) { return url.Parse(EscapeURL(raw)) }

// EscapeURL escapes in raw what no URL may hold and nobody can mean otherwise: a %
// that begins no escape becomes %25, and so on for blanks, quotes, braces and
// characters beyond ASCII. All else stays as it was written, escapes above all: those
// of reserved characters are data (RFC 3986 2.2), and may be signed. Brackets stay
// too, as browsers leave them. So does what only guessing could mend: control
// characters, the host, and a backslash before it, which is a slash to some.
//
//	[scheme:] [// [user@] host] path [?query] [#fragment]
//	               ----         ----   -----    --------   are escaped
//
// A clean URL costs no memory.
func EscapeURL(raw string) string {
	head, fragment, hasFragment := strings.Cut(raw, "#")
	head, query, hasQuery := strings.Cut(head, "?")
	from := hostEnd(head)
	user := userEnd(head[:from])
	if IsClean(head[from:]) && IsClean(head[:user]) && IsClean(query) && IsClean(fragment) {
		return raw
	}
	var b strings.Builder
	writeEscaped(&b, head[:user], '\\')
	b.WriteString(head[user:from])
	writeEscaped(&b, head[from:], 0)
	if hasQuery {
		b.WriteByte('?')
		writeEscaped(&b, query, 0)
	}
	if hasFragment {
		b.WriteByte('#')
		writeEscaped(&b, fragment, 0)
	}
	return b.String()
}

// EscapeParts does to a URL that was parsed already what [EscapeURL] does to text: its
// query is sent as it stands, and the escapes of its path are lost to net/url if
// anything else in it should have been escaped.
func EscapeParts(u *url.URL) {
	u.RawQuery = escapePart(u.RawQuery)
	if IsClean(u.RawPath) {
		return
	}
	path := escapePart(u.RawPath)
	if plain, err := url.PathUnescape(path); err == nil && plain == u.Path {
		u.RawPath = path
	}
}

func escapePart(s string) string {
	if IsClean(s) {
		return s
	}
	var b strings.Builder
	writeEscaped(&b, s, 0)
	return b.String()
}

// IsAuthority reports whether a URL has a host and a port, if any, that something can be
// sent to.
func IsAuthority(u *url.URL) bool {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	// The resolver takes any number of dots at the end for one.
	_, ok := Host(strings.TrimRight(u.Hostname(), "."))
	return ok
}

// hostEnd is where the authority of a URL ends, or 0 if it has none, or, behind a
// scheme and no slash, the whole of it: that has no path.
func hostEnd(head string) int {
	rest := head
	if i := strings.IndexAny(head, ":/"); i > 0 && head[i] == ':' {
		rest = head[i+1:]
		if !strings.HasPrefix(rest, "/") {
			return len(head)
		}
	}
	if !strings.HasPrefix(rest, "//") {
		return 0
	}
	host := rest[len("//"):]
	if i := strings.IndexByte(host, '/'); i >= 0 {
		return len(head) - len(host) + i
	}
	return len(head)
}

// userEnd is where the credentials in front of a host end, or 0.
func userEnd(front string) int { return strings.LastIndexByte(front, '@') + 1 }

// IsClean reports whether nothing in a part of a URL must be escaped.
func IsClean(s string) bool {
	for i := range len(s) {
		if mustEscape(s, i) {
			return false
		}
	}
	return true
}

// mustEscape reports whether the byte at i cannot stand for itself.
func mustEscape(s string, i int) bool {
	c := s[i]
	return notURL[c] || c == '%' && (i+2 >= len(s) || !IsHex(s[i+1]) || !IsHex(s[i+2]))
}

// writeEscaped writes s, which is no authority, without what must be escaped in it.
func writeEscaped(b *strings.Builder, s string, except byte) {
	for i := range len(s) {
		if c := s[i]; mustEscape(s, i) && c != except {
			WriteEscape(b, c)
		} else {
			b.WriteByte(c)
		}
	}
}

// WriteEscape writes a byte as %XX.
func WriteEscape(b *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	b.WriteByte('%')
	b.WriteByte(digits[c>>4])
	b.WriteByte(digits[c&15])
}

// IsHex reports whether c is a hexadecimal digit.
func IsHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// notURL are the bytes that RFC 3986 has in no part of a URL but the host, without
// control characters, which are left for net/url to refuse. Of "#" the first ends
// the part.
var notURL = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x80 || strings.IndexByte(" \"#<>\\^`{|}", byte(c)) >= 0
	}
	return t
}()
