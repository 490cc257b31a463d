package curlconv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Split divides a command line into words. Text whose quotes or line ends are
// escaped with ^ is taken for one of the Windows command prompt, everything
// else for one of a POSIX shell with bash's $'…'. Variables and commands are
// not expanded: they are errors, and so is a second command. What
// [curl.Quote] writes is read.
func Split(line string) ([]string, error) {
	if strings.IndexByte(line, 0) >= 0 {
		return nil, errors.New("curl: the command has a NUL character")
	}
	if isPrompt(line) || doublesQuotes(line) {
		return splitPrompt(line)
	}
	return splitShell(line)
}

// shell reads a command line from left to right.
type shell struct {
	in    string
	words []string
	word  strings.Builder
	open  bool // a word has begun, be it empty
}

// splitShell divides by the rules of bash.
func splitShell(line string) ([]string, error) {
	s := &shell{in: line}
	for s.in != "" {
		if err := s.readNext(); err != nil {
			return nil, err
		}
	}
	s.endWord()
	return s.words, nil
}

// endWord finishes the word that has begun.
func (s *shell) endWord() {
	if s.open {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
		s.open = false
	}
}

// addText adds to the word.
func (s *shell) addText(text string) {
	s.word.WriteString(text)
	s.open = true
}

// readNext reads one character or one quoted text.
func (s *shell) readNext() error {
	c := s.in[0]
	switch {
	case c == ' ' || c == '\t' || c == '\r':
		s.endWord()
	case c == '\n':
		s.endWord()
		return s.checkEnd()
	case c == '\'':
		return s.readSingleQuoted()
	case c == '"':
		return s.readDoubleQuoted()
	case c == '\\':
		s.readBackslash()
		return nil
	case strings.HasPrefix(s.in, "$'"):
		return s.readANSIQuoted()
	case strings.HasPrefix(s.in, `$"`):
	case c == '$' && isExpansion(s.in[1:]), c == '`':
		return &UnsupportedError{What: fmt.Sprintf("%q outside of quotes", c), Why: "nothing is expanded here"}
	case c == '#' && !s.open:
		line, rest, _ := strings.Cut(s.in, "\n")
		_, s.in = line, "\n"+rest
		return nil
	case c == ';':
		s.endWord()
		return s.checkEnd()
	case strings.IndexByte("|&<>()", c) >= 0:
		return &UnsupportedError{What: fmt.Sprintf("%q outside of quotes", c), Why: "give one curl command"}
	default:
		s.addText(s.in[:1])
	}
	s.in = s.in[1:]
	return nil
}

// checkEnd checks that nothing follows the end of the command. Empty lines in front
// of it do not count.
func (s *shell) checkEnd() error {
	s.in = s.in[1:]
	if len(s.words) > 0 && strings.TrimLeft(s.in, " \t\r\n;") != "" {
		return &UnsupportedError{What: "more than one command", Why: "a line that goes on ends in a backslash"}
	}
	return nil
}

// readSingleQuoted reads a '…' text.
func (s *shell) readSingleQuoted() error {
	text, rest, ok := strings.Cut(s.in[1:], "'")
	if !ok {
		return errors.New("curl: a ' has no end")
	}
	s.addText(text)
	s.in = rest
	return nil
}

// readDoubleQuoted reads a "…" text.
func (s *shell) readDoubleQuoted() error {
	s.addText("")
	for i := 1; i < len(s.in); i++ {
		switch c := s.in[i]; {
		case c == '"':
			s.in = s.in[i+1:]
			return nil
		case strings.HasPrefix(s.in[i:], printfOpen):
			n, err := s.readPrintf(s.in[i+len(printfOpen):])
			if err != nil {
				return err
			}
			i += len(printfOpen) + n - 1
		case c == '`', c == '$' && isExpansion(s.in[i+1:]):
			return &UnsupportedError{What: fmt.Sprintf("%q in double quotes", c), Why: "nothing is expanded here"}
		case c == '\\' && i+1 < len(s.in) && strings.IndexByte("$`\"\\\n", s.in[i+1]) >= 0:
			i++
			if s.in[i] != '\n' {
				s.addText(s.in[i : i+1])
			}
		default:
			s.addText(s.in[i : i+1])
		}
	}
	return errors.New(`curl: a " has no end`)
}

// The one command that is understood: [curl.Quote] writes control characters so.
const printfOpen, printfClose = "$(printf '", "')"

