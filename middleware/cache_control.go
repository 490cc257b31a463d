package middleware

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// cacheControl is what the Cache-Control lines of a message say, as far as a
// private cache of whole responses cares (RFC 9111 5.2, RFC 5861). A duration
// below zero was not said.
type cacheControl struct {
	noStore, noCache, mustRevalidate, mustUnderstand bool
	public, onlyIfCached                             bool
	maxAge, maxStale, minFresh                       time.Duration
	whileRevalidate, ifError                         time.Duration
}

const (
	cacheUnsaid = time.Duration(-1)
	// cacheForever is what a number that is too large stands for: RFC 9111 1.2.2
	// has 2^31 seconds.
	cacheForever = (1 << 31) * time.Second
)

// cacheParse reads the Cache-Control lines of h.
func cacheParse(h http.Header) cacheControl {
	cc := cacheControl{
		maxAge: cacheUnsaid, maxStale: cacheUnsaid, minFresh: cacheUnsaid,
		whileRevalidate: cacheUnsaid, ifError: cacheUnsaid,
	}
	for _, line := range h["Cache-Control"] {
		for line != "" {
			var name, value string
			var valued bool
			name, value, valued, line = cacheDirective(line)
			cc.apply(name, value, valued)
		}
	}
	return cc
}

// cacheParseRequest is cacheParse for a request: without Cache-Control,
// "Pragma: no-cache" is "Cache-Control: no-cache" (RFC 9111 5.4).
func cacheParseRequest(h http.Header) cacheControl {
	cc := cacheParse(h)
	if len(h["Cache-Control"]) == 0 {
		for _, line := range h["Pragma"] {
			for line != "" {
				var name string
				name, _, _, line = cacheDirective(line)
				cc.noCache = cc.noCache || strings.EqualFold(name, "no-cache")
			}
		}
	}
	return cc
}

func (cc *cacheControl) apply(name, value string, valued bool) {
	switch {
	case strings.EqualFold(name, "max-age"):
		// What is not a number is stale already, and of two the smaller counts
		// (RFC 9111 4.2.1).
		age, ok := cacheSeconds(value)
		if !ok {
			age = 0
		}
		if cc.maxAge < 0 || age < cc.maxAge {
			cc.maxAge = age
		}
	case strings.EqualFold(name, "no-store"):
		cc.noStore = true
	case strings.EqualFold(name, "no-cache"):
		// With names of fields it may be taken as without (RFC 9111 5.2.2.4).
		cc.noCache = true
	case strings.EqualFold(name, "must-revalidate"):
		cc.mustRevalidate = true
	case strings.EqualFold(name, "must-understand"):
		cc.mustUnderstand = true
	case strings.EqualFold(name, "public"):
		cc.public = true
	case strings.EqualFold(name, "only-if-cached"):
		cc.onlyIfCached = true
	case strings.EqualFold(name, "max-stale"):
		if !valued {
			cc.maxStale = cacheForever // any staleness (RFC 9111 5.2.1.2)
			return
		}
		cacheSet(&cc.maxStale, value)
	case strings.EqualFold(name, "min-fresh"):
		cacheSet(&cc.minFresh, value)
	case strings.EqualFold(name, "stale-while-revalidate"):
		cacheSet(&cc.whileRevalidate, value)
	case strings.EqualFold(name, "stale-if-error"):
		cacheSet(&cc.ifError, value)
	}
}

// cacheSet takes a number of seconds; what is none was not said.
func cacheSet(d *time.Duration, value string) {
	if seconds, ok := cacheSeconds(value); ok {
		*d = seconds
	}
}

// cacheSeconds reads delta-seconds: digits only, and too many are a long time.
func cacheSeconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n < math.MaxInt32 {
			n = n*10 + int64(s[i]-'0')
		}
	}
	if n > math.MaxInt32 {
		return cacheForever, true
	}
	return time.Duration(n) * time.Second, true
}

// cacheDirective takes the first directive of a line and returns the rest
// behind its comma. A value in quotes comes without them.
func cacheDirective(line string) (name, value string, valued bool, rest string) {
	end := strings.IndexAny(line, ",=")
	if end < 0 {
		return cacheTrim(line), "", false, ""
	}
	name = cacheTrim(line[:end])
	if line[end] == ',' {
		return name, "", false, line[end+1:]
	}
	line = strings.TrimLeft(line[end+1:], " \t")
	if strings.HasPrefix(line, `"`) {
		value, line = cacheQuoted(line[1:])
		_, rest, _ = strings.Cut(line, ",")
		return name, value, true, rest
	}
	value, rest, _ = strings.Cut(line, ",")
	return name, cacheTrim(value), true, rest
}

// cacheQuoted reads a quoted-string behind its first quote. One without an end
// goes to the end of the line.
func cacheQuoted(s string) (value, rest string) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if value = s[:i]; escaped {
				value = cacheUnescape(value)
			}
			return value, s[i+1:]
		}
	}
	return cacheUnescape(s), ""
}

func cacheUnescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func cacheTrim(s string) string { return strings.Trim(s, " \t") }
