package fleet

import (
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// UnavailableError is what could not be done since Redis did not answer, or answered that it
// cannot. It is an [errors.ErrClient]; the request was not sent. The cause is the client's
// error.
type UnavailableError struct {
	// Part is what it was for, as in [middleware.Event].Policy.
	Part string
	// Since is when Redis began not to answer.
	Since time.Time
	// Err is the cause.
	Err error
}

// isUnavailable reports whether Redis did not answer.
func isUnavailable(err error) bool {
	var u *UnavailableError
	return errors.As(err, &u)
}

// errSilent is the cause for those who came after a call had failed.
var errSilent = errors.New("it has just not answered")

// Error is the part and the cause.
func (e *UnavailableError) Error() string {
	text := "redis is unavailable for the " + e.Part
	if e.Err == nil {
		return text
	}
	return text + ": " + errors.RedactError(e.Err)
}

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Is reports whether target is [errors.ErrClient]; for the rest the cause is asked.
func (e *UnavailableError) Is(target error) bool { return target == errors.ErrClient }

// Timeout reports whether the cause is a timeout, as net.Error wants it.
func (e *UnavailableError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary is true, as net.Error wants it: Redis may answer again.
func (e *UnavailableError) Temporary() bool { return true }
