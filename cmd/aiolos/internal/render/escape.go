package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aiolos-http/aiolos/session/curl"
)

// Line returns s fit for one line on a terminal: control characters, line ends
// included, and everything else that [Escaper] escapes become visible. Use it
// for file names, header values and error texts that a server had a hand in.
func Line(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\n' || r == '\t' || IsDangerous(r, n) {
			b.WriteString(escapeRune(s[i : i+n]))
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Error is the text of an error on one line: several that were joined have a semicolon
// between them, and the rest is as [Line] has it.
func Error(err error) string { return Line(strings.ReplaceAll(err.Error(), "\n", "; ")) }

// ShellWord returns s as a word of a command line that is shown. What no shell can have
// as a word, and nobody has typed, is an ellipsis.
func ShellWord(s string) string {
	word, err := curl.Quote(s)
	if err != nil {
		return "..."
	}
	return word
}

// Text returns data fit for a terminal, as an [Escaper] passes it on.
func Text(data []byte) string {
	var b strings.Builder
	e := NewEscaper(&b)
	// A builder takes everything.
	_, _ = e.Write(data)
	_ = e.Close()
	return b.String()
}

// Escaper passes text on to a terminal and makes visible what the terminal
// could take for a command: control characters except line feed and tab (a
// carriage return before a line feed is dropped), the C1 range, bytes that are
// not UTF-8, and the characters that turn the direction of writing. A server
// must not be able to move the cursor or to rename the window.
//
// Close flushes what was held back because it may be the first half of a
// character; it does not close the underlying writer. An Escaper is used by one
// goroutine.
type Escaper struct {
	w    io.Writer
	held []byte
	out  []byte
}

// NewEscaper returns an Escaper that writes to w.
func NewEscaper(w io.Writer) *Escaper { return &Escaper{w: w} }

// Write implements io.Writer.
func (e *Escaper) Write(p []byte) (int, error) {
	text := p
	if len(e.held) > 0 {
		text = slices.Concat(e.held, p)
	}
	e.out = e.out[:0]
	for len(text) > 0 && (utf8.FullRune(text) && !endsInReturn(text)) {
		text = e.escapeFirst(text)
	}
	e.held = slices.Clone(text)
	if _, err := e.w.Write(e.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes what was held back.
func (e *Escaper) Close() error {
	text := e.held
	e.out, e.held = e.out[:0], nil
	for len(text) > 0 {
		text = e.escapeFirst(text)
	}
	_, err := e.w.Write(e.out)
	return err
}

// endsInReturn reports whether text is a carriage return whose meaning depends
// on the byte that follows.
func endsInReturn(text []byte) bool { return len(text) == 1 && text[0] == '\r' }

// escapeFirst appends the first character of text to the output, escaped if needed, and
// returns the rest.
func (e *Escaper) escapeFirst(text []byte) []byte {
	r, n := utf8.DecodeRune(text)
	switch {
	case r == '\r' && len(text) > 1 && text[1] == '\n':
	case IsDangerous(r, n):
		e.out = append(e.out, escapeRune(string(text[:n]))...)
	default:
		e.out = append(e.out, text[:n]...)
	}
	return text[n:]
}

// IsDangerous reports whether a terminal may act on r, which took n bytes of the text,
// or turns the direction of writing with it. A line feed and a tab are no danger.
func IsDangerous(r rune, n int) bool { return curl.IsControl(r, n) }

// escapeRune writes one character as an escape of Go's.
func escapeRune(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && n == 1, r < 0x80:
		return fmt.Sprintf(`\x%02x`, s[0])
	}
	return fmt.Sprintf(`\u%04x`, r)
}
