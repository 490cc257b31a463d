package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// maxIndex bounds the index in a name such as a[7], so that a short item cannot
// ask for a huge array.
const maxIndex = 9999

// maxDepth bounds the number of steps of one name.
const maxDepth = 64

// step is one element of a nested name: a key, an index, or [] (append).
type step struct {
	key    string
	index  int
	object bool // key is meant, not index
	append bool
}

// String returns the step as it was written, for messages.
func (s step) String() string {
	switch {
	case s.append:
		return "[]"
	case s.object:
		return "[" + s.key + "]"
	}
	return "[" + strconv.Itoa(s.index) + "]"
}

// parsePath reads a nested name: key[key][0][]. A name that starts with a
// bracket addresses the elements of a top-level array. A backslash takes the
// meaning from a bracket or a backslash, and makes a key of the digits that
// follow it: a[\0].
func parsePath(name string) ([]step, error) {
	var steps []step
	text, rest, _ := readLiteral(name, "[]")
	if text != "" {
		steps = append(steps, step{key: text, object: true})
	}
	for rest != "" {
		if rest[0] != '[' {
			return nil, fmt.Errorf("name %q: unexpected %q", name, rest[0])
		}
		inner, after, plain := readLiteral(rest[1:], "[]")
		if after == "" || after[0] != ']' {
			return nil, fmt.Errorf("name %q: missing ]", name)
		}
		s, err := parseBracket(inner, plain)
		if err != nil {
			return nil, fmt.Errorf("name %q: %w", name, err)
		}
		steps = append(steps, s)
		rest = after[1:]
		if len(steps) > maxDepth {
			return nil, fmt.Errorf("name %q: nested deeper than %d", name, maxDepth)
		}
	}
	return steps, nil
}

// readLiteral reads up to the first of the stop characters that is not escaped.
// plain reports that no escape was met.
func readLiteral(s, stop string) (text, rest string, plain bool) {
	var b strings.Builder
	plain = true
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case strings.IndexByte(stop, c) >= 0:
			return b.String(), s[i:], plain
		case c == '\\' && i+1 < len(s) && isEscapable(s[i+1], b.Len() == 0):
			plain = false
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", plain
}

// isEscapable reports whether a backslash in front of c is dropped.
func isEscapable(c byte, first bool) bool {
	return c == '[' || c == ']' || c == '\\' || first && '0' <= c && c <= '9'
}

// parseBracket makes a step of what stood between brackets.
func parseBracket(inner string, plain bool) (step, error) {
	if inner == "" && plain {
		return step{append: true}, nil
	}
	if !plain || strings.Trim(strings.TrimPrefix(inner, "-"), "0123456789") != "" || inner == "-" {
		return step{key: inner, object: true}, nil
	}
	if digits := strings.TrimPrefix(inner, "-"); len(digits) > 1 && digits[0] == '0' {
		return step{key: inner, object: true}, nil // no index is written so
	}
	n, err := strconv.Atoi(inner)
	switch {
	case inner[0] == '-':
		return step{}, fmt.Errorf("index %s is negative", inner)
	case err != nil || n > maxIndex:
		return step{}, fmt.Errorf("index %s is above %d", inner, maxIndex)
	}
	return step{index: n}, nil
}
