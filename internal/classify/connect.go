package classify

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/aiolos-http/aiolos/errors"
)

// Endpoint is what was being connected to.
type Endpoint struct {
	Host  string
	Port  int
	TLS   bool
	Phase errors.Phase // what was under way; empty: dial
	Unix  string       // the path, for a Unix socket
	Proxy bool         // Host and Port are a proxy's
}

// ConnectFailure gives an error from making a connection its class. Errors that
// have one, and those of a context, are returned as they are.
func ConnectFailure(err error, at Endpoint) error {
	if err == nil || classified(err) {
		return err
	}
	return ForceConnectFailure(err, at)
}

// ForceConnectFailure is [ConnectFailure] for an error whose class is that of a part
// of it, one address of several: it gets its own, whatever it is.
func ForceConnectFailure(err error, at Endpoint) error {
	phase := cmp.Or(at.Phase, errors.PhaseDial)
	base := errors.ClientConnectorError{Host: at.Host, Port: at.Port, TLS: at.TLS, Op: string(phase), Err: err}
	switch {
	case at.Unix != "" && phase != errors.PhaseTLS: // TLS over it fails as elsewhere
		return &errors.UnixClientConnectorError{ClientConnectorError: base, Path: at.Unix}
	case isType[*net.DNSError](err):
		base.Op = string(errors.PhaseDNS)
		return &errors.ClientConnectorDNSError{ClientConnectorError: base}
	case isCertificate(err):
		base.Op = string(errors.PhaseTLS)
		return &errors.ClientConnectorCertificateError{ClientSSLError: errors.ClientSSLError{ClientConnectorError: base}}
	case at.Proxy && !isTLS(err):
		return &errors.ClientProxyConnectionError{ClientConnectorError: base}
	case isTLS(err) || phase == errors.PhaseTLS:
		base.Op = string(errors.PhaseTLS)
		return &errors.ClientConnectorSSLError{ClientSSLError: errors.ClientSSLError{ClientConnectorError: base}}
	}
	return &base
}

// isCertificate reports whether err is about a certificate that does not verify.
func isCertificate(err error) bool {
	return isType[*tls.CertificateVerificationError](err) ||
		isType[x509.UnknownAuthorityError](err) || isType[x509.HostnameError](err) ||
		isType[x509.CertificateInvalidError](err) || isType[x509.SystemRootsError](err) ||
		isType[x509.ConstraintViolationError](err)
}

// isTLS reports whether err is a record that is none, an alert of the peer's, which
// net wraps in an OpError of its own kind, or an alert of our side.
func isTLS(err error) bool {
	if isType[tls.RecordHeaderError](err) || isType[tls.AlertError](err) || isType[*tls.ECHRejectionError](err) {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "remote error" || op.Op == "local error")
}
