// Package secret knows by their names which headers and parameters are not for
// everybody's eyes, and stay with the server that they were given for.
package secret

import (
	"strings"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/session/curl"
)

// Hidden stands in the place of a secret, here as in what the library writes.
const Hidden = "***"

// Header reports whether the values of a header are secret: those that the library
// hides.
func Header(name string) bool { return aioerrors.SensitiveHeader(name) }

// Param reports whether the values of a parameter or a field of a form are secret.
func Param(name string) bool { return curl.SecretParam(name) }

// Value is the value of a header as it may be shown: nothing of a secret one, but the
// schemes and parameters of a challenge, which ask for credentials and hold none. What
// may be some is a token68 behind a scheme (RFC 9110 11.3), as of Negotiate and NTLM.
func Value(name, value string) string {
	switch {
	case strings.EqualFold(name, "WWW-Authenticate"), strings.EqualFold(name, "Proxy-Authenticate"):
		return hideTokens(value)
	case Header(name):
		return Hidden
	}
	return value
}

// hideTokens hides the tokens of challenges.
func hideTokens(value string) string {
	pieces := splitUnquoted(value)
	for i, piece := range pieces {
		scheme, rest, ok := strings.Cut(strings.TrimLeft(piece, " \t"), " ")
		if token := strings.Trim(rest, " \t"); ok && scheme != "" && isToken68(token) {
			blanks := piece[:len(piece)-len(strings.TrimLeft(piece, " \t"))]
			pieces[i] = blanks + scheme + " " + Hidden
		}
	}
	return strings.Join(pieces, ",")
}

// splitUnquoted splits at the commas that are in no quoted string.
func splitUnquoted(value string) []string {
	var pieces []string
	start, quoted := 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			pieces = append(pieces, value[start:i])
			start = i + 1
		}
	}
	return append(pieces, value[start:])
}

// isToken68 reports whether s is a token68, and no parameter.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-._~+/", r)
	})
}
