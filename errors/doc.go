// Package errors is the failure model of aiolos: a class for everything that can
// go wrong, in the tree that aiohttp's users know, and structs for what there is
// to say about it.
//
// It has all of the standard library's package errors, so that a file imports
// one of the two.
//
// # Classes
//
// A class is a value for [Is], and an error is of its class and of every
// ancestor of that:
//
//	ErrClient
//	├ ErrClientResponse                 ClientResponseError
//	│ ├ ErrContentType                  ContentTypeError
//	│ ├ ErrWSServerHandshake            WSServerHandshakeError
//	│ ├ ErrClientHTTPProxy              ClientHTTPProxyError
//	│ ├ ErrTooManyRedirects             TooManyRedirects
//	│ └ ErrBadHTTPMessage               BadHTTPMessageError
//	├ ErrClientConnection
//	│ ├ ErrConnectorClosed
//	│ ├ ErrConnectionClosed
//	│ ├ ErrClientConnectionReset
//	│ ├ ErrClientOS                     ClientOSError
//	│ │ └ ErrClientConnector            ClientConnectorError
//	│ │   ├ ErrClientConnectorDNS       ClientConnectorDNSError
//	│ │   ├ ErrAddressRefused           (of a guard, such as AllowAddr)
//	│ │   ├ ErrNoBackend                middleware.NoBackendError
//	│ │   ├ ErrClientProxyConnection    ClientProxyConnectionError
//	│ │   ├ ErrUnixClientConnector      UnixClientConnectorError
//	│ │   └ ErrClientSSL                ClientSSLError
//	│ │     ├ ErrClientConnectorSSL     ClientConnectorSSLError
//	│ │     └ ErrClientConnectorCertificate  ClientConnectorCertificateError
//	│ └ ErrServerConnection
//	│   ├ ErrServerDisconnected         ServerDisconnectedError
//	│   ├ ErrServerFingerprintMismatch  ServerFingerprintMismatch
//	│   └ ErrServerTimeout              TimeoutError    (also ErrTimeout)
//	│     ├ ErrConnectionTimeout        TimeoutError
//	│     └ ErrSocketTimeout            TimeoutError
//	├ ErrTotalTimeout                   TimeoutError    (also ErrTimeout)
//	├ ErrClientPayload                  ClientPayloadError
//	│ ├ ErrContentEncoding, ErrContentLength, ErrTransferEncoding
//	│ ├ ErrBodyTooLarge                 BodyTooLargeError
//	│ ├ ErrIncompleteRead               IncompleteReadError
//	│ └ ErrBodyNotReplayable            BodyNotReplayableError
//	├ ErrInvalidRequest                 InvalidRequestError
//	│ └ ErrInvalidURL                   InvalidURLError
//	│   ├ ErrInvalidURLClient
//	│   │ └ ErrInvalidURLRedirectClient (also ErrRedirectClient)
//	│   └ ErrNonHTTPURLClient
//	│     └ ErrNonHTTPURLRedirectClient (also ErrRedirectClient)
//	├ ErrRedirectClient
//	├ ErrSessionClosed
//	├ ErrRateLimit, ErrConcurrency, ErrCircuitOpen  middleware.LimitError
//	├ ErrToken                          middleware.TokenError
//	└ ErrWSMessageType                  WSMessageTypeError
//	ErrTimeout
//
// The structs are for [As], which finds an ancestor's struct in an error of a
// class below it: *ClientOSError in a ClientConnectorDNSError.
//
// # Causes
//
// What went wrong underneath stays in the chain: context.Canceled,
// context.DeadlineExceeded, *net.DNSError, syscall.ECONNREFUSED,
// *tls.CertificateVerificationError, io.ErrUnexpectedEOF. Timeouts are
// [net.Error] and os.ErrDeadlineExceeded.
//
// # Texts
//
// An error is one line: the operation, the URL, the phase, the limit, the cause.
// It holds no secret: credentials and query values are replaced by "***", and
// headers are never printed ([RedactURL], [RedactError], [RedactHeader]).
//
// # Old names
//
// FingerprintMismatch, ProxyConnectionError and HttpProxyError of aiohttp's
// older documents are [FingerprintMismatch], [ProxyConnectionError] and
// [HTTPProxyError]; code of a ClientResponseError is its Status.
package errors
