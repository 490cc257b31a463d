package redact

import (
	"mime"
	"strings"
)

// Body hides what is secret in the text of a body: the values whose names say so, of a
// form, of the parts of a multipart body, and of what looks like a member of JSON in
// whatever else: servers name it text, or nothing, and events and scripts have it in them.
// Of others nobody can tell.
func Body(contentType, text string) string {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); {
	case media == "application/x-www-form-urlencoded",
		media == "" && strings.Contains(text, "=") && !strings.ContainsAny(text, " \t\r\n<{[\""):
		return Params(text)
	case strings.HasPrefix(media, "multipart/"):
		return parts(contentType, text)
	}
	return JSON(text)
}

// parts is Body for each part of a multipart body, which may be cut off: a part with the
// name of a secret is one.
func parts(contentType, text string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return JSON(text)
	}
	all := strings.Split(text, "--"+params["boundary"])
	for i, part := range all {
		head, body, found := strings.Cut(part, "\r\n\r\n")
		if !found {
			continue
		}
		kind, name := partHead(head)
		switch {
		case !SecretParam(name):
			body = Body(kind, body)
		case strings.HasSuffix(body, "\r\n"):
			body = Hidden + "\r\n"
		default: // it is cut off
			body = Hidden
		}
		all[i] = head + "\r\n\r\n" + body
	}
	return strings.Join(all, "--"+params["boundary"])
}

// partHead finds the type of a part and the name of its field (RFC 7578 4.2).
func partHead(head string) (kind, name string) {
	kind = "text/plain"
	for line := range strings.Lines(head) {
		field, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch strings.ToLower(field) {
		case "content-type":
			kind = value
		case "content-disposition":
			_, params, _ := mime.ParseMediaType(value) // what makes no sense has no name
			name = params["name"]
		}
	}
	return kind, name
}

// JSON hides the values of members whose names say that they are secret: strings, numbers,
// and objects and lists as a whole. What is not a secret stays as it is, byte for byte. The
// text may be cut off, or several values after each other, or no JSON at all: then what
// looks like a member with such a name is one.
//
//	"name" : value
//	└─ string ─► colon ─► string | { … } | [ … ] | up to a comma or the end of the object
func JSON(text string) string {
	var out strings.Builder
	rest := text
	for {
		quote := strings.IndexByte(rest, '"')
		if quote < 0 {
			break
		}
		end := quote + stringLen(rest[quote:])
		value := end + spaceLen(rest[end:])
		if value == len(rest) || rest[value] != ':' || !isSecretName(rest[quote:end]) {
			out.WriteString(rest[:end])
			rest = rest[end:]
			continue
		}
		value++
		value += spaceLen(rest[value:])
		out.WriteString(rest[:value])
		rest = rest[value:]
		if n := valueLen(rest); n > 0 && !strings.HasPrefix(rest, "null") {
			out.WriteString(`"` + Hidden + `"`)
			rest = rest[n:]
		}
	}
	if out.Len() == 0 {
		return text
	}
	out.WriteString(rest)
	return out.String()
}

// isSecretName reports whether a string of JSON is the name of a secret.
func isSecretName(quoted string) bool {
	name := strings.Trim(quoted, `"`)
	if strings.Contains(name, `\`) { // it may be spelled in escapes
		return true
	}
	return SecretParam(name)
}

// stringLen is how long a string is, with its quotes; of one that is cut off, the rest.
func stringLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

func spaceLen(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\r\n")) }

// valueLen is how long a value is; of one that is cut off, the rest.
func valueLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			i += stringLen(s[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what stands around
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(s)
}
