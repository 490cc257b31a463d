package errors

import (
	"cmp"
	"net/url"
	"strings"
)

// InvalidURLError is a URL that cannot be used (aiohttp: InvalidURL).
type InvalidURLError struct {
	URL         string // redacted; empty if it may not be shown at all
	Description string
	// Kind is the class: [ErrInvalidURLClient], [ErrNonHTTPURLClient] or one of
	// the redirect classes below them; nil is ErrInvalidURLClient.
	Kind error
	Err  error // the cause without the URL, or nil
}

// NewInvalidURL makes the error for a URL as it was given. Of err only what does
// not quote the URL is kept, because that may hold credentials.
func NewInvalidURL(raw, description string, err error) *InvalidURLError {
	return &InvalidURLError{URL: RedactURLString(raw), Description: description, Err: parseCause(err)}
}

// parseCause replaces the errors of net/url, which quote what they complain
// about, by what they complain of.
func parseCause(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, known := range []string{
		"invalid port", "invalid URL escape", "invalid character", "invalid control character",
		"missing protocol scheme", "missing ']' in host", "invalid userinfo", "empty url",
	} {
		if strings.Contains(text, known) {
			return New(known)
		}
	}
	if strings.Contains(text, "first path segment in URL cannot contain colon") { // 127.0.0.1:8080/x
		return New("no scheme, such as http:// or https://, before the host")
	}
	if _, ok := AsType[*url.Error](err); ok {
		return New("not a url")
	}
	return nil
}

// Error is the redacted URL and what is wrong with it.
func (e *InvalidURLError) Error() string {
	text := "invalid url"
	if e.URL != "" {
		text += " " + printable(e.URL, maxURL)
	}
	return withCause(text+": "+e.Description, e.Err)
}

func (e *InvalidURLError) class() error { return cmp.Or(e.Kind, ErrInvalidURLClient) }

// Unwrap returns the cause.
func (e *InvalidURLError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *InvalidURLError) Is(target error) bool { return isOfClass(e.class(), target) }

// MarshalJSON writes the error without secrets.
func (e *InvalidURLError) MarshalJSON() ([]byte, error) {
	return marshalError("InvalidURLError", e, "url", e.URL, "description", e.Description)
}

// InvalidRequestError is a request, an option or a configuration that cannot be
// (aiohttp: ValueError and TypeError). Nothing was sent.
type InvalidRequestError struct {
	Field  string // what is wrong: "method", "header X-A", the name of an option
	Reason string // why; never the value
	Err    error  // the cause, or nil
}

// Error is the field and the reason.
func (e *InvalidRequestError) Error() string {
	return withCause("invalid "+printable(e.Field, maxText)+": "+e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *InvalidRequestError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *InvalidRequestError) Is(target error) bool { return isOfClass(ErrInvalidRequest, target) }

// MarshalJSON writes the error.
func (e *InvalidRequestError) MarshalJSON() ([]byte, error) {
	return marshalError("InvalidRequestError", e, "field", e.Field, "reason", e.Reason)
}
