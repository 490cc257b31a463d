package errors

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Phase is the part of a request in which it failed.
type Phase string

// The phases, in their order.
const (
	PhasePool      Phase = "pool"      // waiting for a slot of the connector
	PhaseDNS       Phase = "dns"       // resolving the name
	PhaseDial      Phase = "dial"      // connecting to an address
	PhaseProxy     Phase = "proxy"     // asking a proxy to connect
	PhaseTLS       Phase = "tls"       // the TLS handshake
	PhaseRequest   Phase = "request"   // sending the request
	PhaseResponse  Phase = "response"  // waiting for the response's head
	PhaseBody      Phase = "body"      // reading the response's body
	PhaseRedirect  Phase = "redirect"  // following a redirect
	PhaseHandshake Phase = "handshake" // the WebSocket handshake
)

// RequestInfo says what was asked, as it was sent (aiohttp: RequestInfo). Its
// texts, in every format, are without secrets; its fields are not.
type RequestInfo struct {
	Method  string
	URL     *url.URL // without a fragment
	RealURL *url.URL
	Header  http.Header
}

// String is the method and the redacted URL.
func (r RequestInfo) String() string { return operationText(r.Method, RedactURL(r.URL)) }

// Format writes String, whatever the verb: a debugger's is no place for secrets
// either.
func (r RequestInfo) Format(f fmt.State, verb rune) { writeFormatted(f, verb, r.String()) }

// MarshalText is String, for JSON and logs.
func (r RequestInfo) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func operationText(method, url string) string {
	return strings.TrimSpace(strings.ToLower(printable(method, 40)) + " " + url)
}

// RequestError says which request failed. A session puts it around every error
// that does not say so itself; the cause decides its class.
type RequestError struct {
	Method string
	URL    string // redacted
	Err    error
}

// Error is the operation and the cause, on one line.
func (e *RequestError) Error() string {
	return operationText(e.Method, e.URL) + ": " + onLine(RedactError(e.Err))
}

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// Is reports whether target is [ErrClient]; for the rest the cause is asked.
func (e *RequestError) Is(target error) bool { return target == ErrClient }

// Timeout reports whether the cause is a timeout, as [net.Error] wants it.
func (e *RequestError) Timeout() bool { return isTimeout(e.Err) }

// Temporary is Timeout, as [net.Error] wants it.
func (e *RequestError) Temporary() bool { return e.Timeout() }

// MarshalJSON writes the error without secrets.
func (e *RequestError) MarshalJSON() ([]byte, error) {
	return marshalError("RequestError", e, "method", e.Method, "url", e.URL)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return As(err, &t) && t.Timeout()
}

// Wrap makes err say which request failed, unless it does so already. It
// returns nil for nil. The URL may be nil.
func Wrap(method string, u *url.URL, err error) error {
	if err == nil {
		return nil
	}
	var response interface{ namesRequest() bool }
	if wrapped := (*RequestError)(nil); As(err, &wrapped) || As(err, &response) && response.namesRequest() {
		return err
	}
	if invalid := (*InvalidURLError)(nil); As(err, &invalid) {
		return &RequestError{Method: method, Err: err}
	}
	return &RequestError{Method: method, URL: RedactURL(u), Err: err}
}
