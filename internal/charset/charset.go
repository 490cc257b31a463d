// Package charset reads Content-Type headers leniently and decodes text by
// them: [Parse] finds the charset of a body, [Name] tells whether it is known,
// [Decode] decodes.
package charset

import (
	"strings"

	"golang.org/x/net/http/httpguts"
)

// OctetStream is the type of a body that does not say its own.
const OctetStream = "application/octet-stream"

// Parse splits a Content-Type into its media type, in lower case, and its
// charset, also in lower case, or "". What is no media type is [OctetStream].
// Unlike package mime, it takes a type whose parameters are broken.
func Parse(contentType string) (mediaType, charset string) {
	mediaType, rest, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	if !isMediaType(mediaType) {
		mediaType = OctetStream
	}
	for rest != "" {
		var name, value string
		name, value, rest = nextParameter(rest)
		if charset == "" && strings.EqualFold(name, "charset") {
			charset = strings.ToLower(value)
		}
	}
	return mediaType, charset
}

// nextParameter takes a parameter off the front of s (RFC 9110 5.6.6).
func nextParameter(s string) (name, value, rest string) {
	name, s, ok := cutAny(s, "=;")
	name = strings.TrimSpace(name)
	if !ok {
		return name, "", s
	}
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	_, rest, _ = strings.Cut(s[min(i, len(s)):], ";")
	return name, strings.TrimSpace(b.String()), rest
}

// cutAny cuts s at the first byte of seps and reports whether that was seps[0].
func cutAny(s, seps string) (before, after string, first bool) {
	i := strings.IndexAny(s, seps)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], s[i] == seps[0]
}

func isMediaType(s string) bool {
	top, sub, ok := strings.Cut(s, "/")
	return ok && httpguts.ValidHeaderFieldName(top) && httpguts.ValidHeaderFieldName(sub) // that is, tokens
}

// IsJSON reports whether a media type is JSON (RFC 8259), or has its suffix
// (RFC 6839).
func IsJSON(mediaType string) bool {
	mediaType = strings.ToLower(mediaType)
	_, sub, ok := strings.Cut(mediaType, "/")
	if !ok {
		return false
	}
	return sub == "json" || sub == "x-json" || strings.HasSuffix(sub, "+json")
}
