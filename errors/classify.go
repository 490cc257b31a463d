package errors

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
)

// Endpoint is what was being connected to.
type Endpoint struct {
	Host  string
	Port  int
	TLS   bool
	Phase Phase  // what was under way; empty: dial
	Unix  string // the path, for a Unix socket
	Proxy bool   // Host and Port are a proxy's
}

// ConnectFailure gives an error from making a connection its class. Errors that
// have one, and those of a context, are returned as they are.
func ConnectFailure(err error, at Endpoint) error {
	if err == nil || classified(err) {
		return err
	}
	return ConnectorFailure(err, at)
}

// ConnectorFailure is [ConnectFailure] for an error that has no more than the
// class of what it is part of: it gets one, whatever it is.
func ConnectorFailure(err error, at Endpoint) error {
	phase := at.Phase
	if phase == "" {
		phase = PhaseDial
	}
	base := ClientConnectorError{Host: at.Host, Port: at.Port, TLS: at.TLS, Op: string(phase), Err: err}
	_, isDNS := AsType[*net.DNSError](err)
	switch {
	case at.Unix != "" && phase != PhaseTLS: // TLS over it fails as elsewhere
		return &UnixClientConnectorError{base, at.Unix}
	case isDNS:
		base.Op = string(PhaseDNS)
		return &ClientConnectorDNSError{base}
	case isCertificate(err):
		base.Op = string(PhaseTLS)
		return &ClientConnectorCertificateError{ClientSSLError{base}}
	case at.Proxy && !isTLS(err):
		return &ClientProxyConnectionError{base}
	case isTLS(err) || phase == PhaseTLS:
		base.Op = string(PhaseTLS)
		return &ClientConnectorSSLError{ClientSSLError{base}}
	}
	return &base
}

// classified reports whether err needs no class: it has one, or is the end of
// somebody's context.
func classified(err error) bool {
	return Is(err, ErrClient) || Is(err, context.Canceled) || Is(err, context.DeadlineExceeded)
}

func isCertificate(err error) bool {
	if _, ok := AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	switch {
	case asAny[x509.UnknownAuthorityError](err), asAny[x509.HostnameError](err),
		asAny[x509.CertificateInvalidError](err), asAny[x509.SystemRootsError](err),
		asAny[x509.ConstraintViolationError](err):
		return true
	}
	return false
}

func asAny[E error](err error) bool {
	_, ok := AsType[E](err)
	return ok
}

// isTLS: a record that is none, an alert of the peer's, which net wraps in an
// OpError of its own kind, or an alert of our side.
func isTLS(err error) bool {
	if asAny[tls.RecordHeaderError](err) || asAny[tls.AlertError](err) || asAny[*tls.ECHRejectionError](err) {
		return true
	}
	op, ok := AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}

// Exchange is what is known of a request that failed before the head of its
// response was there.
type Exchange struct {
	Host     string // host:port
	Received int64  // bytes that had come; 0 with HTTP/2, where they are of all streams
	ReadErr  error  // what ended the reading of the connection; nil if nothing did
	Info     RequestInfo
}

// Format writes the request without secrets, whatever the verb.
func (e Exchange) Format(f fmt.State, verb rune) { format(f, verb, e.Info.String()) }

// InfoOf is what an error tells of a request; its fields are the request's own.
func InfoOf(req *http.Request) RequestInfo {
	info := RequestInfo{Method: req.Method, URL: req.URL, RealURL: req.URL, Header: req.Header}
	if info.Method == "" {
		info.Method = http.MethodGet
	}
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
	return &BadHTTPMessageError{ClientResponseError{
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
	case badBody(err):
		return &InvalidRequestError{Field: "body", Reason: "not as long as its Content-Length", Err: err}
	case x.ReadErr != nil || isDisconnect(err):
		return &ServerDisconnectedError{Host: x.Host, Received: x.Received, Err: disconnectCause(err, x.ReadErr)}
	case isTLS(err):
		return &ClientOSError{Op: "exchange with " + x.Host, Err: err}
	case leftH2(err):
		return &ServerDisconnectedError{Host: x.Host, Received: x.Received, Err: err}
	case x.Received > 0 || looksParsed(err):
		return BadHead(err, x)
	}
	return &ClientOSError{Op: "exchange with " + x.Host, Err: err}
}

// isDisconnect: the ways in which a peer's leaving shows.
func isDisconnect(err error) bool {
	return Is(err, io.EOF) || Is(err, io.ErrUnexpectedEOF) || Is(err, io.ErrClosedPipe) ||
		Is(err, syscall.ECONNRESET) || Is(err, syscall.EPIPE) || Is(err, syscall.ECONNABORTED) ||
		Is(err, net.ErrClosed)
}

// leftH2 recognises the ways in which a peer of HTTP/2 leaves before it has
// answered: it ends the stream or the connection, or does not answer to a ping. Of
// net/http's errors for that none has a type.
func leftH2(err error) bool {
	text := err.Error()
	if strings.HasPrefix(text, "stream error: ") {
		return strings.HasSuffix(text, "; received from peer")
	}
	for _, part := range []string{
		"http2: server sent GOAWAY", "http2: Transport received ", "http2: client conn",
	} {
		if strings.HasPrefix(text, part) {
			return true
		}
	}
	return false
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

func (e *endedError) Error() string   { return causeText(e.end) }
func (e *endedError) Unwrap() []error { return []error{e.end, e.err} }

// badBody recognises net/http's complaint about a body that is not as long as
// was said. It has no type.
func badBody(err error) bool {
	text := err.Error()
	return strings.Contains(text, "http: ContentLength=") || strings.Contains(text, "http: Request.ContentLength=") ||
		strings.Contains(text, "http2: request body larger than specified content length")
}

// looksParsed recognises the errors of net/http's parser, which mostly have no
// type either.
func looksParsed(err error) bool {
	text := err.Error()
	if strings.HasPrefix(text, "stream error: ") || strings.HasPrefix(text, "connection error: ") {
		return true // the peer broke a rule of HTTP/2
	}
	for _, part := range []string{"malformed", "unsupported transfer encoding", "bad Content-Length", "headers exceeded", "invalid"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// BodyFailure gives an error from reading a body its class. received counts the
// bytes that came before it, expected those that were announced, or -1. io.EOF,
// errors that have a class, and those of a context are returned as they are.
func BodyFailure(err error, received, expected int64) error {
	if err == nil || err == io.EOF || classified(err) {
		return err
	}
	kind := ErrTransferEncoding
	switch {
	case asAny[*net.OpError](err):
		kind = nil
	case expected >= 0:
		kind = ErrContentLength
	}
	return &ClientPayloadError{Received: received, Expected: expected, Kind: kind, Err: err}
}
