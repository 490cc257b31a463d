package cache

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
	unset = time.Duration(-1)
	// maxDelta is what a number that is too large stands for: RFC 9111 1.2.2
	// has 2^31 seconds.
	maxDelta = (1 << 31) * time.Second
)

// parseCacheControl reads the Cache-Control lines of h.
func parseCacheControl(h http.Header) cacheControl {
	cc := cacheControl{
		maxAge: unset, maxStale: unset, minFresh: unset,
		whileRevalidate: unset, ifError: unset,
	}
	for _, line := range h["Cache-Control"] {
		for line != "" {
			var name, value string
			var valued bool
			name, value, valued, line = cutDirective(line)
			cc.setDirective(name, value, valued)
		}
	}
	return cc
}

// parseRequestDirectives is parseCacheControl for a request: without Cache-Control,
// "Pragma: no-cache" is "Cache-Control: no-cache" (RFC 9111 5.4).
func parseRequestDirectives(h http.Header) cacheControl {
	cc := parseCacheControl(h)
	if len(h["Cache-Control"]) == 0 {
		for _, line := range h["Pragma"] {
			for line != "" {
				var name string
				name, _, _, line = cutDirective(line)
				cc.noCache = cc.noCache || strings.EqualFold(name, "no-cache")
			}
		}
	}
	return cc
}

func (cc *cacheControl) setDirective(name, value string, valued bool) {
	switch {
	case strings.EqualFold(name, "max-age"):
		// What is not a number is stale already, and of two the smaller counts
		// (RFC 9111 4.2.1).
		age, ok := parseSeconds(value)
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
			cc.maxStale = maxDelta // any staleness (RFC 9111 5.2.1.2)
			return
		}
		setSeconds(&cc.maxStale, value)
	case strings.EqualFold(name, "min-fresh"):
		setSeconds(&cc.minFresh, value)
	case strings.EqualFold(name, "stale-while-revalidate"):
		setSeconds(&cc.whileRevalidate, value)
	case strings.EqualFold(name, "stale-if-error"):
		setSeconds(&cc.ifError, value)
	}
}

// setSeconds takes a number of seconds; what is none was not said.
func setSeconds(d *time.Duration, value string) {
	if seconds, ok := parseSeconds(value); ok {
		*d = seconds
	}
}

// parseSeconds reads delta-seconds: digits only, and too many are a long time.
func parseSeconds(s string) (time.Duration, bool) {
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
		return maxDelta, true
	}
	return time.Duration(n) * time.Second, true
}

// cutDirective takes the first directive of a line and returns the rest
// behind its comma. A value in quotes comes without them.
func cutDirective(line string) (name, value string, valued bool, rest string) {
	end := strings.IndexAny(line, ",=")
	if end < 0 {
		return trimSpace(line), "", false, ""
	}
	name = trimSpace(line[:end])
	if line[end] == ',' {
		return name, "", false, line[end+1:]
	}
	line = strings.TrimLeft(line[end+1:], " \t")
	if strings.HasPrefix(line, `"`) {
		value, line = cutQuoted(line[1:])
		_, rest, _ = strings.Cut(line, ",")
		return name, value, true, rest
	}
	value, rest, _ = strings.Cut(line, ",")
	return name, trimSpace(value), true, rest
}

// cutQuoted reads a quoted-string behind its first quote. One without an end
// goes to the end of the line.
func cutQuoted(s string) (value, rest string) {
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			if value = s[:i]; escaped {
				value = unescapeQuoted(value)
			}
			return value, s[i+1:]
		}
	}
	return unescapeQuoted(s), ""
}

func unescapeQuoted(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func trimSpace(s string) string { return strings.Trim(s, " \t") }
