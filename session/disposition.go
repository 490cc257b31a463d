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
	// Type is "attachment", "inline", "form-data" or another, in lower case; "" if
	// the header names only a file.
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

// ParseContentDisposition parses the value of the header, as tolerantly as curl -J and
// wget do where both find the same name, because many servers write no valid one. An
// unquoted value goes to the next semicolon, blanks, commas and brackets included; what
// comes behind a closing quote, a parameter without a value and one without a proper
// name are passed over. So is an encoded parameter (RFC 8187, RFC 2231) that is
// malformed, or names no charset (RFC 8187 3.2.1). A name of a file may stand alone,
// without a type.
//
// A type that is no token, a quote that is not closed, and a name that is given twice
// make the whole header an [errors.ErrBadHTTPMessage].
// (aiohttp: parse_content_disposition, which drops a header with any flaw)
func ParseContentDisposition(header string) (ContentDisposition, error) {
	cd := ContentDisposition{Params: map[string]string{}}
	kind, rest, _ := strings.Cut(header, ";")
	switch kind = trimOWS(kind); {
	case isToken(kind):
		cd.Type = strings.ToLower(kind)
	case strings.Contains(kind, "=") && kind[0] != '"':
		rest = header
	default:
		return ContentDisposition{}, badDisposition("no type")
	}
	for rest = strings.TrimLeft(rest, "; \t"); rest != ""; rest = strings.TrimLeft(rest, "; \t") {
		var name, value string
		var quoted, ok bool
		if name, value, quoted, rest, ok = dispositionParam(rest); !ok {
			return ContentDisposition{}, badDisposition("a quote that is not closed")
		}
		switch _, twice := cd.Params[name]; {
		case twice && (name == fileNameParam || name == "name"):
			return ContentDisposition{}, badDisposition("a parameter twice")
		case !twice && isToken(name):
			cd.addParameter(name, value, quoted)
		}
	}
	if cd.Type == "" && cd.FileName() == "" {
		return ContentDisposition{}, badDisposition("no type")
	}
	return cd, nil
}

func badDisposition(what string) error {
	return &errors.ClientResponseError{
		Message: "parse content-disposition: " + what, Err: errors.ErrBadHTTPMessage,
	}
}

// dispositionParam takes a parameter off the front of s. A quoted value is returned
// without its quotes and with its escapes; ok is false if it has no end. The name of one
// without a value is empty.
func dispositionParam(s string) (name, value string, quoted bool, rest string, ok bool) {
	i := strings.IndexAny(s, "=;")
	switch {
	case i < 0:
		return "", "", false, "", true
	case s[i] == ';':
		return "", "", false, s[i:], true
	}
	name, s = strings.ToLower(trimOWS(s[:i])), strings.TrimLeft(s[i+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		end := quotedEnd(s)
		if end < 0 {
			return "", "", false, "", false
		}
		_, rest, _ = strings.Cut(s[end:], ";")
		return name, s[1 : end-1], true, rest, true
	}
	value, rest, _ = strings.Cut(s, ";")
	return name, trimOWS(value), false, rest, true
}

// addParameter keeps a parameter, or passes over one that is empty, or encoded and
// malformed.
func (cd *ContentDisposition) addParameter(name, value string, quoted bool) {
	base, _, extended, piece := splitParam(name)
	switch {
	case piece && quoted:
		value = unescapeQuoted(value)
	case piece:
		if !isToken(value) {
			return
		}
	case extended:
		decoded, ok := decodeExtValue(value)
		if quoted || !ok || strings.Count(value, "'") != 2 {
			return
		}
		value = decoded
	case quoted && base == fileNameParam && isDrivePath(value):
		value = headerText(value) // its backslashes escape nothing
	case quoted:
		value = headerText(unescapeQuoted(value))
	case value == "":
		return
	default:
		value = headerText(value)
	}
	if base == fileNameParam && !piece {
		value = trimSeparators(value)
	}
	cd.Params[name] = value
}

// isDrivePath reports whether s begins as a path of Windows does, C:\, which some
// servers quote as it is.
func isDrivePath(s string) bool {
	return len(s) > len(`C:\`) && (s[0]|0x20) >= 'a' && (s[0]|0x20) <= 'z' && s[1:3] == `:\`
}

// trimSeparators makes no absolute path of a name, in whatever form it came.
func trimSeparators(name string) string { return strings.TrimLeft(name, `\/`) }

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

// FileName is the file name that the sender gives, decoded and without separators in
// front, or "". It may be anything, a path included: use [ContentDisposition.SafeName]
// to open a file. (aiohttp: ContentDisposition.filename)
func (cd ContentDisposition) FileName() string { return trimSeparators(cd.Param(fileNameParam)) }

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
