package syntax

import (
	"errors"
	"strings"
)

// cutParams takes ;type=… and ;filename=… off the end of a file's name. What stands
// between the two belongs to the first, so that a type can have parameters of its
// own. from is where Value begins in the item, whose protected characters are
// escaped.
func (it *Item) cutParams(from int, escaped map[int]bool) error {
	text := it.Value
	at, name, value := nextParam(text, 0, from, escaped)
	if at < 0 {
		return nil
	}
	it.Value = text[:at]
	for at >= 0 {
		next, nextName, nextValue := nextParam(text, value, from, escaped)
		end := len(text)
		if next >= 0 {
			end = next
		}
		to := &it.Type
		if name == "filename" {
			to = &it.As
		}
		switch {
		case *to != "":
			return errors.New(name + " is given twice")
		case value == end:
			return errors.New(name + " is empty")
		}
		*to = text[value:end]
		at, name, value = next, nextName, nextValue
	}
	return nil
}

// nextParam finds the first parameter in text behind start: where its semicolon
// is, what it is called, and where its value begins. at is -1 if there is none.
func nextParam(text string, start, from int, escaped map[int]bool) (at int, name string, value int) {
	for i := start; i < len(text); i++ {
		for _, name := range []string{"type", "filename"} {
			if mark := ";" + name + "="; strings.HasPrefix(text[i:], mark) && !isProtected(escaped, from+i, len(mark)) {
				return i, name, i + len(mark)
			}
		}
	}
	return -1, "", 0
}
