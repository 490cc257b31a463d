package connector

import (
	"context"
	stderrors "errors"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

func (x *exchange) totalTimeout(phase errors.Phase) error {
	began := x.timing.Start
	if s := SettingsFrom(x.orig.Context()); s != nil && !s.Started.IsZero() {
		began = s.Started
	}
	return &errors.TimeoutError{
		Kind: errors.ErrTotalTimeout, Phase: phase, Limit: x.settings.Total.Sub(began),
		Elapsed: time.Since(began), Host: x.key.Addr(),
	}
}

// readTimeout is a peer that was silent for too long.
func (x *exchange) readTimeout(phase errors.Phase) error {
	return &errors.TimeoutError{
		Kind: errors.ErrSocketTimeout, Phase: phase, Limit: x.timeout.SockRead,
		Elapsed: time.Since(x.gotten), Host: x.key.Addr(),
	}
}

// contextError is why the caller's context ended: its error, and its cause if
// it was given another one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || cause == err {
		return err
	}
	return &causedError{err, cause}
}

type causedError struct{ err, cause error }

func (e *causedError) Error() string {
	if stderrors.Is(e.cause, e.err) {
		return e.cause.Error()
	}
	return e.err.Error() + ": " + e.cause.Error()
}
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }
