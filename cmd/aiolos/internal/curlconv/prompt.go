package curlconv

import (
	"errors"
	"regexp"
	"strings"
)

// isPrompt reports whether a command line is one of the Windows command prompt:
// its first quote or its first line end is escaped with ^.
func isPrompt(line string) bool {
	return regexp.MustCompile(`^\s*curl(\.exe)?\s+(\^"|[^\n]* \^\r?\n)`).MatchString(line)
}

// doublesQuotes reports whether a line without carets is one of the prompt: it has no
// quotes but ", and some of them are doubled between two others, as Firefox writes JSON.
// In a POSIX shell two quotes there are nothing at all, and nobody types them.
func doublesQuotes(line string) bool {
	if !isCurl(strings.Trim(firstWord(line), `"`)) {
		return false
	}
	quoted, doubled := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'' && !quoted, c == '\\' && !quoted, c == '$' && !quoted, c == '\\' && strings.HasPrefix(line[i+1:], "\n"):
			return false
		case c == '\\' && quoted && i+1 < len(line):
			i++
		case c == '"' && quoted && strings.HasPrefix(line[i+1:], `"`):
			next := strings.TrimPrefix(line[i+2:], `"`)
			doubled = doubled || next != "" && next[0] != ' ' && next[0] != '\n' && next[0] != '\r'
			i++
		case c == '"':
			quoted = !quoted
		}
	}
	return doubled && !quoted
}

// firstWord is what stands in front of the first space.
func firstWord(line string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return word
}

// splitPrompt divides in two steps, as Windows does: the prompt takes the carets
// away, the program's runtime divides the rest into words.
func splitPrompt(line string) ([]string, error) {
	text, err := removeCarets(strings.ReplaceAll(line, "\r\n", "\n"))
	if err != nil {
		return nil, err
	}
	// Browsers escape every quote with a caret, and they double every backslash,
	// which the runtime undoes only in front of quotes. What they mean counts.
	before, _, _ := strings.Cut(line, `"`)
	return runtimeWords(text, strings.HasSuffix(before, "^"))
}

// removeCarets takes away the carets that escape. Between quotes that are not escaped
// themselves a caret is one.
func removeCarets(line string) (string, error) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
			b.WriteByte(c)
		case quoted:
			b.WriteByte(c)
		case c == '^' && i+1 < len(line):
			i++
			// A line end disappears, and what follows it is as good as escaped:
			// two of them are how a line end is written.
			if line[i] == '\n' {
				if i++; i == len(line) {
					break
				}
			}
			b.WriteByte(line[i])
		case strings.IndexByte("|&<>", c) >= 0:
			return "", &UnsupportedError{What: `"` + string(c) + `" without a caret`, Why: "give one curl command"}
		case c == '\n':
			if strings.TrimSpace(line[i:]) != "" {
				return "", &UnsupportedError{What: "more than one command", Why: "a line that goes on ends in a caret"}
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// runtimeWords divides by the rules of the C runtime: 2n backslashes in front of
// a quote are n of them, one more makes the quote a character, and two quotes
// between quotes are one. Doubled says that 2n backslashes are n anywhere.
func runtimeWords(line string, doubled bool) ([]string, error) {
	var words []string
	var word strings.Builder
	open, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\':
			n := len(line[i:]) - len(strings.TrimLeft(line[i:], `\`))
			i += n - 1
			open = true
			quote := strings.HasPrefix(line[i+1:], `"`)
			switch {
			case quote:
				word.WriteString(strings.Repeat(`\`, n/2))
			case doubled:
				word.WriteString(strings.Repeat(`\`, (n+1)/2))
			default:
				word.WriteString(strings.Repeat(`\`, n))
			}
			if quote && n%2 == 1 {
				i++
				word.WriteByte('"')
			}
		case c == '"' && quoted && strings.HasPrefix(line[i+1:], `"`):
			i++
			word.WriteByte('"')
		case c == '"':
			open, quoted = true, !quoted
		case !quoted && (c == ' ' || c == '\t'):
			if open {
				words = append(words, word.String())
				word.Reset()
				open = false
			}
		default:
			open = true
			word.WriteByte(c)
		}
	}
	if quoted {
		return nil, errors.New(`curl: a " has no end`)
	}
	if open {
		words = append(words, word.String())
	}
	return words, nil
}
