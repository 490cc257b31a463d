package errors

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a peer or a caller can put into a text, in bytes.
const (
	maxText = 200
	maxHost = 300
	maxURL  = 2000
)

// printable makes one bounded line of s: a peer's words may hold control
// characters, or be megabytes long.
func printable(s string, limit int) string {
	if len(s) <= limit && strings.IndexFunc(s, isUnprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= limit {
			b.WriteString("...")
			break
		}
		if isUnprintable(r) || r == utf8.RuneError {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }

// causeText is the text of a cause, which may be missing or somebody else's, without
// net/http's inner life.
func causeText(err error) string {
	if err == nil {
		return "unknown cause"
	}
	return printable(plainText(RedactError(err)), maxURL)
}

// onLine is a text with "; " in the place of line ends: what somebody else's error says
// in several lines. (internal/oneline does the same, but this package imports nothing.)
func onLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' }), "; ")
}

// withCause is a text with that of the cause behind it, if there is one.
func withCause(text string, cause error) string {
	if cause == nil {
		return text
	}
	return text + ": " + causeText(cause)
}

// writeFormatted writes a text, in quotes for %q.
func writeFormatted(f fmt.State, verb rune, text string) {
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	fmt.Fprint(f, text)
}

// marshalError writes an error as an object: its class, its text, and attributes as
// names and values in turn.
func marshalError(class string, err error, attributes ...any) ([]byte, error) {
	object := map[string]any{"class": class, "message": err.Error()}
	for i := 0; i+1 < len(attributes); i += 2 {
		if name, ok := attributes[i].(string); ok {
			object[name] = attributes[i+1]
		}
	}
	return json.Marshal(object)
}
