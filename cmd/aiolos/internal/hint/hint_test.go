package hint_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/hint"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// TestHints: what may help, for each failure that is known.
func TestHints(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{syntax.ErrNoURL, "shows examples"},
		{&syntax.NotURLError{Word: "serv"}, `"aiolos serve"`},
		{&syntax.NotURLError{Word: "a b"}, "a URL has one of"},
		{aioerrors.ErrServerFingerprintMismatch, "not the certificate that was pinned"},
		{aioerrors.ErrClientProxyConnection, "--proxy none"},
		{aioerrors.ErrClientHTTPProxy, "--proxy none"},
		{aioerrors.ErrClientConnectorDNS, "name of the host"},
		{aioerrors.ErrTotalTimeout, "--timeout"},
		{aioerrors.ErrConnectionTimeout, "--connect-timeout"},
		{aioerrors.ErrSocketTimeout, "--read-timeout"},
		{aioerrors.ErrTooManyRedirects, "--no-follow"},
		{aioerrors.ErrNonHTTPURLClient, "http:// and https://"},
		{aioerrors.ErrBadHTTPMessage, "wants https://"},
		{aioerrors.ErrBodyNotReplayable, "give a file"},
		{fmt.Errorf("x: %w", syscall.ECONNREFUSED), "nothing listens"},
		{context.DeadlineExceeded, "--timeout"},
		{ssl(tls.RecordHeaderError{Msg: "x"}), "write http://"},
		{ssl(aioerrors.New("http: server gave HTTP response to HTTPS client")), "write http://"},
		{ssl(io.EOF), "may not speak TLS"},
		{ssl(syscall.ECONNRESET), "may not speak TLS"},
		{ssl(x509.UnknownAuthorityError{}), "--pin trusts this certificate"},
		{ssl(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "for other names"},
		{ssl(x509.CertificateInvalidError{Reason: x509.Expired}), "has expired"},
		{ssl(x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}), ""},
		{aioerrors.New("something else"), ""},
		{aioerrors.ErrWSServerHandshake, "no WebSocket under this URL"},
		{fmt.Errorf("get http://h/: %w", aioerrors.ErrServerDisconnected), "wants https://"},
		{fmt.Errorf("get https://h/: %w", aioerrors.ErrServerDisconnected), ""},
		{fmt.Errorf("%w: a TLS record in place of a status line", aioerrors.ErrBadHTTPMessage), "the server speaks TLS"},
		{&syntax.SlashError{Scheme: "http", Rest: "/h/x"}, `did you mean "http://h/x"?`},
		{hint.With(fmt.Errorf("x: %w", syscall.ECONNREFUSED), "its own"), "its own"},
	} {
		if got := hint.For(tt.err); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
}

// ssl makes a cause one of a TLS failure.
func ssl(cause error) error { return aioerrors.Join(aioerrors.ErrClientSSL, cause) }

// TestNearest: a command or a method that a word may be meant for.
func TestNearest(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"gte": "get", "got": "get", "tme": "time", "servr": "serve", "hlep": "help", "completions": "completion",
		"demos": "demo", "post": "POST URL", "Delete": "DELETE URL",
		"foo": "", "example": "", "x": "", "wget2": "",
	} {
		if got := hint.Nearest(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
