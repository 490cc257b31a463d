package fleet

import (
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// SharedFetchError is the failure of another process that was fetching the token for all.
// It is an [errors.ErrClient]. [middleware.TokenError.Permanent] says of it what it says of
// the failure there.
type SharedFetchError struct {
	// Reason is the text of the error there, without secrets.
	Reason string
}

// Error is the reason.
func (e *SharedFetchError) Error() string {
	return "another process could not fetch the token: " + e.Reason
}

// Is reports whether target is [errors.ErrClient].
func (e *SharedFetchError) Is(target error) bool { return target == errors.ErrClient }

// transientFetchError is one that may end, as net.Error has it.
type transientFetchError struct{ *SharedFetchError }

func (e transientFetchError) Unwrap() error   { return e.SharedFetchError }
func (e transientFetchError) Timeout() bool   { return false }
func (e transientFetchError) Temporary() bool { return true }

// Failures in Redis begin with whether they last.
const (
	lasting   = "lasting "
	transient = "transient "
)

// maxFailureText is how much of a failure the others are told.
const maxFailureText = 1024

func failureText(err error) string {
	text := errors.RedactError(err)
	text = strings.ToValidUTF8(text[:min(len(text), maxFailureText)], "")
	if (&middleware.TokenError{Err: err}).Permanent() {
		return lasting + text
	}
	return transient + text
}

func newSharedFetchError(text string) error {
	if reason, ok := strings.CutPrefix(text, transient); ok {
		return transientFetchError{&SharedFetchError{Reason: reason}}
	}
	return &SharedFetchError{Reason: strings.TrimPrefix(text, lasting)}
}
