package errors

import (
	"cmp"
	"fmt"
	"time"
)

// TimeoutError is the end of one of the timeouts. It is a [net.Error], and an
// os.ErrDeadlineExceeded; the total one is a context.DeadlineExceeded too.
type TimeoutError struct {
	// Kind is the class: [ErrTotalTimeout], [ErrConnectionTimeout],
	// [ErrSocketTimeout] or [ErrServerTimeout]; nil is [ErrTimeout].
	Kind  error
	Phase Phase         // what was under way
	Limit time.Duration // the timeout
	// Elapsed is how long that which the timeout bounds had taken; but for SockRead,
	// which bounds the silence, how long the request had had its connection.
	Elapsed time.Duration
	Host    string // host:port, or empty
	Err     error  // the cause, or nil
}

// Error names the timeout, its limit and the phase.
func (e *TimeoutError) Error() string {
	text := e.class().Error() + fmt.Sprintf(" of %v exceeded", e.Limit)
	if e.Elapsed > 0 {
		text += fmt.Sprintf(" after %v", e.Elapsed.Round(time.Millisecond))
	}
	if e.Phase != "" {
		text += " (phase " + string(e.Phase) + ")"
	}
	if e.Host != "" {
		text += ", host " + printable(e.Host, maxHost)
	}
	return withCause(text, e.Err)
}

func (e *TimeoutError) class() error { return cmp.Or(e.Kind, ErrTimeout) }

// Unwrap returns the cause.
func (e *TimeoutError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *TimeoutError) Is(target error) bool { return isOfClass(e.class(), target) }

// Timeout is true.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is true, as [net.Error] wants it.
func (e *TimeoutError) Temporary() bool { return true }

// MarshalJSON writes the error; durations are in seconds.
func (e *TimeoutError) MarshalJSON() ([]byte, error) {
	return marshalError("TimeoutError", e, "kind", e.class().Error(), "phase", e.Phase,
		"limit", e.Limit.Seconds(), "elapsed", e.Elapsed.Seconds(), "host", e.Host)
}
