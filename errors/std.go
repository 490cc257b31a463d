package errors

import stderrors "errors"

// ErrUnsupported is the standard package's.
var ErrUnsupported = stderrors.ErrUnsupported

// Is reports whether target is in err's tree; see the standard package. Target
// may be a class: then it reports whether anything in err's tree is of it.
func Is(err, target error) bool { return stderrors.Is(err, target) }

// As finds the first error in err's tree that fits target; see the standard
// package.
func As(err error, target any) bool { return stderrors.As(err, target) }

// AsType finds the first error of type E in err's tree; see the standard
// package.
func AsType[E error](err error) (E, bool) { return stderrors.AsType[E](err) }

// Join wraps the errors that are not nil; see the standard package.
func Join(errs ...error) error { return stderrors.Join(errs...) }

// New returns an error with the given text; see the standard package.
func New(text string) error { return stderrors.New(text) }

// Unwrap returns what err wraps; see the standard package.
func Unwrap(err error) error { return stderrors.Unwrap(err) }