// readPrintf reads what a printf in double quotes prints, and returns how long its text
// is with what ends it.
func (s *shell) readPrintf(in string) (n int, err error) {
	format, _, ok := strings.Cut(in, printfClose)
	var text strings.Builder
	for rest := format; ok && rest != ""; {
		c := rest[:1]
		switch {
		case strings.HasPrefix(rest, "%%"):
			rest = rest[2:]
		case c == `\`:
			c, rest = readByte(rest[1:], 3, 8)
			ok = c != "" && c != "\x00"
		default:
			ok = c != "%" && c != "'"
			rest = rest[1:]
		}
		text.WriteString(c)
	}
	if !ok || strings.HasSuffix(text.String(), "\n") { // which the shell would cut off
		return 0, &UnsupportedError{What: `"$(" in double quotes`, Why: "nothing is expanded here"}
	}
	s.addText(text.String())
	return len(format) + len(printfClose), nil
}

// isExpansion reports whether a shell would replace a $ that is followed by rest.
func isExpansion(rest string) bool {
	return rest != "" && (rest[0] == '_' || rest[0] == '{' || rest[0] == '(' || 'a' <= rest[0]|0x20 && rest[0]|0x20 <= 'z' ||
		'0' <= rest[0] && rest[0] <= '9' || strings.IndexByte("@*#?$!-", rest[0]) >= 0)
}

// readBackslash reads an escape outside of quotes. A line end disappears, also one
// of Windows.
func (s *shell) readBackslash() {
	rest := s.in[1:]
	switch {
	case rest == "":
		s.addText(`\`)
		s.in = ""
	case rest[0] == '\n':
		s.in = rest[1:]
	case strings.HasPrefix(rest, "\r\n"):
		s.in = rest[2:]
	default:
		s.addText(rest[:1])
		s.in = rest[1:]
	}
}

// readANSIQuoted reads a $'…' text.
func (s *shell) readANSIQuoted() error {
	s.addText("")
	in := s.in[2:]
	for in != "" {
		switch {
		case in[0] == '\'':
			s.in = in[1:]
			return nil
		case in[0] == '\\' && len(in) > 1:
			text, rest, err := readANSIEscape(in[1:])
			if err != nil {
				return err
			}
			s.addText(text)
			in = rest
		default:
			s.addText(in[:1])
			in = in[1:]
		}
	}
	return errors.New("curl: a $' has no end")
}

// readANSIEscape reads what follows a backslash in $'…'.
func readANSIEscape(in string) (text, rest string, err error) {
	const names, values = "abeEfnrtv\\'\"?", "\a\b\x1b\x1b\f\n\r\t\v\\'\"?"
	if i := strings.IndexByte(names, in[0]); i >= 0 {
		return values[i : i+1], in[1:], nil
	}
	switch c := in[0]; {
	case c == 'c' && len(in) > 1:
		text, rest = string([]byte{in[1] & 0x1f}), in[2:]
	case c == 'x':
		text, rest = readByte(in[1:], 2, 16)
	case '0' <= c && c <= '7':
		text, rest = readByte(in, 3, 8)
	case c == 'u':
		text, rest = readRune(in[1:], 4)
	case c == 'U':
		text, rest = readRune(in[1:], 8)
	}
	switch text {
	case "\x00":
		return "", "", errors.New("curl: the command has a NUL character")
	case "": // bash keeps the backslash of an escape that is none
		return `\` + in[:1], in[1:], nil
	}
	return text, rest, nil
}

// readDigits reads up to n digits.
func readDigits(in string, n, base int) (value uint64, digits int) {
	for digits < n && digits < len(in) {
		v, err := strconv.ParseUint(in[:digits+1], base, 64)
		if err != nil || in[digits] == '_' || in[digits] == '+' {
			break
		}
		value, digits = v, digits+1
	}
	return value, digits
}

// readByte reads a byte; without digits it returns no text.
func readByte(in string, n, base int) (text, rest string) {
	v, digits := readDigits(in, n, base)
	if digits == 0 {
		return "", in
	}
	return string([]byte{byte(v & 0xff)}), in[digits:]
}

// readRune reads a code point. Two halves of a surrogate pair, which some browsers
// write, are joined.
func readRune(in string, n int) (text, rest string) {
	v, digits := readDigits(in, n, 16)
	if digits == 0 {
		return "", in
	}
	rest = in[digits:]
	r := utf8.RuneError
	if v <= utf8.MaxRune {
		r = rune(v)
	}
	if utf16.IsSurrogate(r) {
		if tail, ok := strings.CutPrefix(rest, `\u`); ok {
			if low, d := readDigits(tail, 4, 16); d == 4 {
				if joined := utf16.DecodeRune(r, rune(low)); joined != utf8.RuneError { //nolint:gosec // four digits
					return string(joined), tail[4:]
				}
			}
		}
	}
	return string(r), rest
}
