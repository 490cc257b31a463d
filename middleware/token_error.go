package middleware

import (
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/errors"
)

// TokenError is a request that was not sent, or not sent again, because there
// is no token for it. [Retry] sends the request again if the token could not be
// asked for, or its server was not well: see [TokenError.Permanent].
type TokenError struct{ Err error }

// Error is the cause.
func (e *TokenError) Error() string { return "token: " + errors.RedactError(e.Err) }

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Err }

// Is reports whether target is [errors.ErrToken] or its ancestor; for the rest the cause
// is asked, whose class is the deeper one for [errors.Class].
func (e *TokenError) Is(target error) bool { return errors.Is(errors.ErrToken, target) }

// Permanent reports whether the endpoint will say the same when it is asked again:
// a status such as 400, HTML in the place of JSON, a token that is none, and any
// error that is not known to be a failure of the connection, a timeout, or a status
// 408, 425, 429 or 5xx without 501.
func (e *TokenError) Permanent() bool {
	err := e.Err
	if refused, ok := errors.AsType[*errors.ClientResponseError](err); ok && refused.Status >= http.StatusBadRequest {
		return !isTransientStatus(refused.Status)
	}
	switch {
	case isPermanent(err), errors.Is(err, errors.ErrContentType):
		return true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return false
	case errors.Is(err, errors.ErrClientPayload):
		return !errors.Is(err, errors.ErrContentLength) && !errors.Is(err, errors.ErrTransferEncoding)
	case errors.Is(err, errors.ErrClientConnection), errors.Is(err, errors.ErrTimeout):
		return false
	}
	var network interface { // as net.Error has it
		Timeout() bool
		Temporary() bool
	}
	return !errors.As(err, &network)
}

// isTransientStatus reports whether a status says that it may be another one later.
func isTransientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}

// isTokenError reports whether the request was not sent for want of a token.
func isTokenError(err error) bool {
	_, ok := errors.AsType[*TokenError](err)
	return ok
}
