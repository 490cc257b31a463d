// Package deadline has what a connection or a stream reports when a deadline of the
// exchange on it has passed. Which one it was decides the error that the caller gets, so
// both protocols have the same two.
package deadline

import "os"

// The errors of an exchange whose time is over. They are os.ErrDeadlineExceeded for
// [errors.Is].
var (
	// ErrTotal is the end of the time for the whole exchange.
	ErrTotal error = &passed{"total timeout"}
	// ErrRead is a silence of the peer that was too long.
	ErrRead error = &passed{"socket read timeout"}
)

type passed struct{ text string }

func (e *passed) Error() string        { return e.text }
func (e *passed) Timeout() bool        { return true }
func (e *passed) Temporary() bool      { return true }
func (e *passed) Is(target error) bool { return target == os.ErrDeadlineExceeded }
