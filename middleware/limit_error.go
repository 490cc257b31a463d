package middleware

import (
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// The reasons of a [LimitError]. All of them are also an [errors.ErrClient].
var (
	// ErrRateLimit is a request that would exceed [RateLimit].
	ErrRateLimit = errors.New("rate limit reached")
	// ErrConcurrency is a request that would exceed [Concurrency].
	ErrConcurrency = errors.New("too many requests at once")
	// ErrCircuitOpen is a request to a host that [CircuitBreaker] has cut off.
	ErrCircuitOpen = errors.New("circuit breaker is open")
)

// LimitError is a request that was not sent, because a middleware did not let
// it. [Retry] does not send it again: what fails fast is to fail.
type LimitError struct {
	// Kind is [ErrRateLimit], [ErrConcurrency] or [ErrCircuitOpen].
	Kind error
	// Host is the origin, as scheme://host:port, or empty if the limit is that
	// of all together.
	Host string
	// Wait is after what time it may be tried again; 0 is unknown.
	Wait time.Duration
}

// Error is the reason, the host and the time.
func (e *LimitError) Error() string {
	text := "unknown limit"
	if e.Kind != nil {
		text = e.Kind.Error()
	}
	if e.Host != "" {
		text += " for " + strconv.QuoteToASCII(e.Host)
	}
	if e.Wait > 0 {
		text += ": try again in " + e.Wait.Round(time.Millisecond).String()
	}
	return text
}

// Unwrap returns the kind.
func (e *LimitError) Unwrap() error { return e.Kind }

// Is reports whether target is [errors.ErrClient].
func (e *LimitError) Is(target error) bool { return target == errors.ErrClient }
