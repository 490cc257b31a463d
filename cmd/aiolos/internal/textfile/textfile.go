// Package textfile reads files of text as people's editors and shells write them: with
// a byte order mark, and on Windows in UTF-16.
package textfile

import (
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 returns data without its byte order mark, and in UTF-8 if the mark is one of
// UTF-16. Data without a mark is returned as it is.
func UTF8(data []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(encoding.Nop.NewDecoder()), data)
	if err != nil {
		return data // no decoder fails: what is invalid becomes U+FFFD
	}
	return text
}
