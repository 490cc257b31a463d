package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// JSON returns v as JSON on one line, with its line end. What a terminal may act
// on is written as an escape of JSON's, so that it can be printed anywhere.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return safeJSON(b.Bytes()), nil
}

// WriteJSON writes v as [JSON] has it.
func WriteJSON(w io.Writer, v any) error {
	data, err := JSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// safeJSON escapes the characters that JSON allows bare in a string. All of them
// have four hexadecimal digits at most.
func safeJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if IsDangerous(r, n) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}
