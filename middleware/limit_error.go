package middleware

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
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
	// Deadline says that the request would have waited in the queue, but for the
	// deadline of its context, which is before its turn.
	Deadline bool
	// Total is the total timeout of the session's call, if that is the deadline; 0:
	// it is the caller's.
	Total time.Duration

	byDefault bool // nobody has set Total
}

// LimitByDeadline is the error of a request to the host that has its turn after wait, if
// the deadline of its context is not later: it says whose deadline that is. It is nil if
// there is time enough, no deadline, or a context that has ended, whose own error is the
// one to return then.
func LimitByDeadline(ctx context.Context, kind error, host string, wait time.Duration) *LimitError {
	deadline, ok := ctx.Deadline()
	if ctx.Err() != nil {
		ok = false
	}
	if !ok || time.Until(deadline) > wait {
		return nil
	}
	e := &LimitError{Kind: kind, Host: host, Wait: wait, Deadline: true}
	e.Total, e.byDefault = httprule.TotalOf(ctx)
	return e
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
	wait := e.Wait.Round(time.Millisecond).String()
	switch {
	case e.Deadline:
		text += ": " + e.deadlineText() + " for the place in the queue, which comes in " + wait
	case e.Wait > 0:
		text += ": try again in " + wait
	}
	return text
}

func (e *LimitError) deadlineText() string {
	switch {
	case e.Total <= 0:
		return "the deadline of the context is too soon"
	case e.byDefault:
		return "the total timeout of " + shortDuration(e.Total) + ", the default, is too short"
	}
	return "the total timeout of " + shortDuration(e.Total) + " is too short"
}

// shortDuration writes 5m for "5m0s".
func shortDuration(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
}

// Unwrap returns the kind.
func (e *LimitError) Unwrap() error { return e.Kind }

// Is reports whether target is [errors.ErrClient].
func (e *LimitError) Is(target error) bool { return target == errors.ErrClient }
