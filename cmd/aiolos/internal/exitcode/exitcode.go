// Package exitcode holds the exit codes of aiolos and the rules that lead from
// an error or a status to one of them. Scripts depend on the numbers: they
// never change.
package exitcode

import (
	"context"

	aioerrors "github.com/aiolos-http/aiolos/errors"
)

// The exit codes.
const (
	OK         = 0   // success
	Failure    = 1   // other failure; some of many URLs failed
	Usage      = 2   // usage error, nothing was sent
	Status3xx  = 3   // final status 3xx
	Status4xx  = 4   // final status 4xx
	Status5xx  = 5   // final status 5xx
	Redirects  = 6   // too many redirects
	Connect    = 7   // could not resolve or connect
	TLS        = 8   // TLS or pin failure
	Timeout    = 9   // a timeout
	Incomplete = 10  // body incomplete or damaged
	FailIf     = 11  // a condition of bench --fail-if holds
	Interrupt  = 130 // SIGINT
)

// UsageError marks an error of the command line: nothing was sent.
type UsageError struct{ Err error }

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error that was marked.
func (e *UsageError) Unwrap() error { return e.Err }

// AsUsage marks an error of the command line; err is not nil.
func AsUsage(err error) error { return &UsageError{Err: err} }

// rule is one class of errors and its exit code.
type rule struct {
	class error
	code  int
}

// classRules returns the classes in the order in which they are tried. A timeout
// while connecting is a timeout, and a TLS failure is a failure to connect, so
// the more telling class comes first.
func classRules() []rule {
	return []rule{
		{context.Canceled, Interrupt},
		{aioerrors.ErrTooManyRedirects, Redirects},
		{aioerrors.ErrTimeout, Timeout},
		{context.DeadlineExceeded, Timeout},
		{aioerrors.ErrClientSSL, TLS},
		{aioerrors.ErrServerFingerprintMismatch, TLS},
		{aioerrors.ErrClientHTTPProxy, Connect},
		{aioerrors.ErrClientConnector, Connect},
		{aioerrors.ErrBodyNotReplayable, Failure},
		{aioerrors.ErrClientPayload, Incomplete},
		{aioerrors.ErrRedirectClient, Failure},
		{aioerrors.ErrInvalidURL, Usage},
		{aioerrors.ErrInvalidRequest, Usage},
	}
}

// Of returns the exit code for an error; nil is [OK].
func Of(err error) int {
	if err == nil {
		return OK
	}
	var usage *UsageError
	if aioerrors.As(err, &usage) {
		return Usage
	}
	for _, r := range classRules() {
		if aioerrors.Is(err, r.class) {
			return r.code
		}
	}
	if code, ok := ofResponse(err); ok {
		return code
	}
	return Failure
}

// ofResponse returns the code for a status that was refused. A response that
// could not be read has a status too, which the server never sent.
func ofResponse(err error) (code int, ok bool) {
	var resp *aioerrors.ClientResponseError
	if aioerrors.Is(err, aioerrors.ErrBadHTTPMessage) || !aioerrors.As(err, &resp) {
		return 0, false
	}
	code = Status(resp.Status)
	return code, code != OK
}

// Status returns the exit code for the status of a final response.
func Status(status int) int {
	switch status / 100 {
	case 3:
		return Status3xx
	case 4:
		return Status4xx
	case 5:
		return Status5xx
	}
	return OK
}

// Many returns the exit code for a command that had several URLs, from those of
// its URLs: [Failure] if some of them failed, and if all did the lowest of their
// codes that says more than that. An interrupt counts before everything else.
func Many(codes []int) int {
	failed, lowest := 0, OK
	for _, c := range codes {
		switch {
		case c == Interrupt:
			return c
		case c != OK:
			failed++
			if c != Failure && (lowest == OK || c < lowest) {
				lowest = c
			}
		}
	}
	switch {
	case failed == 0:
		return OK
	case failed == len(codes) && lowest != OK:
		return lowest
	}
	return Failure
}
