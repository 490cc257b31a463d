package middleware

import (
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// BackendError is a request that has failed at a backend of [Balance]. Its class is that of
// the cause.
type BackendError struct {
	// Host is the origin that was asked for, as scheme://host:port.
	Host string
	// Backend is the address that the request was sent to, as host:port.
	Backend string
	Err     error

	exchange *balanceExchange
}

// Error is the host, the backend and the cause.
func (e *BackendError) Error() string {
	text := "backend " + strconv.QuoteToASCII(e.Backend) + " of " + strconv.QuoteToASCII(e.Host)
	if e.Err == nil {
		return text
	}
	return text + ": " + errors.RedactError(e.Err)
}

// Unwrap returns the cause.
func (e *BackendError) Unwrap() error { return e.Err }

// Is reports whether target is [errors.ErrClient]; for the rest the cause is asked.
func (e *BackendError) Is(target error) bool { return target == errors.ErrClient }

// Timeout reports whether the cause is a timeout, as net.Error wants it.
func (e *BackendError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary is Timeout, as net.Error wants it.
func (e *BackendError) Temporary() bool { return e.Timeout() }

// NoBackendError is a request for which [Balance] has no backend, so that it was not sent:
// they could not be looked up, there are none, or, with [BalanceConfig].FailFast, all of
// them are out. It is an [errors.ErrNoBackend], and an [errors.ErrClientConnectorDNS] if
// DNS has failed.
type NoBackendError struct {
	// Host is the origin that was asked for, as scheme://host:port.
	Host string
	// Backends is how many there are, all of which are out.
	Backends int
	// Wait is after what time the first of them is tried again; 0: a request is under way
	// that tries it, or there are none.
	Wait time.Duration
	// Err is why they could not be looked up, or nil.
	Err error
}

// Error is the host and what is the matter.
func (e *NoBackendError) Error() string {
	text := "no backend for " + strconv.QuoteToASCII(e.Host)
	switch {
	case e.Backends > 0 && e.Wait > 0:
		return text + ": all " + strconv.Itoa(e.Backends) + " are out, the first for " + e.Wait.Round(time.Millisecond).String()
	case e.Backends > 0:
		return text + ": all " + strconv.Itoa(e.Backends) + " are out"
	case e.Err != nil:
		return text + ": " + errors.RedactError(e.Err)
	}
	return text + ": the list is empty"
}

// Unwrap returns why they could not be looked up.
func (e *NoBackendError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *NoBackendError) Is(target error) bool {
	if isDNSError(e.Err) && errors.Is(errors.ErrClientConnectorDNS, target) {
		return true
	}
	return errors.Is(errors.ErrNoBackend, target)
}

// Timeout reports whether the look-up has timed out, as net.Error wants it.
func (e *NoBackendError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Temporary is Timeout, as net.Error wants it.
func (e *NoBackendError) Temporary() bool { return e.Timeout() }
