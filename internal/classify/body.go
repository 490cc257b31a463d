package classify

import (
	"io"
	"net"

	"github.com/aiolos-http/aiolos/errors"
)

// BodyFailure gives an error from reading a body its class. received counts the
// bytes that came before it, expected those that were announced, or -1. io.EOF,
// errors that have a class, and those of a context are returned as they are.
func BodyFailure(err error, received, expected int64) error {
	if err == nil || err == io.EOF || classified(err) {
		return err
	}
	kind := errors.ErrTransferEncoding
	switch {
	case isType[*net.OpError](err):
		kind = nil
	case expected >= 0:
		kind = errors.ErrContentLength
	}
	return &errors.ClientPayloadError{Received: received, Expected: expected, Kind: kind, Err: err}
}

// IsReadFailure reports whether an error of a copy is the reader's, as far as can be
// told from it.
func IsReadFailure(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "read" || errors.Is(err, io.ErrUnexpectedEOF)
}
