package session

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// ContentDisposition is a parsed Content-Disposition header (RFC 6266; of a part
// of a multipart body: RFC 7578 4.2). The zero value is a header that is absent
// or malformed. (aiohttp: ContentDisposition)
type ContentDisposition struct {
	// Type is "attachment", "inline", "form-data" or another, in lower case.
	Type string
	// Params holds the parameters by their names, in lower case and as they are
	// written: "filename", "filename*", "filename*0". The first two are decoded;
	// what is in pieces is put together by [ContentDisposition.Param].
	Params map[string]string
}

// ContentDisposition parses the header; the zero value means that there is none
// or that it is malformed. (aiohttp: content_disposition)
func (r *Response) ContentDisposition() ContentDisposition {
	cd, _ := ParseContentDisposition(r.Header.Get("Content-Disposition")) // zero if it is malformed
	return cd
}

// ParseContentDisposition parses the value of the header. As in aiohttp, a
// missing or quoted type, a parameter without a value, a value that is neither a
// token nor a quoted string, and a parameter that is given twice make the whole
// header an [errors.ErrBadHTTPMessage]; an encoded parameter (RFC 8187, RFC 2231)
// that is malformed is passed over, and so are empty ones.
// (aiohttp: parse_content_disposition)
func ParseContentDisposition(header string) (ContentDisposition, error) {
	kind, rest, _ := strings.Cut(header, ";")
	kind = trimOWS(kind)
	if !isToken(kind) {
		return ContentDisposition{}, badDisposition("no type")
	}
	cd := ContentDisposition{Type: strings.ToLower(kind), Params: map[string]string{}}
	for rest = strings.TrimLeft(rest, "; \t"); rest != ""; rest = strings.TrimLeft(rest, "; \t") {
		var name, value string
		var quoted, ok bool
		if name, value, quoted, rest, ok = dispositionParam(rest); !ok {
			return ContentDisposition{}, badDisposition("a parameter without a value")
		}
		if _, twice := cd.Params[name]; twice {
			return ContentDisposition{}, badDisposition("a parameter twice")
		}
		if !isToken(name) {
			continue
		}
		if !cd.addParameter(name, value, quoted) {
			return ContentDisposition{}, badDisposition("a value that is neither a token nor quoted")
		}
	}
	return cd, nil
}

func badDisposition(what string) error {
	return &errors.ClientResponseError{
		Message: "parse content-disposition: " + what, Err: errors.ErrBadHTTPMessage,
	}
}

// dispositionParam takes a parameter off the front of s. A quoted value is
// returned without its quotes and with its escapes.
func dispositionParam(s string) (name, value string, quoted bool, rest string, ok bool) {
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		return "", "", false, "", false
	}
	name, s = strings.ToLower(trimOWS(s[:i])), strings.TrimLeft(s[i+1:], " \t")
	if strings.HasSuffix(name, "*") {
		// "filename *" is no name, and "filename* " is one.
		name = strings.TrimRight(name, " \t")
	}
	if strings.HasPrefix(s, `"`) {
		end := quotedEnd(s)
		if end < 0 {
			return "", "", false, "", false
		}
		if rest = strings.TrimLeft(s[end:], " \t"); rest != "" && rest[0] != ';' {
			return "", "", false, "", false
		}
		return name, s[1 : end-1], true, rest, true
	}
	value, rest, _ = strings.Cut(s, ";")
	return name, trimOWS(value), false, rest, true
}

// addParameter keeps a parameter, or passes over an encoded one that is malformed. It
// reports false for a plain one that is.
func (cd *ContentDisposition) addParameter(name, value string, quoted bool) bool {
	switch base, _, extended, piece := splitParam(name); {
	case piece:
		if quoted {
			value = unescapeQuoted(value)
		} else if !isToken(value) {
			return true
		}
	case extended:
		decoded, ok := decodeExtValue(value)
		if quoted || !ok || !isToken(value) || strings.Count(value, "'") != 2 {
			return true
		}
		value = decoded
	case quoted:
		if base == fileNameParam {
			value = strings.TrimLeft(value, `\/`)
		}
		value = headerText(unescapeQuoted(value))
	case !isToken(value):
		return false
	}
	cd.Params[name] = value
	return true
}

const fileNameParam = "filename"

// splitParam takes a name apart: "name*" is extended, "name*0" is a piece, and
// "name*0*" is both (RFC 2231 3, 4.1).
func splitParam(name string) (base string, number int, extended, piece bool) {
	base, tail, ok := strings.Cut(name, "*")
	if !ok {
		return name, 0, false, false
	}
	if tail == "" {
		return base, 0, true, false
	}
	digits, extended := strings.CutSuffix(tail, "*")
	n, ok := parseDecimal(digits)
	if !ok {
		return name, 0, false, false
	}
	return base, n, extended, true
}

// parseDecimal reads digits; with a zero in front they are not the number of a piece.
func parseDecimal(s string) (int, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return -1, true
	}
	return n, true
}

// FileName is the file name that the sender gives, decoded, or "". It may be
// anything, a path included: use [ContentDisposition.SafeName] to open a file.
// (aiohttp: ContentDisposition.filename)
func (cd ContentDisposition) FileName() string { return cd.Param(fileNameParam) }

// SafeName is the file name as [SafeFileName] leaves it, or "".
func (cd ContentDisposition) SafeName() string { return SafeFileName(cd.FileName()) }

// Param is a parameter, decoded, or "": what "name*" holds, else "name", else the
// pieces "name*0", "name*1" and so on, up to the first gap (RFC 6266 4.3,
// RFC 2231 4.1). (aiohttp: content_disposition_filename)
func (cd ContentDisposition) Param(name string) string {
	if value, ok := cd.Params[name+"*"]; ok {
		return value
	}
	if value, ok := cd.Params[name]; ok {
		return value
	}
	var raw []byte
	label := ""
	for n := 0; ; n++ {
		key := name + "*" + strconv.Itoa(n)
		if encoded, ok := cd.Params[key+"*"]; ok {
			if n == 0 {
				label, encoded = cutCharset(encoded)
			}
			piece, ok := percentDecode(encoded)
			if !ok {
				return ""
			}
			raw = append(raw, piece...)
			continue
		}
		plain, ok := cd.Params[key]
		if !ok {
			break
		}
		raw = append(raw, plain...)
	}
	if label == "" {
		return headerText(string(raw))
	}
	text, _ := decodeLabelled(raw, label)
	return text
}

// cutCharset takes charset and language off the first piece. Without a charset
// it is UTF-8.
func cutCharset(value string) (label, rest string) {
	label, tail, ok1 := strings.Cut(value, "'")
	_, tail, ok2 := strings.Cut(tail, "'")
	if !ok1 || !ok2 {
		return utf8Name, value
	}
	return cmp.Or(label, utf8Name), tail
}
