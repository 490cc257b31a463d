package form

import (
	"mime"
	"strings"
)

// encodeText writes s in a charset. It knows those that need no table.
func encodeText(s, charset string) (data []byte, fault string) {
	limit := rune(0x100)
	switch strings.ToLower(charset) {
	case "", "utf-8", "utf8":
		return []byte(s), ""
	case "us-ascii", "ascii":
		limit = 0x80
	case "iso-8859-1", "iso8859-1", "latin1", "latin-1":
	default:
		return nil, "charset is neither utf-8, us-ascii nor iso-8859-1: give the text as bytes"
	}
	data = make([]byte, 0, len(s))
	for _, r := range s {
		if r >= limit {
			return nil, "character that the charset does not have"
		}
		data = append(data, byte(r)) //nolint:gosec // below 0x100
	}
	return data, ""
}

// utf8Charset reports whether charset is the default one.
func utf8Charset(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// charsetOf is the charset that a Content-Type names.
func charsetOf(contentType string) string {
	if !strings.Contains(contentType, ";") {
		return ""
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return params["charset"]
}

// withCharset adds a charset to a Content-Type that has none.
func withCharset(contentType, charset string) string {
	if charset == "" || charsetOf(contentType) != "" {
		return contentType
	}
	return contentType + "; charset=" + charset
}
