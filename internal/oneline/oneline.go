// Package oneline keeps the texts of errors on one line.
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
	return Text(strings.Join(texts, "; "))
}

// Unwrap is for [errors.Is] and [errors.As].
func (j joined) Unwrap() []error { return j }

// Text is a text with "; " in the place of line ends.
func Text(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' })
	return strings.Join(lines, "; ")
}

// Error is err itself if its text is on one line, and else an error around it that is.
func Error(err error) error {
	if err == nil || !strings.ContainsAny(err.Error(), "\r\n") {
		return err
	}
	return joined{err}
}
