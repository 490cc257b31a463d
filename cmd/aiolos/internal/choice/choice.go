// Package choice is for flags that take one of a few words.
package choice

import (
	"errors"
	"slices"
	"strings"
)

// Set sets a flag to a word if it is one of the choices.
func Set[T ~string](to *T, word string, choices ...T) error {
	if !slices.Contains(choices, T(word)) {
		words := make([]string, len(choices))
		for i, c := range choices {
			words[i] = string(c)
		}
		last := len(words) - 1
		return errors.New("use " + strings.Join(words[:last], ", ") + " or " + words[last])
	}
	*to = T(word)
	return nil
}
