// Package exitcode holds the exit codes of aiolos-fleet, which are those of aiolos where
// they mean the same. Scripts depend on the numbers: they never change.
package exitcode

import (
	"context"
	"io"
	"net"

	"github.com/aiolos-http/aiolos/errors"
)

// The exit codes.
const (
	OK        = 0   // success; a worker that was told to end has ended in order
	Failure   = 1   // other failure; lines that push has refused; a demo that failed
	Usage     = 2   // usage error, nothing was done
	Connect   = 7   // Redis cannot be reached
	Timeout   = 9   // the time that was given is over
	NoServer  = 12  // the demo finds no redis-server
	Interrupt = 130 // SIGINT
)

// codeError is an error with an exit code.
type codeError struct {
	error

	code int
}

// Unwrap returns the error.
func (e *codeError) Unwrap() error { return e.error }

// With gives an error its exit code; err is not nil.
func With(code int, err error) error { return &codeError{err, code} }

// AsUsage marks an error of the command line; err is not nil.
func AsUsage(err error) error { return With(Usage, err) }

// Of returns the exit code for an error; nil is [OK].
func Of(err error) int {
	own, isOwn := errors.AsType[*codeError](err)
	// An error of a file is a net.Error, too: what is below it has the methods.
	network, isNetwork := errors.AsType[*net.OpError](err)
	switch {
	case err == nil:
		return OK
	case isOwn:
		return own.code
	case errors.Is(err, context.Canceled):
		return Interrupt
	case isNetwork && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case isNetwork, errors.Is(err, io.EOF):
		return Connect // nothing but Redis is spoken to in a command's own name
	}
	return Failure
}
