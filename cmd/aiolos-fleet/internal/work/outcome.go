package work

import (
	"fmt"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/hibiken/asynq"
)

// failure is the end of an attempt. Its text, which asynq keeps, begins with the class.
type failure struct {
	class string
	err   error
	wait  time.Duration // until the next attempt
	final bool          // there is none: the task goes to the archive
}

// Error is the class and the cause, without secrets.
func (f *failure) Error() string { return f.class + ": " + errors.RedactError(f.err) }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.err }

// Is reports whether target is what sends a task to the archive.
func (f *failure) Is(target error) bool { return f.final && target == asynq.SkipRetry }

// returned is a task that goes back to the queue, and has not failed.
type returned struct {
	after time.Duration
	err   error
}

// putBackText begins the text of a task that goes back.
const putBackText = "put back: "

// Error is the reason.
func (r *returned) Error() string { return putBackText + errors.RedactError(r.err) }

// Unwrap returns the reason.
func (r *returned) Unwrap() error { return r.err }

// retryDelay is after what time asynq hands a task out again. A task whose worker has died
// does not wait.
func retryDelay(_ int, err error, _ *asynq.Task) time.Duration {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.wait
	}
	if r, ok := errors.AsType[*returned](err); ok {
		return r.after
	}
	return 0
}

// isFailure reports whether asynq counts an attempt. That of a worker which has died counts,
// so that a task that kills its workers does not do so forever.
func isFailure(err error) bool {
	_, ok := errors.AsType[*returned](err)
	return !ok
}

// describe is what asynq says, on one line and without secrets.
func describe(args []any) string {
	text := fmt.Sprint(args...)
	return errors.RedactError(errors.New(strings.Join(strings.Fields(text), " ")))
}
