package errors

import (
	"crypto/tls"
	"encoding/hex"
	"net"
	"os"
	"strconv"
	"strings"
)

// ClientOSError is a failure that the operating system reports (aiohttp:
// ClientOSError). The errno is in the cause: errors.Is(err,
// syscall.ECONNREFUSED).
type ClientOSError struct {
	Op  string // what was being done, for example "read request body"
	Err error
}

// Error is the operation and the cause.
func (e *ClientOSError) Error() string { return e.Op + ": " + causeText(e.Err) }

// Unwrap returns the cause.
func (e *ClientOSError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientOSError) Is(target error) bool { return isOfClass(ErrClientOS, target) }

// Timeout reports whether the cause is a timeout.
func (e *ClientOSError) Timeout() bool { return isTimeout(e.Err) }

// MarshalJSON writes the error without secrets.
func (e *ClientOSError) MarshalJSON() ([]byte, error) {
	return marshalError("ClientOSError", e, "op", e.Op)
}

// ClientConnectorError is a connection that could not be made (aiohttp:
// ClientConnectorError). The types that embed it are its subclasses: [As] finds
// it in them, and a [ClientOSError] too.
type ClientConnectorError struct {
	Host string
	Port int
	TLS  bool   // the connection was to have TLS
	Op   string // the phase: "dns", "dial", "tls"
	Err  error
}

// Error is the address, the phase and the cause.
func (e *ClientConnectorError) Error() string {
	return "connect to " + e.address() + ": " + e.phaseText()
}

// phaseText is the phase and the cause, each word of which stands there once: net's
// errors begin with the phase and name the address again.
func (e *ClientConnectorError) phaseText() string {
	text := causeText(withoutAddress(e.Err, e.Op, e.address()))
	if strings.HasPrefix(text, e.Op+" ") || strings.HasPrefix(text, e.Op+": ") {
		return text
	}
	return e.Op + ": " + text
}

// withoutAddress is the cause in an error of net, if that has the operation and the
// address of the text that it is to stand in; else it is err.
func withoutAddress(err error, op, address string) error {
	e, ok := err.(*net.OpError) //nolint:errorlint // what others wrap has a text of its own
	if !ok || e.Op != op || e.Addr == nil || e.Addr.String() != address || e.Err == nil {
		return err
	}
	if call, ok := e.Err.(*os.SyscallError); ok { //nolint:errorlint // as above
		return call.Err
	}
	return e.Err
}

func (e *ClientConnectorError) address() string {
	return net.JoinHostPort(printable(e.Host, maxHost), strconv.Itoa(e.Port))
}

// Unwrap returns the cause.
func (e *ClientConnectorError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientConnectorError) Is(target error) bool { return isOfClass(ErrClientConnector, target) }

// As finds the ancestor [ClientOSError].
func (e *ClientConnectorError) As(target any) bool {
	switch t := target.(type) {
	case **ClientConnectorError:
		*t = e
	case **ClientOSError:
		*t = &ClientOSError{Op: e.Op, Err: e.Err}
	default:
		return false
	}
	return true
}

// Timeout reports whether the cause is a timeout.
func (e *ClientConnectorError) Timeout() bool { return isTimeout(e.Err) }

// MarshalJSON writes the error without secrets.
func (e *ClientConnectorError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientConnectorError", e)
}

func (e *ClientConnectorError) marshalAs(class string, outer error) ([]byte, error) {
	return marshalError(class, outer, "host", e.Host, "port", e.Port, "tls", e.TLS, "op", e.Op)
}

// ClientConnectorDNSError is a name that could not be resolved. The cause is a
// *net.DNSError.
type ClientConnectorDNSError struct{ ClientConnectorError }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientConnectorDNSError) Is(target error) bool {
	return isOfClass(ErrClientConnectorDNS, target)
}

// MarshalJSON writes the error without secrets.
func (e *ClientConnectorDNSError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientConnectorDNSError", e)
}

// ClientProxyConnectionError is a proxy that cannot be reached. Host and Port
// are the proxy's.
type ClientProxyConnectionError struct{ ClientConnectorError }

// ProxyConnectionError is the name of aiohttp 0.17.
type ProxyConnectionError = ClientProxyConnectionError

// Is reports whether the class or an ancestor of it is target.
func (e *ClientProxyConnectionError) Is(target error) bool {
	return isOfClass(ErrClientProxyConnection, target)
}

// MarshalJSON writes the error without secrets.
func (e *ClientProxyConnectionError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientProxyConnectionError", e)
}

// UnixClientConnectorError is a Unix socket that cannot be reached.
type UnixClientConnectorError struct {
	ClientConnectorError
	Path string
}

// Error is the path and the cause.
func (e *UnixClientConnectorError) Error() string {
	return "connect to unix socket " + printable(e.Path, maxText) + ": " + causeText(withoutAddress(e.Err, "dial", e.Path))
}

