package classify_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

func TestConnectFailure(t *testing.T) {
	t.Parallel()
	at := classify.Endpoint{Host: "example.com", Port: 443, TLS: true}
	inTLS, proxy, unix := at, at, at
	inTLS.Phase, proxy.Proxy, unix.Unix = errors.PhaseTLS, true, "/run/x.sock"
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: io.EOF}
	for _, tt := range []struct {
		name string
		err  error
		at   classify.Endpoint
		want error
		text string
	}{
		{"an address", refused, at, errors.ErrClientConnector, "connect to example.com:443: dial tcp: EOF"},
		{"a name", fmt.Errorf("look-up: %w", &net.DNSError{Err: "no such host", Name: "example.com"}), at, errors.ErrClientConnectorDNS, ""},
		{"a certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, inTLS, errors.ErrClientConnectorCertificate, ""},
		{"a certificate of another name", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, at, errors.ErrClientConnectorCertificate, ""},
		{"an end in the handshake", io.ErrUnexpectedEOF, inTLS, errors.ErrClientConnectorSSL, "connect to example.com:443: tls: unexpected EOF"},
		{"an alert", &net.OpError{Op: "remote error", Err: io.EOF}, at, errors.ErrClientConnectorSSL, ""},
		{"a proxy", refused, proxy, errors.ErrClientProxyConnection, ""},
		{"TLS with a proxy", tls.AlertError(40), proxy, errors.ErrClientConnectorSSL, ""},
		{"a Unix socket", refused, unix, errors.ErrUnixClientConnector, "connect to unix socket /run/x.sock: dial tcp: EOF"},
	} {
		err := classify.ConnectFailure(tt.err, tt.at)
		if !errors.Is(err, tt.want) || !errors.Is(err, tt.err) || tt.text != "" && err.Error() != tt.text {
			t.Errorf("%s: got %v (%T), want %v", tt.name, err, err, tt.want)
		}
	}
	for _, err := range []error{nil, context.Canceled, context.DeadlineExceeded, errors.ErrConnectorClosed} {
		if got := classify.ConnectFailure(err, at); got != err {
			t.Errorf("%v: got %v, want it as it is", err, got)
		}
	}
	part := &errors.ClientConnectorDNSError{}
	if got := classify.ForceConnectFailure(part, at); got == error(part) || !errors.Is(got, part) {
		t.Errorf("forced: got %v, want a class around it", got)
	}
}
