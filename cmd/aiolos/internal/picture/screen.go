package picture

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// style is how a character looks: the last colour of SGR (30 to 37, 0: none),
// and whether it is bold or dim.
type style struct {
	color     int
	bold, dim bool
}

type cell struct {
	r     rune
	style style
}

// Screen is a terminal of so many lines as it takes. It knows the sequences that
// aiolos writes, and no others. The zero Screen is empty. It is not safe for
// concurrent use.
type Screen struct {
	rows     [][]cell
	row, col int
	style    style
}

// Command shows a prompt and a command line, as if somebody had typed it.
func (s *Screen) Command(line string) error {
	return s.Play("\x1b[2m$\x1b[0m \x1b[1m" + line + "\x1b[0m\n")
}

// Play shows what a program has written. A control character or sequence that the
// screen does not know is an error.
func (s *Screen) Play(output string) error {
	for output != "" {
		if seq, ok := strings.CutPrefix(output, "\x1b["); ok {
			end := strings.IndexFunc(seq, func(r rune) bool { return r >= '@' && r <= '~' })
			if end < 0 {
				return fmt.Errorf("the sequence %q has no end", output)
			}
			if err := s.runSequence(seq[:end], seq[end]); err != nil {
				return err
			}
			output = seq[end+1:]
			continue
		}
		r, size := utf8.DecodeRuneInString(output)
		output = output[size:]
		switch {
		case r == '\n':
			s.row, s.col = s.row+1, 0
		case r == '\r':
			s.col = 0
		case r < ' ' || r == 0x7f || r == utf8.RuneError:
			return fmt.Errorf("the screen does not know %q", r)
		default:
			s.putRune(r)
		}
	}
	return nil
}

// runSequence does what a sequence says: ESC [ params final.
func (s *Screen) runSequence(params string, final byte) error {
	switch final {
	case 'm':
		for code := range strings.SplitSeq(params, ";") {
			switch n, err := strconv.Atoi(code); {
			case code == "" || err == nil && n == 0:
				s.style = style{}
			case err == nil && n == 1:
				s.style.bold = true
			case err == nil && n == 2:
				s.style.dim = true
			case err == nil && n >= 30 && n <= 37:
				s.style.color = n
			default:
				return fmt.Errorf("the screen does not know the colour %q", code)
			}
		}
		return nil
	case 'A': // up
		n, err := strconv.Atoi(params)
		if err != nil || n > s.row {
			return fmt.Errorf("%q lines up from line %d", params, s.row)
		}
		s.row -= n
		return nil
	case 'J', 'K': // erase to the end of the screen, or of the line
		if params == "" || params == "0" {
			if s.row < len(s.rows) {
				s.rows[s.row] = s.rows[s.row][:min(s.col, len(s.rows[s.row]))]
				if final == 'J' {
					s.rows = s.rows[:s.row+1]
				}
			}
			return nil
		}
	}
	return fmt.Errorf("the screen does not know the sequence %q", params+string(final))
}

// putRune puts a character at the cursor.
func (s *Screen) putRune(r rune) {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, nil)
	}
	line := s.rows[s.row]
	for len(line) <= s.col {
		line = append(line, cell{r: ' '})
	}
	line[s.col] = cell{r, s.style}
	s.rows[s.row] = line
	s.col++
}

// Text returns what is on the screen, without colours and without spaces at the
// ends of lines.
func (s *Screen) Text() string {
	var out strings.Builder
	for _, row := range s.rows {
		var line strings.Builder
		for _, c := range row {
			line.WriteRune(c.r)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}