// Is reports whether the class or an ancestor of it is target.
func (e *UnixClientConnectorError) Is(target error) bool {
	return isOfClass(ErrUnixClientConnector, target)
}

// MarshalJSON writes the error without secrets.
func (e *UnixClientConnectorError) MarshalJSON() ([]byte, error) {
	return marshalError("UnixClientConnectorError", e, "path", e.Path)
}

// ClientSSLError is a failure of TLS.
type ClientSSLError struct{ ClientConnectorError }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientSSLError) Is(target error) bool { return isOfClass(ErrClientSSL, target) }

// MarshalJSON writes the error without secrets.
func (e *ClientSSLError) MarshalJSON() ([]byte, error) { return e.marshalAs("ClientSSLError", e) }

// ClientConnectorSSLError is a handshake that failed for another reason than
// the certificate: an alert, a server without TLS.
type ClientConnectorSSLError struct{ ClientSSLError }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientConnectorSSLError) Is(target error) bool {
	return isOfClass(ErrClientConnectorSSL, target)
}

// As finds the ancestors.
func (e *ClientConnectorSSLError) As(target any) bool { return e.asSSL(target) }

// MarshalJSON writes the error without secrets.
func (e *ClientConnectorSSLError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientConnectorSSLError", e)
}

// ClientConnectorCertificateError is a certificate that does not verify. The
// cause is a *tls.CertificateVerificationError, and in it the x509 error.
type ClientConnectorCertificateError struct{ ClientSSLError }

// Is reports whether the class or an ancestor of it is target.
func (e *ClientConnectorCertificateError) Is(target error) bool {
	return isOfClass(ErrClientConnectorCertificate, target)
}

// As finds the ancestors.
func (e *ClientConnectorCertificateError) As(target any) bool { return e.asSSL(target) }

// CertificateError is the verification error, or nil. (aiohttp:
// certificate_error)
func (e *ClientConnectorCertificateError) CertificateError() *tls.CertificateVerificationError {
	v, _ := AsType[*tls.CertificateVerificationError](e.Err)
	return v
}

// MarshalJSON writes the error without secrets.
func (e *ClientConnectorCertificateError) MarshalJSON() ([]byte, error) {
	return e.marshalAs("ClientConnectorCertificateError", e)
}

func (e *ClientSSLError) asSSL(target any) bool {
	if t, ok := target.(**ClientSSLError); ok {
		*t = e
		return true
	}
	return e.ClientConnectorError.As(target)
}

// ServerFingerprintMismatch is a server whose certificate is not the pinned one
// (aiohttp: ServerFingerprintMismatch). No byte of the request was sent.
type ServerFingerprintMismatch struct {
	Expected, Got []byte
	Host          string
	Port          int
}

// FingerprintMismatch is the name of aiohttp 0.17.
type FingerprintMismatch = ServerFingerprintMismatch

// Error names both digests; they are no secrets.
func (e *ServerFingerprintMismatch) Error() string {
	return "server fingerprint mismatch: " + net.JoinHostPort(printable(e.Host, maxHost), strconv.Itoa(e.Port)) +
		" has " + hex.EncodeToString(e.Got) + ", want " + hex.EncodeToString(e.Expected)
}

// Is reports whether the class or an ancestor of it is target.
func (e *ServerFingerprintMismatch) Is(target error) bool {
	return isOfClass(ErrServerFingerprintMismatch, target)
}

// MarshalJSON writes the error.
func (e *ServerFingerprintMismatch) MarshalJSON() ([]byte, error) {
	return marshalError("ServerFingerprintMismatch", e, "host", e.Host, "port", e.Port,
		"expected", hex.EncodeToString(e.Expected), "got", hex.EncodeToString(e.Got))
}

// ServerDisconnectedError is a server that closed or reset the connection
// before the head of its response was complete (aiohttp:
// ServerDisconnectedError).
type ServerDisconnectedError struct {
	Host     string // host:port
	Received int64  // bytes of the head that had come; 0 with HTTP/2, where a head comes whole
	Err      error  // io.EOF or io.ErrUnexpectedEOF, or what the system or HTTP/2 says
}

// Error says how the server left, and when, or else is the cause.
func (e *ServerDisconnectedError) Error() string {
	if how := departureText(e.Err); how != "" {
		return "server disconnected: " + how + " " + headProgress(e.Received)
	}
	return "server disconnected: " + causeText(e.Err)
}

// Unwrap returns the cause.
func (e *ServerDisconnectedError) Unwrap() error { return e.Err }

// Is reports whether the class or an ancestor of it is target.
func (e *ServerDisconnectedError) Is(target error) bool {
	return isOfClass(ErrServerDisconnected, target)
}

// MarshalJSON writes the error.
func (e *ServerDisconnectedError) MarshalJSON() ([]byte, error) {
	return marshalError("ServerDisconnectedError", e, "host", e.Host, "received", e.Received)
}
