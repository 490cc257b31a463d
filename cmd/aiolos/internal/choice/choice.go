// Package choice says what a flag takes when it was given something else.
package choice

import (
	"errors"
	"slices"
	"strconv"
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

// Explain puts the errors of strconv, whose texts are for programmers, into words.
// Other errors stay as they are.
func Explain(err error) error {
	num, ok := errors.AsType[*strconv.NumError](err)
	switch {
	case !ok:
		return err
	case num.Func == "ParseBool":
		return errors.New("use true or false")
	case errors.Is(num.Err, strconv.ErrRange):
		return errors.New("the number is too large")
	case num.Func == "ParseFloat":
		return errors.New("use a number")
	}
	return errors.New("use a whole number")
}
