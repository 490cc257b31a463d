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
// charset, also in lower case, or "", by "parse a MIME type" of the WHATWG's MIME
// Sniffing standard (4.4). What is no media type is [OctetStream]; its charset counts
// all the same. Of two charsets the first counts, even an empty one in quotes, but not
// one with characters that no value may have; an empty one without quotes is none. A
// value keeps the blanks in it, which [Name] passes over.
func Parse(contentType string) (mediaType, charset string) {
	contentType = strings.Trim(contentType, httpSpace)
	mediaType, rest, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimRight(mediaType, httpSpace))
	if !isMediaType(mediaType) {
		mediaType = OctetStream
	}
	for rest != "" {
		var name, value string
		var given bool
		name, value, given, rest = nextParameter(rest)
		if given && strings.EqualFold(name, "charset") && isParameterValue(value) {
			return mediaType, strings.ToLower(value)
		}
	}
	return mediaType, ""
}

// httpSpace is "HTTP whitespace" (WHATWG Fetch 2.2); vertical tab and form feed are
// none.
const httpSpace = " \t\r\n"

// nextParameter takes a parameter off the front of s. It has no value if there is no
// "=", or nothing behind it.
func nextParameter(s string) (name, value string, given bool, rest string) {
	s = strings.TrimLeft(s, httpSpace)
	i := strings.IndexAny(s, "=;")
	switch {
	case i < 0:
		return s, "", false, ""
	case s[i] == ';':
		return s[:i], "", false, s[i+1:]
	}
	if name, s = s[:i], s[i+1:]; strings.HasPrefix(s, `"`) {
		value, s = cutQuoted(s[1:])
		_, rest, _ = strings.Cut(s, ";")
		return name, value, true, rest
	}
	value, rest, _ = strings.Cut(s, ";")
	value = strings.TrimRight(value, httpSpace)
	return name, value, value != "", rest
}

// cutQuoted reads what is behind a quote, to the next one or to the end of s ("collect
// an HTTP quoted string", WHATWG Fetch 2.2).
func cutQuoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// isParameterValue reports whether there are only "HTTP quoted-string token code
// points" in s: no control characters but tabs.
func isParameterValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
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
