// Package oneline joins errors whose text has to stay on one line.
package oneline

import "strings"

// Join is [errors.Join] with "; " between the texts. A single error is returned as
// it is.
func Join(errs ...error) error {
	var all joined
	for _, err := range errs {
		if err != nil {
			all = append(all, err)
		}
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return all
}

type joined []error

// Error is the texts in their order.
func (j joined) Error() string {
	texts := make([]string, len(j))
	for i, err := range j {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap is for [errors.Is] and [errors.As].
func (j joined) Unwrap() []error { return j }
