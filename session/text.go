package session

import (
	"cmp"
	"fmt"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/charset"
)

// CharsetResolver names the charset of a body that does not say its own, by what
// it looks like. An empty or unknown name stands for UTF-8. It must not keep
// body. (aiohttp: fallback_charset_resolver)
type CharsetResolver func(resp *Response, body []byte) string

// CharsetError is a body that is not valid in its charset. It is of the class
// [errors.ErrClientPayload].
type CharsetError struct {
	Charset string // the name in the WHATWG's Encoding standard
	Offset  int    // of the first byte that is not valid, or -1 if that is not known
}

// Error names the charset and the place.
func (e *CharsetError) Error() string {
	if e.Offset < 0 {
		return "text is not valid " + e.Charset
	}
	return fmt.Sprintf("text is not valid %s at byte %d", e.Charset, e.Offset)
}

// Is reports whether the class or an ancestor of it is target.
func (e *CharsetError) Is(target error) bool { return isPayload(target) }

// isPayload is the Is of the errors of this package that are about a body.
func isPayload(target error) bool {
	return target == errors.ErrClientPayload || target == errors.ErrClient
}

// Encoding is the charset that the body is in as far as the header tells: the
// one that it names, if that is known, and utf-8 for JSON. It is "" if only the
// body could tell. The name is that of the WHATWG's Encoding standard, so that
// latin1 is windows-1252. (aiohttp: get_encoding)
func (r *Response) Encoding() string {
	if name := charsetName(r.Charset()); name != "" {
		return name
	}
	if charset.IsJSON(r.ContentType()) {
		return utf8Name
	}
	return ""
}

// TextAs is Text by a charset of the caller's choice, whatever the header says:
// a label of the WHATWG's Encoding standard, such as "utf-8", "latin1" or
// "shift_jis". Bytes that are invalid become U+FFFD, and a byte order mark is
// dropped. An unknown label is an [*errors.InvalidRequestError], and leaves the
// body unread. (aiohttp: text(encoding, errors="replace"))
func (r *Response) TextAs(label string) (string, error) { return r.textAs(label, false) }

// TextStrict is TextAs where invalid bytes are a [*CharsetError]. An empty label
// stands for [Response.Encoding], and for UTF-8 if that is empty.
// (aiohttp: text(encoding, errors="strict"))
func (r *Response) TextStrict(label string) (string, error) {
	return r.textAs(cmp.Or(label, r.Encoding(), utf8Name), true)
}

func (r *Response) textAs(label string, strict bool) (string, error) {
	if charsetName(label) == "" {
		return "", &errors.InvalidRequestError{Field: "charset", Reason: "unknown label"}
	}
	data, err := r.Bytes()
	if err != nil {
		return "", err
	}
	text, err := decodeText(data, label, strict)
	if err != nil {
		return "", r.wrapError(err)
	}
	return text, nil
}

// TextFallback is Text that asks resolve where the header does not tell the
// charset, or names one that is unknown, and the body has no byte order mark,
// which counts for more than the header (WHATWG Encoding, 6.1 "BOM sniff"). A nil
// resolve stands for UTF-8. (aiohttp: fallback_charset_resolver)
func (r *Response) TextFallback(resolve CharsetResolver) (string, error) {
	data, err := r.Bytes()
	if err != nil {
		return "", err
	}
	label, _ := charset.Marked(data)
	if label == "" {
		label = r.Encoding()
	}
	if label == "" && resolve != nil {
		label = charsetName(resolve(r, data))
	}
	return decodeText(data, cmp.Or(label, utf8Name), false)
}

const (
	utf8Name      = charset.UTF8
	byteOrderMark = "\uFEFF"
)

// charsetName is the standard's name of a charset, or "" if there is none that
// can be decoded.
func charsetName(label string) string { return charset.Name(label) }

// decodeText makes UTF-8 of data, whose charset is known.
func decodeText(data []byte, label string, strict bool) (string, error) {
	text, err := charset.Decode(label, data, strict)
	if bad, ok := errors.AsType[*charset.DecodeError](err); ok {
		return "", &CharsetError{Charset: charsetName(label), Offset: bad.Offset}
	}
	return text, err
}
