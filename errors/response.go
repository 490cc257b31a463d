package errors

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// ClientResponseError is a response that is not what was wanted (aiohttp:
// ClientResponseError). The types that embed it are its subclasses: [As] finds
// it in them.
type ClientResponseError struct {
	RequestInfo RequestInfo
	// History holds the redirects that came before; their bodies are closed.
	History []*http.Response
	// Status is the response's status, 400 for a response that was no HTTP (as in
	// aiohttp; no server has sent it), and 0 if there was none. (Old documents
	// call it code.)
	Status  int
	Message string // the reason phrase, or what was wrong
	Header  http.Header
	Body    []byte // the first 4 KiB, as far as they were read
	Err     error  // the cause, or nil
}

// Error is the operation, the status, the message, and the first line of what the
// server says in the body, as far as that is text or JSON, without its secrets.
func (e *ClientResponseError) Error() string {
	return e.statusText(e.Status, http.StatusText(e.Status))
}

// statusText is Error with a status to show, unless it is 0, and what stands in for a
// message.
func (e *ClientResponseError) statusText(status int, or string) string {
	var b strings.Builder
	b.WriteString(e.RequestInfo.String())
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if status != 0 {
		fmt.Fprintf(&b, "%d ", status)
	}
	b.WriteString(cmp.Or(printable(e.Message, maxText), or))
	if words := e.words(); words != "" {
		b.WriteString(": " + words)
	}
	if e.Err != nil {
		b.WriteString(": " + printable(plainText(RedactError(e.Err)), maxText))
	}
	return strings.TrimRight(b.String(), " :")
}

// Unwrap returns the cause.
func (e *ClientResponseError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientResponseError) Is(target error) bool { return isOfClass(ErrClientResponse, target) }

// Format writes Error, whatever the verb: headers and body may hold secrets.
func (e ClientResponseError) Format(f fmt.State, verb rune) { writeFormatted(f, verb, e.Error()) }

// MarshalJSON writes the error without secrets, headers and body.
func (e ClientResponseError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientResponseError", &e)
}

func (e *ClientResponseError) marshalAs(class string, outer error) ([]byte, error) {
	return marshalError(class, outer, "method", e.RequestInfo.Method, "url", RedactURL(e.RequestInfo.URL),
		"status", e.Status, "history", len(e.History))
}

func (e *ClientResponseError) namesRequest() bool { return e.RequestInfo.URL != nil }

func (e *ClientResponseError) asBase(target any) bool {
	t, ok := target.(**ClientResponseError)
	if ok {
		*t = e
	}
	return ok
}

// ContentTypeError is a body of another type than was asked for.
type ContentTypeError struct{ ClientResponseError }

// Is reports whether the class or an ancestor of it is target.
func (e *ContentTypeError) Is(target error) bool { return isOfClass(ErrContentType, target) }

// As finds the embedded [ClientResponseError].
func (e *ContentTypeError) As(target any) bool { return e.asBase(target) }

// MarshalJSON writes the error without secrets.
func (e ContentTypeError) MarshalJSON() ([]byte, error) { return e.marshalAs("ContentTypeError", &e) }

// WSServerHandshakeError is a server that refuses a WebSocket.
type WSServerHandshakeError struct{ ClientResponseError }

// Is reports whether the class or an ancestor of it is target.
func (e *WSServerHandshakeError) Is(target error) bool {
	return isOfClass(ErrWSServerHandshake, target)
}

// As finds the embedded [ClientResponseError].
func (e *WSServerHandshakeError) As(target any) bool { return e.asBase(target) }

// MarshalJSON writes the error without secrets.
func (e WSServerHandshakeError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("WSServerHandshakeError", &e)
}

// ClientHTTPProxyError is a proxy that refuses to connect. Its RequestInfo is
// that of the request to the proxy.
type ClientHTTPProxyError struct{ ClientResponseError }

// HTTPProxyError is the name of aiohttp 0.17.
type HTTPProxyError = ClientHTTPProxyError

// Is reports whether the class or an ancestor of it is target.
func (e *ClientHTTPProxyError) Is(target error) bool { return isOfClass(ErrClientHTTPProxy, target) }

// As finds the embedded [ClientResponseError].
func (e *ClientHTTPProxyError) As(target any) bool { return e.asBase(target) }

// MarshalJSON writes the error without secrets.
func (e ClientHTTPProxyError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientHTTPProxyError", &e)
}

// TooManyRedirects is one redirect too many. Its RequestInfo is that of the
// first request, its Status and Header those of the last response.
type TooManyRedirects struct{ ClientResponseError }

// Is reports whether the class or an ancestor of it is target.
func (e *TooManyRedirects) Is(target error) bool { return isOfClass(ErrTooManyRedirects, target) }

// As finds the embedded [ClientResponseError].
func (e *TooManyRedirects) As(target any) bool { return e.asBase(target) }

// MarshalJSON writes the error without secrets.
func (e TooManyRedirects) MarshalJSON() ([]byte, error) { return e.marshalAs("TooManyRedirects", &e) }

// BadHTTPMessageError is a response whose head is not HTTP, or is over a limit; the
// cause is the rule that it broke. Its Status is 400, which is aiohttp's word for it
// and not the server's.
type BadHTTPMessageError struct{ ClientResponseError }

// Error is the operation, who answered, and the rule that was broken.
func (e *BadHTTPMessageError) Error() string { return e.statusText(0, ErrBadHTTPMessage.Error()) }

// Format writes Error, whatever the verb: headers and body may hold secrets.
func (e BadHTTPMessageError) Format(f fmt.State, verb rune) { writeFormatted(f, verb, e.Error()) }

// Is reports whether the class or an ancestor of it is target.
func (e *BadHTTPMessageError) Is(target error) bool { return isOfClass(ErrBadHTTPMessage, target) }

// As finds the embedded [ClientResponseError].
func (e *BadHTTPMessageError) As(target any) bool { return e.asBase(target) }

// MarshalJSON writes the error without secrets.
func (e BadHTTPMessageError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("BadHTTPMessageError", &e)
}
