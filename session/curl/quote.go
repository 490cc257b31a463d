package curl

import (
	stderrors "errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrNUL is a word that no command line can hold.
var ErrNUL = stderrors.New("no command line can hold a NUL character")

// bare are the characters that mean nothing to any shell. A word that starts with
// "=" or "%" does to zsh (the path of a command) and fish (a job).
const bare = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+,="

// Quote returns a word as sh of POSIX, bash, zsh and fish (from 3.4 on) all read
// it, pasted or from a file:
//
//	it's \n       'it'\''s \n'               $'…' is not POSIX, and ends dash's quotes early
//	\\            \\\\                       in '…' fish takes \\ for one character
//	a, ESC, b%    'a'"$(printf '\033b%%')"   a terminal gets no control character but the line end
//
// It returns [ErrNUL] for a word with a NUL character.
func Quote(word string) (string, error) {
	switch {
	case strings.IndexByte(word, 0) >= 0:
		return "", ErrNUL
	case word == "":
		return "''", nil
	case strings.Trim(word, bare) == "" && word[0] != '=' && word[0] != '%':
		return word, nil
	}
	// From the first character that has to be escaped on all is given to printf:
	// fish mistakes the quotes that follow a "$(…)". But $(…) drops line ends at
	// the end.
	start := indexUnsafe(word, false)
	end := start + len(strings.TrimRight(word[start:], "\n"))
	var b strings.Builder
	quoteLiteral(&b, word[:start], strings.Contains(word, "\n"))
	if start < end {
		quotePrintf(&b, word[start:end])
	}
	if end < len(word) {
		b.WriteString("'" + word[end:] + "'")
	}
	return b.String(), nil
}

// quoteLiteral writes text between '…', and what cannot stand there escaped.
func quoteLiteral(b *strings.Builder, text string, lines bool) {
	quoted := false
	for i := range len(text) {
		// bash looks for events in each line by itself, and then takes the second
		// line of '…' for one without quotes.
		escaped := text[i] == '\'' || text[i] == '!' && lines || text[i] == '\\' && !staysQuoted(text[i+1:])
		if escaped == quoted {
			b.WriteByte('\'')
			quoted = !escaped
		}
		if escaped {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	if quoted {
		b.WriteByte('\'')
	}
}

// staysQuoted reports whether what follows a backslash in '…' is neither the end
// nor a character that fish takes together with it.
func staysQuoted(rest string) bool {
	return rest != "" && strings.IndexByte(`\'!`, rest[0]) < 0
}

// quotePrintf writes text as what printf prints, which does not end with a line end.
func quotePrintf(b *strings.Builder, text string) {
	b.WriteString(`"$(printf '`)
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == '%':
			b.WriteString("%%")
		case r == '\'', r == '\\', r == '!', r != '\n' && isUnsafe(r, n):
			for _, c := range []byte(text[:n]) {
				// Three digits, always: a digit that follows is none of them.
				fmt.Fprintf(b, `\%03o`, c)
			}
		default:
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
	b.WriteString(`')"`)
}

// Printable reports whether a terminal acts on nothing in a word; a line end is
// something.
func Printable(word string) bool { return indexUnsafe(word, true) == len(word) }

// indexUnsafe returns where the first unsafe character is, or the length.
func indexUnsafe(word string, lineEnd bool) int {
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		if isUnsafe(r, n) && (lineEnd || r != '\n') {
			return i
		}
		i += n
	}
	return len(word)
}

// isUnsafe reports whether a terminal may act on r, which took n bytes; to a line of a
// shell a tab and a line end are more than text, too.
func isUnsafe(r rune, n int) bool { return r == '\n' || r == '\t' || IsControl(r, n) }

// IsControl reports whether a terminal may act on r, which took n bytes of the text,
// although r is neither a line feed nor a tab: control characters, the C1 range, bytes
// that are not UTF-8, and what turns the direction of writing.
func IsControl(r rune, n int) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20 || r == 0x7f:
		return true
	case r == utf8.RuneError && n == 1:
		return true
	case r >= 0x80 && r < 0xa0:
		return true
	}
	return turnsDirection(r)
}

// turnsDirection reports whether r changes the order in which text is shown, or
// splits lines in some programs.
func turnsDirection(r rune) bool {
	switch {
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	case r == 0x2028 || r == 0x2029 || r == 0x200e || r == 0x200f || r == 0x061c:
		return true
	}
	return false
}
