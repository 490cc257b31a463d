package redact

import "strings"

// Body hides what is secret in the text of a body: of a form and of JSON the values whose
// names say so. Of others nobody can tell.
func Body(contentType, text string) string {
	media, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch media = strings.TrimSpace(media); {
	case media == "application/x-www-form-urlencoded":
		return Params(text)
	case strings.HasSuffix(media, "json"), strings.HasSuffix(media, "json-seq"):
		return JSON(text)
	}
	return text
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
