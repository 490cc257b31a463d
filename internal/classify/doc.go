// Package classify gives the errors of net, crypto/tls and net/http their class in the
// tree of package errors, where a connection is made, a head is awaited and a body is
// read.
//
// Most of net/http's errors have no type. Where that is so, their texts are compared;
// the tests hold the texts of the releases of Go that are supported.
package classify

import (
	"context"

	"github.com/aiolos-http/aiolos/errors"
)

// classified reports whether err needs no class: it has one, or is the end of
// somebody's context.
func classified(err error) bool {
	return errors.Is(err, errors.ErrClient) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
