package syntax

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// shape is the JSON type of a node.
type shape uint8

const (
	null shape = iota
	scalar
	object
	array
)

// node is a JSON value that keeps the order in which its members came, unlike a
// map, so that the body that is sent reads like the command line.
type node struct {
	shape shape
	text  []byte // scalar: its encoding
	keys  []string
	items []*node // object: the values of keys, of which raw JSON may have one twice
	elems []*node // array; nil is a null that nobody has set
}

// stringNode makes a string node.
func stringNode(s string) *node {
	return &node{shape: scalar, text: quoteJSON(s)}
}

// quoteJSON encodes s as a JSON string without the escapes for HTML, which no
// server needs and which make bodies hard to read.
func quoteJSON(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// Encoding a string into a buffer has no way to fail.
	_ = enc.Encode(s)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// setAt puts v at the place that steps describe, making objects and arrays on the
// way. A later value replaces an earlier one; a value of another type in the
// way is an error.
func (n *node) setAt(steps []step, v *node) error {
	if len(steps) == 0 {
		*n = *v
		return nil
	}
	s := steps[0]
	want := array
	if s.object {
		want = object
	}
	if n.shape == null {
		n.shape = want
	}
	if n.shape != want {
		return fmt.Errorf("%v needs an %s, and the value there is %s", s, want, n.shape)
	}
	return n.childAt(s).setAt(steps[1:], v)
}

// childAt returns the node under s and makes it if needed.
func (n *node) childAt(s step) *node {
	if s.object {
		return n.memberOf(s.key)
	}
	if s.append {
		s.index = len(n.elems)
	}
	for len(n.elems) <= s.index {
		n.elems = append(n.elems, nil)
	}
	if n.elems[s.index] == nil {
		n.elems[s.index] = &node{}
	}
	return n.elems[s.index]
}

// memberOf returns the value of a key of an object, the last one that it has, and makes
// it if needed.
func (n *node) memberOf(key string) *node {
	for i, k := range slices.Backward(n.keys) {
		if k == key {
			return n.items[i]
		}
	}
	return n.addMember(key)
}

// addMember adds a member to an object, be there one of that key or not.
func (n *node) addMember(key string) *node {
	c := &node{}
	n.keys, n.items = append(n.keys, key), append(n.items, c)
	return c
}

// String names the shape in messages.
func (s shape) String() string {
	return [...]string{"null", "a plain value", "object", "array"}[s]
}

// appendTo appends the JSON encoding of n to b.
func (n *node) appendTo(b []byte) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	switch n.shape {
	case scalar:
		return append(b, n.text...)
	case object:
		b = append(b, '{')
		for i, k := range n.keys {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, quoteJSON(k)...), ": "...)
			b = n.items[i].appendTo(b)
		}
		return append(b, '}')
	case array:
		b = append(b, '[')
		for i, e := range n.elems {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = e.appendTo(b)
		}
		return append(b, ']')
	case null:
	}
	return append(b, "null"...)
}

// plainText returns a value that is not nested as a form carries it: strings without
// their quotes.
func (n *node) plainText() string {
	out := n.appendTo(nil)
	var s string
	if err := json.Unmarshal(out, &s); err == nil && out[0] == '"' {
		return s
	}
	return string(out)
}

// parseJSON reads one JSON value and keeps the order of its members, those of one name
// too, and the exact digits of its numbers.
func parseJSON(data []byte) (*node, error) {
	// Unmarshal checks the whole value, and how deep it is nested, before the
	// recursive reading below begins.
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return decodeNode(dec)
}

// decodeNode reads the next value of dec.
func decodeNode(dec *json.Decoder) (*node, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '{' {
			return decodeObject(dec)
		}
		return decodeArray(dec)
	case string:
		return stringNode(t), nil
	case nil:
		return &node{}, nil
	}
	return &node{shape: scalar, text: fmt.Append(nil, tok)}, nil
}

// decodeObject reads the members of an object whose { has been read.
func decodeObject(dec *json.Decoder) (*node, error) {
	n := &node{shape: object}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := tok.(string)
		if !ok {
			return nil, fmt.Errorf("unexpected %v", tok)
		}
		v, err := decodeNode(dec)
		if err != nil {
			return nil, err
		}
		*n.addMember(key) = *v
	}
	_, err := dec.Token()
	return n, err
}

// decodeArray reads the elements of an array whose [ has been read.
func decodeArray(dec *json.Decoder) (*node, error) {
	n := &node{shape: array}
	for dec.More() {
		v, err := decodeNode(dec)
		if err != nil {
			return nil, err
		}
		n.elems = append(n.elems, v)
	}
	_, err := dec.Token()
	return n, err
}
