package syntax

import (
	"fmt"
	"strings"
)

// Kind says what an [Item] does to the request.
type Kind uint8

// The kinds of items, with the form that each has on the command line.
const (
	Header      Kind = iota + 1 // Name:Value
	HeaderUnset                 // Name:
	HeaderEmpty                 // Name;
	HeaderFile                  // Name:@file
	Query                       // name==value
	QueryFile                   // name==@file
	Field                       // name=value
	FieldFile                   // name=@file
	JSON                        // name:=json
	JSONFile                    // name:=@file.json
	Upload                      // name@file;type=text/csv;filename=a.csv
	Body                        // @file;type=text/csv
)

// separator is one way to divide an item into a name and a value.
type separator struct {
	text string
	kind Kind
}

// itemSeparators returns every separator, longest first, so that at one position
// the first that fits is the right one.
func itemSeparators() []separator {
	return []separator{
		{":=@", JSONFile},
		{"==@", QueryFile},
		{":@", HeaderFile},
		{":=", JSON},
		{"==", Query},
		{"=@", FieldFile},
		{":", Header},
		{";", HeaderEmpty},
		{"=", Field},
		{"@", Upload},
	}
}

// special are the characters that a backslash protects. A backslash in front
// of any other character stays what it is.
const special = ":;=@"

// Item is one parsed item. For the kinds that end in File, and for Upload and
// Body, Value is a file name.
type Item struct {
	Kind  Kind
	Name  string
	Value string
	Type  string // of Upload and Body: the content type, or empty
	As    string // of Upload: the file name that is told, or empty
}

// Parse reads one item. The error says what is wrong with it in one line and is
// a usage error: nothing has been sent or read.
func Parse(arg string) (Item, error) {
	text, escaped := removeEscapes(arg)
	at, sep, ok := findSeparator(text, escaped)
	if !ok {
		return Item{}, fmt.Errorf("item %q has no separator (one of : ; = == := @)", arg)
	}
	from := at + len(sep.text)
	it := Item{Kind: sep.kind, Name: text[:at], Value: text[from:]}
	if it.Kind == Upload {
		if err := it.cutParams(from, escaped); err != nil {
			return Item{}, fmt.Errorf("item %q: %w", arg, err)
		}
	}
	return it.refineKind(arg)
}

// refineKind refines the kind by what the separator alone does not tell, and refuses
// items that mean nothing.
func (it Item) refineKind(arg string) (Item, error) {
	switch {
	case it.Kind == Upload && it.Name == "":
		it.Kind = Body
		switch {
		case it.Value == "":
			return Item{}, fmt.Errorf("item %q names no file", arg)
		case it.As != "":
			return Item{}, fmt.Errorf("item %q: a whole body has no file name", arg)
		}
		return it, nil
	case it.Name == "":
		return Item{}, fmt.Errorf("item %q has no name", arg)
	case it.Kind == Header && it.Value == "":
		it.Kind = HeaderUnset
	case it.Kind == HeaderEmpty && it.Value != "":
		return Item{}, fmt.Errorf("item %q: an empty header is written %q", arg, it.Name+";")
	case it.needsFile() && it.Value == "":
		return Item{}, fmt.Errorf("item %q names no file", arg)
	}
	return it, nil
}

// needsFile reports whether Value is the name of a file.
func (it Item) needsFile() bool {
	switch it.Kind {
	case HeaderFile, QueryFile, FieldFile, JSONFile, Upload, Body:
		return true
	case Header, HeaderUnset, HeaderEmpty, Query, Field, JSON:
	}
	return false
}

// removeEscapes removes the backslashes that protect a special character, and
// returns the positions of the protected characters in the result.
func removeEscapes(arg string) (text string, escaped map[int]bool) {
	if !strings.Contains(arg, `\`) {
		return arg, nil
	}
	var b strings.Builder
	escaped = map[int]bool{}
	for i := 0; i < len(arg); i++ {
		if arg[i] != '\\' || i+1 == len(arg) {
			b.WriteByte(arg[i])
			continue
		}
		i++
		if strings.IndexByte(special, arg[i]) >= 0 {
			escaped[b.Len()] = true
		} else {
			// A pair that protects nothing is kept whole, so that `\\=`
			// ends in a separator and `\[` reaches the nested names.
			b.WriteByte('\\')
		}
		b.WriteByte(arg[i])
	}
	return b.String(), escaped
}

// findSeparator finds the leftmost separator none of whose characters is protected.
func findSeparator(text string, escaped map[int]bool) (at int, sep separator, ok bool) {
	seps := itemSeparators()
	for i := range len(text) {
		for _, s := range seps {
			if strings.HasPrefix(text[i:], s.text) && !isProtected(escaped, i, len(s.text)) {
				return i, s, true
			}
		}
	}
	return 0, separator{}, false
}

// isProtected reports whether one of the n characters at i is protected.
func isProtected(escaped map[int]bool, i, n int) bool {
	for j := i; j < i+n; j++ {
		if escaped[j] {
			return true
		}
	}
	return false
}
