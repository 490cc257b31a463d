package errors

import "context"

// Class returns the name of an error's class: the deepest one of the tree that it is
// of, without Err, such as "SocketTimeout" or "ClientConnectorDNS". It is for what
// counts errors, as a label of a metric: there are only as many as there are classes,
// and three more. "Canceled" and "DeadlineExceeded" are what the caller's own context
// says, and "Other" is an error of somebody else's. Nil has "".
//
// An error that stands for several in a row has a method Last() error; its class is that
// of the last one.
func Class(err error) string {
	if err == nil {
		return ""
	}
	var several interface{ Last() error }
	for As(err, &several) {
		last := several.Last()
		if last == nil {
			break
		}
		err = last
	}
	for _, c := range classNames {
		if Is(err, c.class) {
			return c.name
		}
	}
	return ClassOther
}

// ClassOther is what [Class] says of an error that is none of the library's.
const ClassOther = "Other"

// classNames has every class before its ancestors.
var classNames = []struct {
	class error
	name  string
}{
	{ErrContentType, "ContentType"},
	{ErrWSServerHandshake, "WSServerHandshake"},
	{ErrClientHTTPProxy, "ClientHTTPProxy"},
	{ErrTooManyRedirects, "TooManyRedirects"},
	{ErrBadHTTPMessage, "BadHTTPMessage"},
	{ErrClientResponse, "ClientResponse"},

	{ErrConnectorClosed, "ConnectorClosed"},
	{ErrConnectionClosed, "ConnectionClosed"},
	{ErrClientConnectionReset, "ClientConnectionReset"},
	{ErrClientConnectorDNS, "ClientConnectorDNS"},
	{ErrAddressRefused, "AddressRefused"},
	{ErrNoBackend, "NoBackend"},
	{ErrClientProxyConnection, "ClientProxyConnection"},
	{ErrUnixClientConnector, "UnixClientConnector"},
	{ErrClientConnectorSSL, "ClientConnectorSSL"},
	{ErrClientConnectorCertificate, "ClientConnectorCertificate"},
	{ErrClientSSL, "ClientSSL"},
	{ErrClientConnector, "ClientConnector"},
	{ErrClientOS, "ClientOS"},
	{ErrServerDisconnected, "ServerDisconnected"},
	{ErrServerFingerprintMismatch, "ServerFingerprintMismatch"},
	{ErrConnectionTimeout, "ConnectionTimeout"},
	{ErrSocketTimeout, "SocketTimeout"},
	{ErrServerTimeout, "ServerTimeout"},
	{ErrServerConnection, "ServerConnection"},
	{ErrClientConnection, "ClientConnection"},
	{ErrTotalTimeout, "TotalTimeout"},
	{ErrTimeout, "Timeout"},

	{ErrContentEncoding, "ContentEncoding"},
	{ErrContentLength, "ContentLength"},
	{ErrTransferEncoding, "TransferEncoding"},
	{ErrBodyTooLarge, "BodyTooLarge"},
	{ErrIncompleteRead, "IncompleteRead"},
	{ErrBodyNotReplayable, "BodyNotReplayable"},
	{ErrClientPayload, "ClientPayload"},

	{ErrInvalidURLRedirectClient, "InvalidURLRedirectClient"},
	{ErrNonHTTPURLRedirectClient, "NonHTTPURLRedirectClient"},
	{ErrInvalidURLClient, "InvalidURLClient"},
	{ErrNonHTTPURLClient, "NonHTTPURLClient"},
	{ErrInvalidURL, "InvalidURL"},
	{ErrInvalidRequest, "InvalidRequest"},
	{ErrRedirectClient, "RedirectClient"},
	{ErrSessionClosed, "SessionClosed"},
	{ErrWSMessageType, "WSMessageType"},
	{ErrRateLimit, "RateLimit"},
	{ErrConcurrency, "Concurrency"},
	{ErrCircuitOpen, "CircuitOpen"},

	{context.Canceled, "Canceled"},
	{context.DeadlineExceeded, "DeadlineExceeded"},
	{ErrToken, "Token"},
	{ErrClient, "Client"},
}
