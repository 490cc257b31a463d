package httprule

import (
	"context"
	stderrors "errors"

	"github.com/aiolos-http/aiolos/internal/oneline"
)

// ContextError is why ctx ended: an error that is both ctx.Err() and its cause, for
// errors.Is; nil while it lasts. A cause that wraps ctx.Err() says it all and is
// returned as it is, unless its text has several lines, as that of errors.Join.
func ContextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	switch {
	case err == nil || cause == nil:
		return err
	case stderrors.Is(cause, err):
		return oneline.Error(cause)
	}
	return &causedError{err, cause}
}

// causedError is the end of a context that was given a cause of its own.
type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return oneline.Text(e.err.Error() + ": " + e.cause.Error()) }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }
