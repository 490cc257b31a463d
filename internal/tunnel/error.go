package tunnel

import (
	"context"
	"io"
	"net/http"
	"syscall"

	"github.com/aiolos-http/aiolos/errors"
)

// Refused is a proxy's answer to CONNECT other than 2xx. It belongs to
// [errors.ErrClientHTTPProxy]. Header and Body are the receiver's, and may hold
// secrets: they appear in no text.
type Refused struct { //nolint:errname // it is read with the package's name, as what it is
	Status int         // 300 and above, or 101
	Reason string      // the reason phrase as it came; often empty
	Header http.Header `json:"-"`
	// Body is the start of the body, 4 KiB at most, as far as it came within a
	// second of the head.
	Body []byte `json:"-"`
}

// Error is the status and the reason, or the usual words if there is none.
func (e *Refused) Error() string {
	answer := errors.ClientResponseError{Status: e.Status, Message: e.Reason}
	return "proxy refused the tunnel: " + answer.Error()
}

// GoString is Error: header and body may hold secrets.
func (e *Refused) GoString() string { return e.Error() }

// Is reports whether target is [errors.ErrClientHTTPProxy] or an ancestor of it.
func (e *Refused) Is(target error) bool { return errors.Is(errors.ErrClientHTTPProxy, target) }

// Error is a tunnel that was neither made nor refused. It belongs to
// [errors.ErrClientProxyConnection], and to its Kind.
type Error struct {
	Op string // "proxy connect" or "socks5"
	// Kind is a further class: [errors.ErrBadHTTPMessage] for an answer to
	// CONNECT that is not HTTP or too large, [errors.ErrServerDisconnected] for
	// a proxy that went away, or nil.
	Kind error
	// Err is the cause: for a context that is done its cause (see
	// [context.Cause]), for an end of file io.ErrUnexpectedEOF.
	Err error

	ctxErr error // context.Canceled, context.DeadlineExceeded or nil
}

// Error is the operation and the cause.
func (e *Error) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether one of the classes, or an ancestor of them, is target, or
// target is the error of the context that ended the call.
func (e *Error) Is(target error) bool {
	return errors.Is(errors.ErrClientProxyConnection, target) ||
		e.Kind != nil && errors.Is(e.Kind, target) ||
		e.ctxErr != nil && errors.Is(e.ctxErr, target)
}

// Timeout reports whether a deadline was the cause.
func (e *Error) Timeout() bool {
	if e.ctxErr != nil {
		return errors.Is(e.ctxErr, context.DeadlineExceeded)
	}
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// lostError is the error for a read or a write that failed.
func lostError(op string, err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	e := &Error{Op: op, Err: err}
	for _, gone := range []error{
		io.ErrUnexpectedEOF, io.ErrClosedPipe, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE,
	} {
		if errors.Is(err, gone) {
			e.Kind = errors.ErrServerDisconnected
		}
	}
	return e
}

// contextError is the error of a call whose context is done.
func contextError(ctx context.Context, op string) error {
	return &Error{Op: op, Err: context.Cause(ctx), ctxErr: ctx.Err()}
}
