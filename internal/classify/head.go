package classify

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// Exchange is what is known of a request that failed before the head of its
// response was there.
type Exchange struct {
	Host     string // host:port
	Received int64  // bytes that had come; 0 with HTTP/2, where they are of all streams
	ReadErr  error  // what ended the reading of the connection; nil if nothing did
	Info     errors.RequestInfo
}

// RequestInfo is what an error tells of a request; its fields are the request's own.
func RequestInfo(req *http.Request) errors.RequestInfo {
	info := errors.RequestInfo{Method: req.Method, URL: req.URL, RealURL: req.URL, Header: httprule.SentHeader(req.Header)}
	info.Method = cmp.Or(info.Method, http.MethodGet)
	if u := req.URL; u != nil && u.Fragment != "" {
		plain := *u
		plain.Fragment, plain.RawFragment = "", ""
		info.URL = &plain
	}
	return info
}

// BadHead is a response whose head, or trailer, is refused: rule says why, in one
// clause.
func BadHead(rule error, x Exchange) error {
	return &errors.BadHTTPMessageError{ClientResponseError: errors.ClientResponseError{
		RequestInfo: x.Info, Status: http.StatusBadRequest, Message: "bad response from " + x.Host, Err: rule,
	}}
}

// HeadFailure gives an error from sending a request, or from waiting for the
// head of its response, its class. Errors that have one, and those of a
// context, are returned as they are.
//
// That the connection ended in the head cannot be told from the error: net/http
// calls what it has until then malformed. So the caller says it.
func HeadFailure(err error, x Exchange) error {
	switch {
	case err == nil || classified(err):
		return err
	case isBodyLength(err):
		return &errors.InvalidRequestError{Field: "body", Reason: "not as long as its Content-Length", Err: err}
	case x.ReadErr != nil || isDisconnect(err):
		return &errors.ServerDisconnectedError{Host: x.Host, Received: x.Received, Err: disconnectCause(err, x.ReadErr)}
	case isTLS(err):
		return &errors.ClientOSError{Op: "exchange with " + x.Host, Err: err}
	case isDisconnectH2(err):
		return &errors.ServerDisconnectedError{Host: x.Host, Received: x.Received, Err: err}
	case x.Received > 0 || isParseError(err):
		return BadHead(err, x)
	}
	return &errors.ClientOSError{Op: "exchange with " + x.Host, Err: err}
}

// isDisconnect reports whether err is one of the ways in which a peer's leaving shows.
func isDisconnect(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED) ||
		errors.Is(err, net.ErrClosed)
}

// isDisconnectH2 recognises the ways in which a peer of HTTP/2 leaves before it has
// answered: it ends the stream or the connection, or does not answer to a ping. Of
// net/http's errors for that none has a type.
func isDisconnectH2(err error) bool {
	text := err.Error()
	if strings.HasPrefix(text, "stream error: ") {
		return strings.HasSuffix(text, "; received from peer")
	}
	return strings.HasPrefix(text, "http2: server sent GOAWAY") ||
		strings.HasPrefix(text, "http2: Transport received ") || strings.HasPrefix(text, "http2: client conn")
}

// disconnectCause is an error that says how the peer left: what net/http gave,
// or what the connection gave, or io.ErrUnexpectedEOF, with net/http's beside it.
func disconnectCause(err, read error) error {
	if isDisconnect(err) {
		return err
	}
	if read == nil || read == io.EOF || !isDisconnect(read) {
		read = io.ErrUnexpectedEOF
	}
	return &endedError{read, err}
}

// endedError is an end of the stream that shows as another error.
type endedError struct{ end, err error }

func (e *endedError) Error() string   { return errors.RedactError(e.end) }
func (e *endedError) Unwrap() []error { return []error{e.end, e.err} }

// isBodyLength recognises net/http's complaint about a body that is not as long as
// was said. It has no type.
func isBodyLength(err error) bool {
	text := err.Error()
	return strings.Contains(text, "http: ContentLength=") || strings.Contains(text, "http: Request.ContentLength=") ||
		strings.Contains(text, "http2: request body larger than specified content length")
}

// isParseError recognises the errors of net/http's parser, most of which have no
// type either.
func isParseError(err error) bool {
	text := err.Error()
	if strings.HasPrefix(text, "stream error: ") || strings.HasPrefix(text, "connection error: ") {
		return true // the peer broke a rule of HTTP/2
	}
	parts := []string{"malformed", "unsupported transfer encoding", "bad Content-Length", "headers exceeded", "invalid"}
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}
