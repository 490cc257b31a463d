// Package hint says what may help against an error or a mistyped word.
package hint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"syscall"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/hbollon/go-edlib"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// WantsTLS is the hint for a port that speaks TLS and was spoken to without.
const WantsTLS = "the server speaks TLS on this port: write https:// in front of the URL"

// hinted is an error with a hint of its own.
type hinted struct {
	error

	hint string
}

// Unwrap returns the error.
func (h *hinted) Unwrap() error { return h.error }

// Hint is what may help.
func (h *hinted) Hint() string { return h.hint }

// With gives an error a hint of its own, which counts more than that of its class.
func With(err error, text string) error { return &hinted{err, text} }

// For says what may help against an error, or nothing.
func For(err error) string {
	var own interface{ Hint() string }
	if aioerrors.As(err, &own) {
		return own.Hint()
	}
	var not *syntax.NotURLError
	if aioerrors.As(err, &not) {
		return forWord(not.Word)
	}
	if aioerrors.Is(err, aioerrors.ErrServerFingerprintMismatch) {
		return `this is not the certificate that was pinned: "aiolos pin HOST" shows the present one; ask whose it is before you trust it`
	}
	if aioerrors.Is(err, aioerrors.ErrClientSSL) {
		return forTLS(err)
	}
	if aioerrors.Is(err, aioerrors.ErrBadHTTPMessage) {
		return forBadHead(err)
	}
	if bad, ok := aioerrors.AsType[*aioerrors.InvalidRequestError](err); ok && bad.Field == "SkipHeader" {
		return `"Name:" leaves out a header that is set automatically, such as Accept; "Name;" sends an empty one`
	}
	if text := forRoute(err); text != "" {
		return text
	}
	if aioerrors.Is(err, aioerrors.ErrServerDisconnected) && strings.Contains(err.Error(), " http://") {
		return "what listens there may not speak HTTP, or wants https://"
	}
	for _, h := range []struct {
		class error
		text  string
	}{
		{syntax.ErrNoURL, `aiolos [METHOD] URL [ITEM...]; "aiolos -h" shows examples`},
		{aioerrors.ErrClientProxyConnection, "the proxy cannot be reached; --proxy none goes without"},
		{aioerrors.ErrClientHTTPProxy, "the proxy refused; --proxy none goes without"},
		{aioerrors.ErrClientConnectorDNS, "is the name of the host right? :8000 stands for localhost:8000"},
		{aioerrors.ErrTotalTimeout, "--timeout sets the limit for the whole request"},
		{aioerrors.ErrConnectionTimeout, "--connect-timeout sets the limit for getting a connection"},
		{aioerrors.ErrSocketTimeout, "--read-timeout sets how long the server may be silent"},
		{aioerrors.ErrTooManyRedirects, "--no-follow shows the first redirect, -v all of them"},
		{aioerrors.ErrNonHTTPURLClient, "only http:// and https:// are spoken here"},
		{aioerrors.ErrWSServerHandshake, `there is no WebSocket under this URL, or it is refused: "aiolos URL" shows what the server says`},
		{aioerrors.ErrBodyNotReplayable, "the redirect asks for the body again, and a pipe cannot be read twice: give a file"},
		{syscall.ECONNREFUSED, "nothing listens on that port"},
		{context.DeadlineExceeded, "--timeout sets the limit for the whole request"},
	} {
		if aioerrors.Is(err, h.class) {
			return h.text
		}
	}
	return ""
}

// forBadHead says what may help against a head that cannot be read. Where there was a
// status line it is a server of HTTP, which breaks a rule.
func forBadHead(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "TLS record"):
		return WantsTLS
	case strings.Contains(text, "header "), strings.Contains(text, "content-length"), strings.Contains(text, "transfer-encoding"):
		return ""
	}
	return "what listens there may not speak HTTP, or wants https://"
}

// forRoute says what may help where the way to the server is the reason: its socket, its
// proxy, its protocol.
func forRoute(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "connect to unix socket ") && aioerrors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens on that socket"
	case aioerrors.Is(err, aioerrors.ErrInvalidURL) && strings.Contains(text, "a proxy is http"):
		return "--proxy none goes without one"
	case strings.Contains(text, " http://") && (strings.Contains(text, "frame too large") || strings.Contains(text, "connection closed while it was being made")):
		// Which of the two comes first, the answer or the end, is up to the machine.
		return "the server may not speak HTTP/2 without TLS: leave out --http2"
	}
	return ""
}

// forTLS says what may help against a failure of TLS.
func forTLS(err error) string {
	var (
		plain     tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		cert      x509.CertificateInvalidError
	)
	switch {
	case aioerrors.As(err, &plain), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return "the server does not speak TLS on this port: write http:// in front of the URL"
	case aioerrors.Is(err, io.EOF), aioerrors.Is(err, syscall.ECONNRESET):
		return "the server ended the connection in the middle of the handshake: it may not speak TLS on this port"
	case aioerrors.As(err, &authority):
		return "the certificate is not signed by an authority that this system trusts; --cacert FILE names another one, --pin trusts this certificate alone"
	case aioerrors.As(err, &name):
		return "the certificate is for other names than this host"
	case aioerrors.As(err, &cert) && cert.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet: compare it with the clock of this machine"
	}
	return ""
}

// forWord says what a word that is neither a URL nor a command could mean.
func forWord(word string) string {
	options := []string{}
	if near := Nearest(word); near != "" {
		options = append(options, fmt.Sprintf("%q", "aiolos "+near))
	}
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~%") == "" {
		options = append(options,
			fmt.Sprintf("%q for a host", "aiolos "+word+"/"),
			fmt.Sprintf("%q for a path on localhost", "aiolos :/"+word))
	}
	if len(options) == 0 {
		return `a URL has one of the characters . : /`
	}
	return "did you mean " + strings.Join(options, ", or ") + "?"
}

// Nearest returns the command or the method whose name is like word.
func Nearest(word string) string {
	low := strings.ToLower(word)
	for _, method := range syntax.Methods() {
		if low != "get" && strings.EqualFold(method, word) { // get is a command
			return method + " URL"
		}
	}
	for _, name := range []string{
		"get", "put", "ws", "pin", "session", "time", "bench", "curl", "har", "serve", "demo", "help", "version", "completion", "man",
	} {
		if edlib.OSADamerauLevenshteinDistance(low, name) <= 1+len(name)/6 {
			return name
		}
	}
	return ""
}
