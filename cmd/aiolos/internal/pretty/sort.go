package pretty

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"
)

// maxSorted bounds a value that is held to be sorted, and maxSortedDepth how deep it is
// nested. What is beyond is not sorted.
const (
	maxSorted      = 64 << 20
	maxSortedDepth = 1000
)

// sorter passes JSON on value by value, with the members of its objects sorted by their
// names. Members of one name keep their order.
type sorter struct {
	w       io.Writer
	held    []byte
	depth   int
	text    bool // inside of a string
	escaped bool
	gaveUp  bool
}

func newSorter(w io.Writer) *sorter { return &sorter{w: w} }

// Write implements io.Writer.
func (s *sorter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := s.findEnd(rest)
		s.held = append(s.held, rest[:n]...)
		rest = rest[n:]
		if err := s.flushValue(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// flushValue writes a value that is complete, or what is no good for sorting.
func (s *sorter) flushValue() error {
	if len(s.held) > maxSorted {
		s.gaveUp = true
	}
	if !s.gaveUp && (s.depth > 0 || s.text) {
		return nil
	}
	held := s.held
	s.held = s.held[:0]
	if !s.gaveUp {
		held = sortJSON(held)
	}
	_, err := s.w.Write(held)
	return err
}

// findEnd returns how many bytes there are up to the end of a value, that end included.
func (s *sorter) findEnd(p []byte) int {
	for i, c := range p {
		switch {
		case s.escaped:
			s.escaped = false
		case s.text && c == '\\':
			s.escaped = true
		case c == '"':
			s.text = !s.text
		case s.text:
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			if s.depth--; s.depth <= 0 {
				s.depth = 0
				return i + 1
			}
		}
	}
	return len(p)
}

// Close writes what is no whole value.
func (s *sorter) Close() error {
	_, err := s.w.Write(s.held)
	s.held = nil
	return err
}

// sortJSON returns a value sorted, or data itself if it is none.
func sortJSON(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !bytes.ContainsRune(data, '{') || !json.Valid(data) {
		return data
	}
	p := treeParser{rest: data}
	root := p.parseValue(0)
	if p.tooDeep {
		return data
	}
	return root.appendTo(make([]byte, 0, len(data)+1))
}

// tree is a value with the texts of which it was made.
type tree struct {
	text    []byte // of what has no members
	open    byte   // { or [
	members []member
}

// member is one of an object, or, without a name, of an array.
type member struct {
	name  []byte // as it was written
	key   string // what it means
	value *tree
}

// treeParser reads JSON that is valid.
type treeParser struct {
	rest    []byte
	tooDeep bool
}

// parseValue reads a value.
func (p *treeParser) parseValue(depth int) *tree {
	p.rest = bytes.TrimLeft(p.rest, " \t\r\n")
	switch c := p.rest[0]; {
	case c != '{' && c != '[':
		return &tree{text: p.cutScalar()}
	case depth > maxSortedDepth:
		p.tooDeep = true
		return &tree{}
	}
	t := &tree{open: p.rest[0]}
	p.rest = p.rest[1:]
	for !p.tooDeep {
		p.rest = bytes.TrimLeft(p.rest, " \t\r\n,")
		if p.rest[0] == t.open+2 {
			p.rest = p.rest[1:]
			break
		}
		var m member
		if t.open == '{' {
			m.name = p.cutScalar()
			// It is valid.
			_ = json.Unmarshal(m.name, &m.key)
			p.rest = bytes.TrimLeft(p.rest, " \t\r\n:")
		}
		m.value = p.parseValue(depth + 1)
		t.members = append(t.members, m)
	}
	if t.open == '{' {
		slices.SortStableFunc(t.members, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	}
	return t
}

// cutScalar cuts a string or a word off.
func (p *treeParser) cutScalar() []byte {
	n := 0
	if p.rest[0] != '"' {
		for n < len(p.rest) && isWordByte(p.rest[n]) {
			n++
		}
	} else {
		for n = 1; p.rest[n] != '"'; n++ {
			if p.rest[n] == '\\' {
				n++
			}
		}
		n++
	}
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}

// appendTo appends the value without blanks.
func (t *tree) appendTo(b []byte) []byte {
	if t.open == 0 {
		return append(b, t.text...)
	}
	b = append(b, t.open)
	for i, m := range t.members {
		if i > 0 {
			b = append(b, ',')
		}
		if t.open == '{' {
			b = append(append(b, m.name...), ':')
		}
		b = m.value.appendTo(b)
	}
	return append(b, t.open+2)
}
