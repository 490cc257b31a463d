package otelaiolos

import (
	"context"
	"strconv"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// errorClass is a class of errors under its name in error.type.
type errorClass struct {
	class error
	name  string
}

// errorClasses are those of package errors under their names there, without Err: each
// before its ancestors. What a policy refuses follows, and the context's.
var errorClasses = []errorClass{
	{errors.ErrConnectionTimeout, "ConnectionTimeout"},
	{errors.ErrSocketTimeout, "SocketTimeout"},
	{errors.ErrServerTimeout, "ServerTimeout"},
	{errors.ErrTotalTimeout, "TotalTimeout"},
	{errors.ErrClientConnectorDNS, "ClientConnectorDNS"},
	{errors.ErrAddressRefused, "AddressRefused"},
	{errors.ErrClientProxyConnection, "ClientProxyConnection"},
	{errors.ErrUnixClientConnector, "UnixClientConnector"},
	{errors.ErrClientConnectorSSL, "ClientConnectorSSL"},
	{errors.ErrClientConnectorCertificate, "ClientConnectorCertificate"},
	{errors.ErrClientSSL, "ClientSSL"},
	{errors.ErrClientConnector, "ClientConnector"},
	{errors.ErrClientOS, "ClientOS"},
	{errors.ErrClientConnectionReset, "ClientConnectionReset"},
	{errors.ErrServerDisconnected, "ServerDisconnected"},
	{errors.ErrServerFingerprintMismatch, "ServerFingerprintMismatch"},
	{errors.ErrServerConnection, "ServerConnection"},
	{errors.ErrConnectorClosed, "ConnectorClosed"},
	{errors.ErrConnectionClosed, "ConnectionClosed"},
	{errors.ErrClientConnection, "ClientConnection"},
	{errors.ErrContentType, "ContentType"},
	{errors.ErrWSServerHandshake, "WSServerHandshake"},
	{errors.ErrClientHTTPProxy, "ClientHTTPProxy"},
	{errors.ErrTooManyRedirects, "TooManyRedirects"},
	{errors.ErrBadHTTPMessage, "BadHTTPMessage"},
	{errors.ErrClientResponse, "ClientResponse"},
	{errors.ErrContentEncoding, "ContentEncoding"},
	{errors.ErrContentLength, "ContentLength"},
	{errors.ErrTransferEncoding, "TransferEncoding"},
	{errors.ErrBodyTooLarge, "BodyTooLarge"},
	{errors.ErrIncompleteRead, "IncompleteRead"},
	{errors.ErrBodyNotReplayable, "BodyNotReplayable"},
	{errors.ErrClientPayload, "ClientPayload"},
	{errors.ErrInvalidURLRedirectClient, "InvalidURLRedirectClient"},
	{errors.ErrNonHTTPURLRedirectClient, "NonHTTPURLRedirectClient"},
	{errors.ErrRedirectClient, "RedirectClient"},
	{errors.ErrInvalidURLClient, "InvalidURLClient"},
	{errors.ErrNonHTTPURLClient, "NonHTTPURLClient"},
	{errors.ErrInvalidURL, "InvalidURL"},
	{errors.ErrInvalidRequest, "InvalidRequest"},
	{errors.ErrSessionClosed, "SessionClosed"},
	{errors.ErrWSMessageType, "WSMessageType"},
	{middleware.ErrRateLimit, "RateLimit"},
	{middleware.ErrConcurrency, "Concurrency"},
	{middleware.ErrCircuitOpen, "CircuitOpen"},
	{context.Canceled, "Canceled"},
	{errors.ErrTimeout, "Timeout"},
	{context.DeadlineExceeded, "DeadlineExceeded"},
	{errors.ErrClient, "Client"},
}

// errorType is the value of error.type for a failure.
func errorType(err error) string {
	for i := range errorClasses {
		if errors.Is(err, errorClasses[i].class) {
			return errorClasses[i].name
		}
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// statusError is the value of error.type for a status, or "": a client's error begins at
// 400.
func statusError(status int) string {
	if status < 400 {
		return ""
	}
	return strconv.Itoa(status)
}
