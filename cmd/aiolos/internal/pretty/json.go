package pretty

import (
	"io"
	"strings"
)

// maxIndent is how deep lines are indented at most: a body of nothing but brackets must
// not become a thousand times as long.
const maxIndent = 32

// want is what may come next, outside of strings and words:
//
//	         +------------------ , ------------------+
//	         v                                       |
//	[ --> element --> value ------------------> wantComma --> ]
//	{ --> name or } --> string --> wantColon --> value --> wantComma --> }
//
// Whatever else comes ends the reading: the rest is no JSON, and goes on as it is.
type want uint8

const (
	wantValue        want = iota // at the top, behind a colon, behind a comma in an array
	wantValueOrClose             // behind [
	wantNameOrClose              // behind {
	wantName                     // behind a comma in an object
	wantColon
	wantComma // or the end of the container
)

// The colours of tokens, as parameters of SGR.
const (
	plain       = ""
	nameColor   = "36"
	textColor   = "32"
	numberColor = "33"
	wordColor   = "35" // true, false, null
	fieldColor  = "34" // of an event
)

// lexeme is what the lexer is in the middle of.
type lexeme uint8

const (
	between lexeme = iota // no string and no word
	inText
	inEscape // behind a backslash
	inWord   // number, true, false, null
)

// jsonWriter lays JSON out. See the package for what it keeps.
type jsonWriter struct {
	w      io.Writer
	style  Style
	prefix string // of each line but the first

	out     []byte
	stack   []byte // the open brackets
	want    want
	in      lexeme
	color   string // of the string or word that is open
	newline bool   // one is due in front of the next token
	foreign bool   // the rest is no JSON
	begun   bool   // something but a byte order mark has come
}

func newJSONWriter(w io.Writer, style Style, prefix string) *jsonWriter {
	return &jsonWriter{w: w, style: style, prefix: prefix}
}

// Write implements io.Writer. All of p is written that is not blank: a value that takes
// its time is seen as it grows. No colour is left switched on.
func (j *jsonWriter) Write(p []byte) (int, error) {
	text := p
	if len(p) == 0 {
		return 0, nil
	}
	if !j.begun {
		j.begun = true
		text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	}
	j.out = j.out[:0]
	j.startColor()
	for i := range text {
		if j.foreign {
			j.out = append(j.out, text[i:]...)
			break
		}
		j.lexByte(text[i])
	}
	j.endColor()
	if len(j.out) == 0 {
		return len(p), nil
	}
	if _, err := j.w.Write(j.out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends a number or a word that nothing has ended.
func (j *jsonWriter) Close() error {
	j.out = j.out[:0]
	if j.in == inWord {
		j.color = plain
		j.endValue()
	}
	_, err := j.w.Write(j.out)
	return err
}

// startColor switches the colour of an open token on again.
func (j *jsonWriter) startColor() {
	if j.color != plain {
		j.out = append(j.out, "\x1b["+j.color+"m"...)
	}
}

// endColor switches it off.
func (j *jsonWriter) endColor() {
	if j.color != plain {
		j.out = append(j.out, "\x1b[0m"...)
	}
}

// lexByte reads one byte.
func (j *jsonWriter) lexByte(c byte) {
	switch j.in {
	case inEscape:
		j.out, j.in = append(j.out, c), inText
	case inText:
		j.out = append(j.out, c)
		switch c {
		case '\\':
			j.in = inEscape
		case '"':
			j.endString()
		}
	case inWord:
		if isWordByte(c) {
			j.out = append(j.out, c)
			return
		}
		j.endColor()
		j.color = plain
		j.endValue()
		j.lexBetween(c)
	case between:
		j.lexBetween(c)
	}
}

// isWordByte reports whether c can be part of a number, or of true, false, null.
func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == 'E' || c == '-' || c == '+' || c == '.'
}

// lexBetween reads a byte outside of strings and words.
func (j *jsonWriter) lexBetween(c byte) {
	value := j.want == wantValue || j.want == wantValueOrClose
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		if !j.style.Indent {
			j.out = append(j.out, c)
		}
	case value && (c == '{' || c == '['):
		j.openContainer(c)
	case (c == '}' || c == ']') && j.canClose(c):
		j.closeContainer(c)
	case value && c == '"':
		j.beginToken(c, inText, textColor)
	case c == '"' && (j.want == wantName || j.want == wantNameOrClose):
		j.beginToken(c, inText, nameColor)
	case value && isWordByte(c):
		j.beginToken(c, inWord, colorOfWord(c))
	case c == ':' && j.want == wantColon:
		j.out, j.want = append(j.out, c), wantValue
		if j.style.Indent {
			j.out = append(j.out, ' ')
		}
	case c == ',' && j.want == wantComma:
		j.out, j.newline = append(j.out, c), true
		if j.want = wantValue; j.stack[len(j.stack)-1] == '{' {
			j.want = wantName
		}
	default:
		j.foreign = true
		j.out = append(j.out, c)
	}
}

// colorOfWord is the colour of a word by its first byte.
func colorOfWord(c byte) string {
	if 'a' <= c && c <= 'z' {
		return wordColor
	}
	return numberColor
}

// beginToken begins a string or a word.
func (j *jsonWriter) beginToken(c byte, in lexeme, color string) {
	j.breakLine(len(j.stack))
	if j.style.Color {
		j.color = color
	}
	if in == inText && (j.want == wantName || j.want == wantNameOrClose) {
		j.want = wantColon
	} else {
		j.want = wantComma
	}
	j.startColor()
	j.out, j.in = append(j.out, c), in
}

// endString ends a string, which is a name if a colon is to follow.
func (j *jsonWriter) endString() {
	j.endColor()
	j.color = plain
	if j.want == wantColon {
		j.in = between
		return
	}
	j.endValue()
}

// endValue ends a value. One that is in nothing else has its own line.
func (j *jsonWriter) endValue() {
	j.in, j.want = between, wantComma
	if len(j.stack) > 0 {
		return
	}
	j.want = wantValue
	if j.style.Indent {
		j.out = append(j.out, '\n')
	}
}

// openContainer opens an object or an array.
func (j *jsonWriter) openContainer(c byte) {
	j.breakLine(len(j.stack))
	j.out, j.stack, j.newline = append(j.out, c), append(j.stack, c), true
	if j.want = wantValueOrClose; c == '{' {
		j.want = wantNameOrClose
	}
}

// canClose reports whether c closes the container that is open, which may be empty but not
// end in a comma.
func (j *jsonWriter) canClose(c byte) bool {
	if len(j.stack) == 0 || j.want != wantComma && j.want != wantValueOrClose && j.want != wantNameOrClose {
		return false
	}
	return j.stack[len(j.stack)-1] == c-2 // in ASCII
}

// closeContainer closes a container. An empty one stays on its line.
func (j *jsonWriter) closeContainer(c byte) {
	j.stack = j.stack[:len(j.stack)-1]
	if j.newline = j.want == wantComma; j.newline {
		j.breakLine(len(j.stack))
	}
	j.out = append(j.out, c)
	j.endValue()
}

// breakLine writes the line end that is due.
func (j *jsonWriter) breakLine(depth int) {
	if !j.newline {
		return
	}
	j.newline = false
	if j.style.Indent {
		j.out = append(append(j.out, '\n'), j.prefix...)
		j.out = append(j.out, strings.Repeat("  ", min(depth, maxIndent))...)
	}
}
