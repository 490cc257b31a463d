package httprule

import (
	"context"
	stderrors "errors"
)

// ContextError is why ctx ended: an error that is both ctx.Err() and its cause, for
// errors.Is; nil while it lasts. A cause that wraps ctx.Err() says it all and is
// returned as it is.
func ContextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil || cause == nil:
		return err
	case stderrors.Is(cause, err):
		return cause
	}
	return &causedError{err, cause}
}

// causedError is the end of a context that was given a cause of its own.
type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }
