package netrc

import "strings"

// lexer cuts a file into words.
type lexer struct {
	rest string
	line int // of what comes next, from 1
}

// word is a word and where it begins. The end of the file is the zero word.
type word struct {
	text string
	line int
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// nextWord returns the next word. It fails, with the line, for quotes or an escape
// that their line does not end.
func (l *lexer) nextWord() (word, error) {
	l.skipSpace()
	if l.rest == "" {
		return word{}, nil
	}
	w := word{line: l.line}
	quoted := l.rest[0] == '"'
	if quoted {
		l.takeByte()
	}
	var b strings.Builder
	for l.rest != "" {
		switch c := l.rest[0]; {
		case quoted && c == '"':
			l.takeByte()
			w.text = b.String()
			return w, nil
		case quoted && c == '\n':
			return word{}, &Error{Line: w.line, Reason: "quotes without an end"}
		case !quoted && isSpace(c):
			w.text = b.String()
			return w, nil
		case c == '\\':
			l.takeByte()
			if l.rest == "" || l.rest[0] == '\n' || l.rest[0] == '\r' {
				return word{}, &Error{Line: w.line, Reason: "a backslash with nothing after it"}
			}
		}
		b.WriteByte(l.takeByte())
	}
	if quoted {
		return word{}, &Error{Line: w.line, Reason: "quotes without an end"}
	}
	w.text = b.String()
	return w, nil
}

func (l *lexer) takeByte() byte {
	c := l.rest[0]
	l.rest = l.rest[1:]
	if c == '\n' {
		l.line++
	}
	return c
}

func (l *lexer) skipSpace() {
	for l.rest != "" && isSpace(l.rest[0]) {
		l.takeByte()
	}
}

// skipComments skips up to a word that does not begin with "#". What stands in a
// comment need not be words.
func (l *lexer) skipComments() {
	for l.skipSpace(); strings.HasPrefix(l.rest, "#"); l.skipSpace() {
		l.skipLine()
	}
}

// skipLine skips the rest of the line and returns what it was.
func (l *lexer) skipLine() string {
	line, rest, found := strings.Cut(l.rest, "\n")
	l.rest = rest
	if found {
		l.line++
	}
	return line
}

// skipMacro skips lines up to an empty one.
func (l *lexer) skipMacro() {
	l.skipLine() // what is left of that of the name
	for l.rest != "" && strings.TrimSuffix(l.skipLine(), "\r") != "" {
		continue
	}
}
