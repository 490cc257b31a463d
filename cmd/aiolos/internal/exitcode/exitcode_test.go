package exitcode_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	aioerrors "github.com/aiolos-http/aiolos/errors"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"nil", nil, 0},
		{"unknown", io.ErrShortWrite, 1},
		{"disconnected", aioerrors.ErrServerDisconnected, 1},
		{"connection reset", aioerrors.ErrClientConnectionReset, 1},
		{"unreadable head", aioerrors.ErrBadHTTPMessage, 1},
		{"unreadable head with its status", &aioerrors.BadHTTPMessageError{ClientResponseError: aioerrors.ClientResponseError{Status: 400}}, 1},
		{"body cannot be sent again", &aioerrors.BodyNotReplayableError{}, 1},
		{"redirect to nowhere", aioerrors.ErrInvalidURLRedirectClient, 1},
		{"redirect to ftp", aioerrors.ErrNonHTTPURLRedirectClient, 1},
		{"usage", &exitcode.UsageError{Err: io.EOF}, 2},
		{"invalid URL", aioerrors.ErrInvalidURLClient, 2},
		{"not an HTTP URL", aioerrors.ErrNonHTTPURLClient, 2},
		{"invalid request", &aioerrors.InvalidRequestError{Field: "header", Reason: "empty"}, 2},
		{"status 304", &aioerrors.ClientResponseError{Status: 304}, 3},
		{"status 404", &aioerrors.ClientResponseError{Status: 404}, 4},
		{"status 503", &aioerrors.ClientResponseError{Status: 503}, 5},
		{"redirects", aioerrors.ErrTooManyRedirects, 6},
		{"redirects with their status", &aioerrors.TooManyRedirects{ClientResponseError: aioerrors.ClientResponseError{Status: 302}}, 6},
		{"connect", aioerrors.ErrClientConnector, 7},
		{"DNS", aioerrors.ErrClientConnectorDNS, 7},
		{"proxy", aioerrors.ErrClientProxyConnection, 7},
		{"proxy refused", aioerrors.ErrClientHTTPProxy, 7},
		{"socket file", aioerrors.ErrUnixClientConnector, 7},
		{"TLS", aioerrors.ErrClientConnectorSSL, 8},
		{"certificate", aioerrors.ErrClientConnectorCertificate, 8},
		{"pin", aioerrors.ErrServerFingerprintMismatch, 8},
		{"total", aioerrors.ErrTotalTimeout, 9},
		{"connect timeout", aioerrors.ErrConnectionTimeout, 9},
		{"read timeout", aioerrors.ErrSocketTimeout, 9},
		{"deadline of the caller", context.DeadlineExceeded, 9},
		{"payload", aioerrors.ErrClientPayload, 10},
		{"gzip", aioerrors.ErrContentEncoding, 10},
		{"length", aioerrors.ErrContentLength, 10},
		{"interrupt", context.Canceled, 130},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := exitcode.Of(tt.err); got != tt.want {
				t.Errorf("Of(%v) = %d, want %d", tt.err, got, tt.want)
			}
			if tt.err == nil {
				return
			}
			wrapped := fmt.Errorf("file.iso: %w", &aioerrors.RequestError{Method: "GET", URL: "http://h/", Err: tt.err})
			if got := exitcode.Of(wrapped); got != tt.want {
				t.Errorf("Of(wrapped %v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestOfCauses(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", io.EOF)}
	if got := exitcode.Of(&aioerrors.ClientConnectorError{Host: "h", Port: 1, Op: "dial", Err: refused}); got != exitcode.Connect {
		t.Errorf("refused: got %d, want %d", got, exitcode.Connect)
	}
	cut := &aioerrors.ClientPayloadError{Received: 1, Expected: 2, Kind: aioerrors.ErrContentLength, Err: io.ErrUnexpectedEOF}
	if got := exitcode.Of(cut); got != exitcode.Incomplete {
		t.Errorf("cut body: got %d, want %d", got, exitcode.Incomplete)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{101: 0, 200: 0, 204: 0, 301: 3, 304: 3, 400: 4, 499: 4, 500: 5, 599: 5} {
		if got := exitcode.Status(status); got != want {
			t.Errorf("Status(%d) = %d, want %d", status, got, want)
		}
	}
}

func TestMany(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		codes []int
		want  int
	}{
		{nil, 0},
		{[]int{0}, 0},
		{[]int{4}, 4},
		{[]int{10}, 10},
		{[]int{0, 0}, 0},
		{[]int{0, 4}, 1},
		{[]int{4, 4}, 4},
		{[]int{9, 7, 1}, 7},
		{[]int{1, 1}, 1},
		{[]int{5, 4, 0}, 1},
		{[]int{4, 130}, 130},
	} {
		if got := exitcode.Many(tt.codes); got != tt.want {
			t.Errorf("Many(%v) = %d, want %d", tt.codes, got, tt.want)
		}
	}
}
