package happyeyeballs

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
)

// Failure is an attempt that failed.
type Failure struct {
	Addr netip.AddrPort
	Err  error
}

// Error is several attempts that failed, of the class
// [errors.ErrClientConnector]. [errors.Is] finds each cause, and [errors.As] that
// of the last attempt first, which is the one that aiohttp raises.
type Error struct{ Failures []Failure } // the last one first

// shown is how many failures the text tells.
const shown = 4

// Error is the number of the addresses and the first few failures.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "all %d addresses failed", len(e.Failures))
	sep := ": "
	for i, f := range e.Failures {
		if i == shown {
			fmt.Fprintf(&b, "; and %d more", len(e.Failures)-shown)
			break
		}
		text := f.Err.Error()
		if addr := f.Addr.String(); !strings.Contains(text, addr) {
			text = addr + ": " + text
		}
		b.WriteString(sep + text)
		sep = "; "
	}
	return b.String()
}

// Unwrap returns the causes, the last one first.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = f.Err
	}
	return errs
}

// Is reports whether target is the class or an ancestor of it.
func (e *Error) Is(target error) bool { return errors.Is(errors.ErrClientConnector, target) }

// Timeout reports whether every attempt ended by a timeout.
func (e *Error) Timeout() bool {
	return !slices.ContainsFunc(e.Failures, func(f Failure) bool {
		n, ok := errors.AsType[net.Error](f.Err)
		return !ok || !n.Timeout()
	})
}

// Temporary is false, as [net.Error] wants it.
func (e *Error) Temporary() bool { return false }

// failures are those of a Dial, in the order in which they came.
type failures []Failure

func (f failures) joinErrors() error {
	if len(f) == 1 {
		return f[0].Err
	}
	slices.Reverse(f)
	return &Error{f}
}
