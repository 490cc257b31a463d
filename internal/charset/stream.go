package charset

import (
	"io"

	"golang.org/x/text/transform"
)

// markLength is the length of the longest byte order mark.
const markLength = 3

// MayBeMarked reports whether more bytes could make a byte order mark of data, which is
// the start of a body.
func MayBeMarked(data []byte) bool {
	if len(data) >= markLength {
		return false
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xfe\xff", "\xff\xfe"} {
		if len(data) < len(mark) && mark[:len(data)] == string(data) {
			return true
		}
	}
	return false
}

// UTF8Bytes is data in UTF-8 and without its byte order mark, which counts for more than
// the label, as in [Decode]. Data that is in UTF-8 is not copied, nor looked at. An
// unknown label stands for UTF-8.
func UTF8Bytes(label string, data []byte) []byte {
	marked, n := Marked(data)
	if n > 0 {
		label = marked
	}
	enc, name := lookUp(label)
	if enc == nil || name == UTF8 {
		return data[n:]
	}
	text, err := enc.NewDecoder().Bytes(data[n:])
	if err != nil {
		return data[n:] // no decoder of the standard fails
	}
	return text
}

// UTF8Reader is r, which begins behind any byte order mark, in UTF-8; r itself if it is
// that already, or if the label is unknown. It waits for no more than it needs.
func UTF8Reader(label string, r io.Reader) io.Reader {
	enc, name := lookUp(label)
	if enc == nil || name == UTF8 {
		return r
	}
	return transform.NewReader(r, enc.NewDecoder())
}
