package middleware

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/internal/oneline"
)

// RetryError is a request that failed more than once. errors.Is and errors.As
// reach the failure of each attempt; a response that was followed by another
// attempt is a *[errors.ClientResponseError] here.
type RetryError struct {
	// Attempts is how often the request was sent.
	Attempts int
	// Errs are what went wrong, in order: one for each attempt, and at the end
	// the context's error if that ended the waiting.
	Errs []error
}

// Error is the number of attempts and the last failure.
func (e *RetryError) Error() string {
	text := "retry: after " + strconv.Itoa(e.Attempts) + " attempts"
	if e.Attempts == 1 {
		text = "retry: after 1 attempt"
	}
	if last := e.Last(); last != nil {
		text += ": " + oneline.Text(last.Error())
	}
	return text
}

// Unwrap returns the failures of all attempts, the last first, because that is
// the one that [errors.As] is to find.
func (e *RetryError) Unwrap() []error {
	errs := make([]error, 0, len(e.Errs))
	for _, err := range slices.Backward(e.Errs) {
		errs = append(errs, err)
	}
	return errs
}

// Last returns the failure of the last attempt, or the context's error after it; nil if
// there is none. Its class is that of the request: see [errors.Class].
func (e *RetryError) Last() error {
	if len(e.Errs) == 0 {
		return nil
	}
	return e.Errs[len(e.Errs)-1]
}

// Is reports whether target is [errors.ErrClient]; for the rest the failures are
// asked.
func (e *RetryError) Is(target error) bool { return target == errors.ErrClient }

// Timeout reports whether the last failure is a timeout, as net.Error wants it.
func (e *RetryError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Last(), &t) && t.Timeout()
}

// Temporary is Timeout, as net.Error wants it.
func (e *RetryError) Temporary() bool { return e.Timeout() }

// recordFailure keeps what is wrong with an attempt that is followed by another one.
func (r *retryRun) recordFailure(resp *http.Response, err, checkErr error) {
	if err == nil {
		err = &errors.ClientResponseError{
			RequestInfo: errors.RequestInfo{Method: r.req.Method, URL: r.req.URL, RealURL: r.req.URL, Header: httprule.SentHeader(r.req.Header)},
			Status:      resp.StatusCode, Message: http.StatusText(resp.StatusCode), Header: resp.Header, Err: checkErr,
		}
	}
	r.errs = append(r.errs, err)
}

// giveUp returns the error of a request that ends by err, which is no attempt's.
func (r *retryRun) giveUp(err error) error {
	return &RetryError{Attempts: r.attempt, Errs: append(r.errs, err)}
}

// finishRun returns the result when no other attempt follows.
func (r *retryRun) finishRun(resp *http.Response, err, checkErr error) (*http.Response, error) {
	switch {
	case err == nil && checkErr == nil:
		return resp, nil
	case err == nil:
		drainAndClose(resp)
		err = checkErr
	case checkErr != nil && !errors.Is(checkErr, err) && !errors.Is(err, checkErr):
		err = &checkedError{checkErr, err}
	}
	if len(r.errs) == 0 {
		return nil, err
	}
	return nil, r.giveUp(err)
}

// checkedError is a failure that CheckRetry replaced by another.
type checkedError struct{ err, cause error }

func (e *checkedError) Error() string {
	return oneline.Text(errors.RedactError(e.err) + ": " + errors.RedactError(e.cause))
}
func (e *checkedError) Unwrap() []error { return []error{e.err, e.cause} }
