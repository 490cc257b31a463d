package tunnel

import (
	"fmt"
	"syscall"

	"github.com/aiolos-http/aiolos/errors"
)

// Stage is the part of the handshake with a SOCKS proxy.
type Stage string

// The stages, in their order.
const (
	StageMethod  Stage = "method"  // agreeing on how to authenticate
	StageUser    Stage = "user"    // user and password
	StageRequest Stage = "request" // the connection to the target
)

// SOCKSError is a SOCKS proxy's no. It belongs to
// [errors.ErrClientProxyConnection]; a target that the proxy cannot reach is
// also the system's error of that name, such as syscall.ECONNREFUSED.
type SOCKSError struct {
	Stage Stage
	Code  byte // as it came; never 0
}

// replies are the words for the codes of RFC 1928 6, from 1.
var replies = [...]string{
	"general failure of the proxy",
	"connection not allowed by ruleset",
	"network unreachable",
	"host unreachable",
	"connection refused",
	"time to live expired",
	"command not supported",
	"address type not supported",
}

// Error is what the code means, and the code.
func (e *SOCKSError) Error() string {
	text := "unknown code"
	switch {
	case e.Stage == StageMethod:
		text = "no acceptable authentication method"
	case e.Stage == StageUser:
		text = "user or password not accepted"
	case e.Code >= 1 && int(e.Code) <= len(replies):
		text = replies[e.Code-1]
	}
	return fmt.Sprintf("%s: %s (code %d)", socksOp, text, e.Code)
}

// Is reports whether target is a class of the error, or the system's error for
// the same thing.
func (e *SOCKSError) Is(target error) bool {
	if e.Stage == StageRequest {
		switch e.Code {
		case 3:
			return target == syscall.ENETUNREACH || e.isClass(target)
		case 4:
			return target == syscall.EHOSTUNREACH || e.isClass(target)
		case 5:
			return target == syscall.ECONNREFUSED || e.isClass(target)
		}
	}
	return e.isClass(target)
}

func (e *SOCKSError) isClass(target error) bool {
	return errors.Is(errors.ErrClientProxyConnection, target)
}
