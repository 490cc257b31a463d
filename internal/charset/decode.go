package charset

import (
	"bytes"
	"cmp"
	"fmt"
	"strconv"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"

	"github.com/aiolos-http/aiolos/errors"
)

// UTF8 is the charset of a text that names none.
const UTF8 = "utf-8"

var (
	// ErrUnknown is the cause of a [DecodeError] about a charset that the
	// Encoding standard does not have.
	ErrUnknown = errors.New("unknown charset")
	// ErrInvalid is the cause of a [DecodeError] about bytes that are no text in
	// their charset.
	ErrInvalid = errors.New("invalid text")
)

// DecodeError is a body that is not the text that it should be (aiohttp:
// UnicodeDecodeError, LookupError). It is of the class ErrClientPayload, and its
// cause is [ErrUnknown] or [ErrInvalid].
type DecodeError struct {
	Charset string // as it was asked for
	Offset  int    // of the first invalid byte, or -1 if that is not known
	Err     error
}

// Error names the charset and the place, and nothing of the text.
func (e *DecodeError) Error() string {
	text := "decode text as " + strconv.Quote(e.Charset)
	if e.Offset >= 0 {
		text += fmt.Sprintf(" at byte %d", e.Offset)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// Is reports whether target is ErrClientPayload or an ancestor of it.
func (e *DecodeError) Is(target error) bool {
	return target == errors.ErrClientPayload || target == errors.ErrClient
}

// lookUp finds a charset of the WHATWG's Encoding standard. The standard's
// "replacement", which stands for charsets that browsers refuse, is none.
func lookUp(label string) (encoding.Encoding, string) {
	enc, name := charset.Lookup(label)
	if name == "replacement" {
		return nil, ""
	}
	return enc, name
}

// Decode makes UTF-8 of data by the charset that label names, one of those of
// the WHATWG's Encoding standard in any case: "latin1" is windows-1252 there.
// The empty label is UTF-8.
//
// A byte order mark at the start counts for more than the label, and is not
// part of the text (Encoding standard 6.1: BOM sniff).
//
// If strict is set, data that is invalid in its charset is a [*DecodeError] of
// [ErrInvalid], as with errors="strict" in aiohttp; else what is invalid becomes
// U+FFFD, as with errors="replace". A label that the standard does not have is a
// [*DecodeError] of [ErrUnknown] either way: ask the resolver before.
func Decode(label string, data []byte, strict bool) (string, error) {
	marked, n := Marked(data)
	if n > 0 {
		label = marked
	}
	text, err := decodeBytes(label, data[n:], strict)
	if e, ok := errors.AsType[*DecodeError](err); ok && e.Offset >= 0 {
		e.Offset += n
	}
	return text, err
}

// Name is the standard's name of a charset that [Decode] takes, or "" for another
// label.
func Name(label string) string {
	_, name := lookUp(label)
	return name
}

// Marked is the charset that a byte order mark at the start of data tells, and the length
// of the mark; "" and 0 if there is none.
func Marked(data []byte) (label string, n int) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return UTF8, 3
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "utf-16be", 2
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return "utf-16le", 2
	}
	return "", 0
}

func decodeBytes(label string, data []byte, strict bool) (string, error) {
	label = cmp.Or(label, UTF8)
	enc, name := lookUp(label)
	switch {
	case enc == nil:
		return "", &DecodeError{label, -1, ErrUnknown}
	case name == UTF8 && utf8.Valid(data):
		return string(data), nil
	case name == UTF8 && strict:
		return "", &DecodeError{label, firstInvalid(data), ErrInvalid}
	}
	out, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return "", &DecodeError{label, -1, err}
	}
	if strict && bytes.ContainsRune(out, utf8.RuneError) && !sameEncoding(enc, out, data) {
		return "", &DecodeError{label, -1, ErrInvalid}
	}
	return string(out), nil
}

// sameEncoding reports whether text encodes to data. The decoders do not tell a U+FFFD
// that they were given from one that stands for something invalid.
func sameEncoding(enc encoding.Encoding, text, data []byte) bool {
	again, err := enc.NewEncoder().Bytes(text)
	return err == nil && bytes.Equal(again, data)
}

func firstInvalid(data []byte) int {
	offset := 0
	for offset < len(data) {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		offset += size
	}
	return offset
}
