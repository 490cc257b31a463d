package form

import (
	"fmt"

	"github.com/aiolos-http/aiolos/errors"
)

// SizeError is a part that is not as long as it was announced to be: a file
// that changed between [Form.Length] and its reading, or a reader that ended
// before its [Size]. It is of the class [errors.ErrContentLength].
type SizeError struct {
	Part     string // which one: its name or its number, as errors print it
	Expected int64  // bytes that were announced
	Received int64  // bytes that there are; for a part that grew while it was read, those seen
}

// Error names both sizes.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%s: size changed: %d bytes, not %d", e.Part, e.Received, e.Expected)
}

// Is reports whether target is [errors.ErrContentLength] or an ancestor of it.
func (e *SizeError) Is(target error) bool { return errors.Is(errors.ErrContentLength, target) }

// invalidPart is an error about a part, or about the whole body.
func invalidPart(label, reason string, cause error) error {
	return &errors.InvalidRequestError{Field: label, Reason: reason, Err: cause}
}

// fieldLabel names the part of a form in an error.
func fieldLabel(name string) string { return fmt.Sprintf("form part %.100q", name) }
