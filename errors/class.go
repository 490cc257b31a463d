package errors

import (
	"context"
	"os"
	"slices"
	"syscall"
)

// class is a node of the tree: what [Is] compares with.
type class struct {
	text    string
	parents []error
}

func (c *class) Error() string { return c.text }

// Is reports whether target is one of the ancestors.
func (c *class) Is(target error) bool {
	return slices.ContainsFunc(c.parents, func(p error) bool { return isOfClass(p, target) })
}

func newClass(text string, parents ...error) error { return &class{text, parents} }

// isOfClass reports whether target is the class kind or an ancestor of it.
func isOfClass(kind, target error) bool {
	if kind == target {
		return true
	}
	c, ok := kind.(*class) //nolint:errorlint // a class is not wrapped
	return ok && c.Is(target)
}

// The classes. An error is of its class and of all the ancestors of that; the
// comments name the class of aiohttp, or say that there is none.
var (
	// ErrTimeout is every timeout of the library's (asyncio.TimeoutError). It
	// stands beside ErrClient, not below it.
	ErrTimeout = newClass("timeout", os.ErrDeadlineExceeded)

	// ErrClient is every failure of a request (ClientError).
	ErrClient = newClass("client error")
	// ErrTotalTimeout is the end of the total timeout. In aiohttp that is a bare
	// asyncio.TimeoutError; here it belongs to ErrClient as well, and is a
	// context.DeadlineExceeded.
	ErrTotalTimeout = newClass("total timeout", ErrClient, ErrTimeout, context.DeadlineExceeded)
	// ErrSessionClosed is a request on a closed session (RuntimeError "Session
	// is closed").
	ErrSessionClosed = newClass("session is closed", ErrClient)

	// ErrClientResponse is a response that is not what was wanted
	// (ClientResponseError).
	ErrClientResponse = newClass("unexpected response", ErrClient)
	// ErrContentType is a body of another type (ContentTypeError).
	ErrContentType = newClass("unexpected content type", ErrClientResponse)
	// ErrWSServerHandshake is a refused WebSocket handshake
	// (WSServerHandshakeError).
	ErrWSServerHandshake = newClass("websocket handshake refused", ErrClientResponse)
	// ErrClientHTTPProxy is a proxy that refuses to connect
	// (ClientHttpProxyError, HttpProxyError).
	ErrClientHTTPProxy = newClass("proxy refused the connection", ErrClientResponse)
	// ErrTooManyRedirects is one redirect too many (TooManyRedirects).
	ErrTooManyRedirects = newClass("too many redirects", ErrClientResponse)
	// ErrBadHTTPMessage is a response head that is not HTTP; aiohttp raises a
	// ClientResponseError with status 400.
	ErrBadHTTPMessage = newClass("malformed response", ErrClientResponse)

	// ErrClientConnection is a failure of a connection
	// (ClientConnectionError).
	ErrClientConnection = newClass("connection error", ErrClient)
	// ErrConnectorClosed is a request on a closed connector
	// (ClientConnectionError "Connector is closed").
	ErrConnectorClosed = newClass("connector is closed", ErrClientConnection)
	// ErrConnectionClosed is the reading of a body that was closed
	// (ClientConnectionError "Connection closed").
	ErrConnectionClosed = newClass("read of a closed response body", ErrClientConnection)
	// ErrClientConnectionReset is a reset while sending
	// (ClientConnectionResetError).
	ErrClientConnectionReset = newClass("connection reset", ErrClientConnection, syscall.ECONNRESET)
	// ErrClientOS is a failure that the operating system reports
	// (ClientOSError).
	ErrClientOS = newClass("system error", ErrClientConnection)
	// ErrClientConnector is a connection that could not be made
	// (ClientConnectorError).
	ErrClientConnector = newClass("cannot connect", ErrClientOS)
	// ErrClientConnectorDNS is a name that could not be resolved
	// (ClientConnectorDNSError).
	ErrClientConnectorDNS = newClass("cannot resolve", ErrClientConnector)
	// ErrAddressRefused is a connection that a guard did not let be made: the
	// AllowAddr of a connector, or that of a public session. No byte was sent, and
	// trying again does not help. aiohttp has none.
	ErrAddressRefused = newClass("address refused", ErrClientConnector)
	// ErrClientProxyConnection is a proxy that cannot be reached
	// (ClientProxyConnectionError, ProxyConnectionError).
	ErrClientProxyConnection = newClass("cannot connect to proxy", ErrClientConnector)
	// ErrUnixClientConnector is a Unix socket that cannot be reached
	// (UnixClientConnectorError).
	ErrUnixClientConnector = newClass("cannot connect to unix socket", ErrClientConnector)
	// ErrClientSSL is a failure of TLS (ClientSSLError).
	ErrClientSSL = newClass("tls error", ErrClientConnector)
	// ErrClientConnectorSSL is a failed handshake (ClientConnectorSSLError).
	ErrClientConnectorSSL = newClass("tls handshake failed", ErrClientSSL)
	// ErrClientConnectorCertificate is a certificate that does not verify
	// (ClientConnectorCertificateError).
	ErrClientConnectorCertificate = newClass("certificate not accepted", ErrClientSSL)

	// ErrServerConnection is a failure on the server's side
	// (ServerConnectionError).
	ErrServerConnection = newClass("server connection error", ErrClientConnection)
	// ErrServerDisconnected is a server that closed or reset the connection
	// before its response's head was complete (ServerDisconnectedError).
	ErrServerDisconnected = newClass("server disconnected", ErrServerConnection)
	// ErrServerFingerprintMismatch is a certificate that is not the pinned one
	// (ServerFingerprintMismatch, FingerprintMismatch).
	ErrServerFingerprintMismatch = newClass("server fingerprint mismatch", ErrServerConnection)
	// ErrServerTimeout is a server that is too slow (ServerTimeoutError).
	ErrServerTimeout = newClass("server timeout", ErrServerConnection, ErrTimeout)
	// ErrConnectionTimeout is the end of the connect or the sock_connect timeout
	// (ConnectionTimeoutError).
	ErrConnectionTimeout = newClass("connection timeout", ErrServerTimeout)
	// ErrSocketTimeout is the end of the sock_read timeout (SocketTimeoutError).
	ErrSocketTimeout = newClass("socket timeout", ErrServerTimeout)

	// ErrClientPayload is a body that cannot be read to its end
	// (ClientPayloadError).
	ErrClientPayload = newClass("payload error", ErrClient)
	// ErrContentEncoding is a body that cannot be decoded
	// (ContentEncodingError).
	ErrContentEncoding = newClass("content encoding error", ErrClientPayload)
	// ErrContentLength is a body that is shorter than it said
	// (ContentLengthError).
	ErrContentLength = newClass("content length error", ErrClientPayload)
	// ErrTransferEncoding is a broken chunk (TransferEncodingError).
	ErrTransferEncoding = newClass("transfer encoding error", ErrClientPayload)
	// ErrBodyTooLarge is a body above its limit; aiohttp has none.
	ErrBodyTooLarge = newClass("body too large", ErrClientPayload)
	// ErrIncompleteRead is a body that ends within what was asked for
	// (asyncio.IncompleteReadError).
	ErrIncompleteRead = newClass("incomplete read", ErrClientPayload)
	// ErrBodyNotReplayable is a request's body that would have to be sent again
	// and is gone (ClientPayloadError "consumed request body").
	ErrBodyNotReplayable = newClass("request body cannot be sent again", ErrClientPayload)

	// ErrInvalidRequest is a request that cannot be sent as it is (ValueError,
	// TypeError).
	ErrInvalidRequest = newClass("invalid request", ErrClient)
	// ErrInvalidURL is a URL that cannot be used (InvalidURL).
	ErrInvalidURL = newClass("invalid url", ErrInvalidRequest)
	// ErrInvalidURLClient is one that the caller gave (InvalidUrlClientError).
	ErrInvalidURLClient = newClass("invalid url", ErrInvalidURL)
	// ErrNonHTTPURLClient is one with another scheme (NonHttpUrlClientError).
	ErrNonHTTPURLClient = newClass("not an http url", ErrInvalidURL)
	// ErrRedirectClient is a redirect that cannot be followed
	// (RedirectClientError).
	ErrRedirectClient = newClass("redirect error", ErrClient)
	// ErrInvalidURLRedirectClient is a redirect to an unusable URL
	// (InvalidUrlRedirectClientError).
	ErrInvalidURLRedirectClient = newClass("invalid redirect url", ErrInvalidURLClient, ErrRedirectClient)
	// ErrNonHTTPURLRedirectClient is a redirect to another scheme
	// (NonHttpUrlRedirectClientError).
	ErrNonHTTPURLRedirectClient = newClass("redirect to a non-http url", ErrNonHTTPURLClient, ErrRedirectClient)

	// ErrRateLimit is a request that a rate limit has not let go. aiohttp has neither
	// this one nor those that follow.
	ErrRateLimit = newClass("rate limit reached", ErrClient)
	// ErrConcurrency is a request that a limit of requests at once has not let go.
	ErrConcurrency = newClass("too many requests at once", ErrClient)
	// ErrCircuitOpen is a request to a host that a circuit breaker has cut off.
	ErrCircuitOpen = newClass("circuit breaker is open", ErrClient)
	// ErrNoBackend is a request for whose host no server is in service, or known.
	ErrNoBackend = newClass("no backend", ErrClientConnector)
	// ErrToken is a request for which no token could be had.
	ErrToken = newClass("no token", ErrClient)

	// ErrWSMessageType is a message of the other type (WSMessageTypeError).
	ErrWSMessageType = newClass("unexpected websocket message type", ErrClient)
)
