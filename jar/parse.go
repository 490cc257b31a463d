package jar

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// RejectError is a Set-Cookie line that no cookie can be made of. It is of the
// class [errors.ErrBadHTTPMessage]. Its text never has the value.
type RejectError struct{ Reason Reason }

// Error is the reason.
func (e *RejectError) Error() string { return "parse set-cookie: " + string(e.Reason) }

// Is reports whether the class or an ancestor of it is target.
func (e *RejectError) Is(target error) bool { return errors.Is(errors.ErrBadHTTPMessage, target) }

// Limits of RFC 6265bis 5.6, in bytes: a longer pair is no cookie, a longer
// attribute is passed over.
const (
	maxPair      = 4096
	maxAttribute = 1024
)

// ParseSetCookie reads the value of a Set-Cookie header, as tolerantly as
// browsers and aiohttp do: names and values may hold what RFC 6265 does not
// allow, a quoted value may hold semicolons, a quote without a partner is an
// ordinary character, a flag may have a value, attributes may be quoted, and what
// is unknown is passed over. The value is kept as it is written, without the
// quotes around it (then Quoted is set).
//
// An attribute that is not valid is as good as absent; a Max-Age of 0 or less is
// -1 in the result. Control characters anywhere, an attribute in the place of the
// name, an empty name, and more than 4096 bytes of name and value are a
// [*RejectError]. (aiohttp: parse_set_cookie_headers)
func ParseSetCookie(line string) (*http.Cookie, error) {
	cookies, reason := parseLine(line, false)
	if reason != "" {
		return nil, &RejectError{reason}
	}
	return cookies[0], nil
}

// ParseSetCookies reads a line of several cookies, "a=1; Path=/; b=2; Secure":
// each pair that is not an attribute starts a new one, and the attributes after it
// are its own; names that start with "$" are passed over. That is how Python writes and aiohttp reads cookies; for what a
// server sends it is not safe, because an attribute that is not known would take
// the ones after it away from the cookie. (http.cookies.SimpleCookie)
func ParseSetCookies(line string) ([]*http.Cookie, error) {
	cookies, reason := parseLine(line, true)
	if reason != "" {
		return nil, &RejectError{reason}
	}
	return cookies, nil
}

func parseLine(line string, several bool) ([]*http.Cookie, Reason) {
	if hasControl(line) {
		return nil, ReasonValue
	}
	var cookies []*http.Cookie
	var last *http.Cookie
	for rest := line; rest != ""; {
		var p pair
		p, rest = nextPair(rest)
		switch {
		case several && strings.HasPrefix(p.name, "$"):
			// Python's way, and RFC 2965's. RFC 6265 knows no such names: there they
			// are like all others.
		case last != nil && setAttribute(last, p):
		case last == nil || several && p.hasValue && !isForeign(p.name):
			c, reason := newCookie(p)
			if reason != "" {
				return nil, reason
			}
			c.Raw, last = line, c
			cookies = append(cookies, c)
		case p.name != "" || p.hasValue:
			last.Unparsed = append(last.Unparsed, p.raw)
		}
	}
	if last == nil {
		return nil, ReasonSyntax
	}
	return cookies, ""
}

// newCookie makes a cookie of the pair that starts one.
func newCookie(p pair) (*http.Cookie, Reason) {
	if !p.hasValue || isAttribute(p.name) {
		return nil, ReasonSyntax
	}
	c := &http.Cookie{Name: p.name}
	c.Value, c.Quoted = cutQuotes(p.value)
	return c, checkPair(c)
}

// checkPair looks at name and value, wherever they come from.
func checkPair(c *http.Cookie) Reason {
	switch {
	case c.Name == "" || hasControl(c.Name) || strings.ContainsAny(c.Name, "=;") || strings.Trim(c.Name, " \t") != c.Name:
		return ReasonName
	case hasControl(c.Value) || !c.Quoted && strings.Contains(c.Value, ";") || strings.Trim(c.Value, " \t") != c.Value && !c.Quoted:
		return ReasonValue
	case c.Quoted && httprule.ClosingQuote(`"`+c.Value+`"`) != len(c.Value)+1 || hasControl(plainValue(c.Value, c.Quoted)):
		return ReasonValue
	case len(c.Name)+len(c.Value) > maxPair:
		return ReasonSize
	}
	return ""
}

// hasControl reports whether s has a control character other than a tab.
func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// pair is what stands between two semicolons.
type pair struct {
	name, value, raw string
	hasValue         bool
}

// nextPair cuts the next pair off.
func nextPair(s string) (p pair, rest string) {
	p.raw, rest = httprule.CutCookiePair(s)
	p.name, p.value, p.hasValue = strings.Cut(p.raw, "=")
	p.name, p.value = strings.Trim(p.name, " \t"), strings.Trim(p.value, " \t")
	return p, rest
}

func isAttribute(name string) bool {
	return setAttribute(&http.Cookie{}, pair{name: name})
}

// isForeign reports whether name is an attribute that others know.
func isForeign(name string) bool {
	switch lowerASCII(name) {
	case "version", "comment", "commenturl", "discard", "port", "priority", "sameparty":
		return true
	}
	return false
}

// setAttribute applies an attribute; the last of several counts. It reports
// whether the name is one.
func setAttribute(c *http.Cookie, p pair) bool {
	name := lowerASCII(p.name)
	switch name {
	case "secure":
		c.Secure = true
		return true
	case "httponly":
		c.HttpOnly = true
		return true
	case "partitioned":
		c.Partitioned = true
		return true
	case "domain", "path", "max-age", "expires", "samesite":
	default:
		return false
	}
	value, quoted := cutQuotes(p.value)
	value = plainValue(value, quoted)
	if len(value) > maxAttribute {
		return true
	}
	switch name {
	case "domain":
		c.Domain = value
	case "path":
		c.Path = value
	case "max-age":
		if age, ok := parseMaxAge(value); ok {
			c.MaxAge = age
		}
	case "expires":
		c.RawExpires = value
		c.Expires, _ = parseDate(value)
	case "samesite":
		c.SameSite = parseSameSite(value)
	}
	return true
}

// parseMaxAge is RFC 6265 5.2.2, with what does not fit an int cut to what does.
func parseMaxAge(s string) (int, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.TrimLeft(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	switch {
	case len(digits) < len(s) || err == nil && n == 0:
		return -1, true
	case err != nil:
		return math.MaxInt, true
	}
	return n, true
}

func parseSameSite(s string) http.SameSite {
	switch lowerASCII(s) {
	case "lax":
		return http.SameSiteLaxMode
	case "strict":
		return http.SameSiteStrictMode
	case "none":
		return http.SameSiteNoneMode
	}
	return 0 // as good as absent
}
