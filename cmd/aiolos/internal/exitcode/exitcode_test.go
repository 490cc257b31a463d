package exitcode_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/aiolos-http/aiolos/errors"

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
		{"disconnected", errors.ErrServerDisconnected, 1},
		{"connection reset", errors.ErrClientConnectionReset, 1},
		{"unreadable head", errors.ErrBadHTTPMessage, 1},
		{"unreadable head with its status", &errors.BadHTTPMessageError{ClientResponseError: errors.ClientResponseError{Status: 400}}, 1},
		{"body cannot be sent again", &errors.BodyNotReplayableError{}, 1},
		{"redirect to nowhere", errors.ErrInvalidURLRedirectClient, 1},
		{"redirect to ftp", errors.ErrNonHTTPURLRedirectClient, 1},
		{"usage", &exitcode.UsageError{Err: io.EOF}, 2},
		{"invalid URL", errors.ErrInvalidURLClient, 2},
		{"not an HTTP URL", errors.ErrNonHTTPURLClient, 2},
		{"invalid request", &errors.InvalidRequestError{Field: "header", Reason: "empty"}, 2},
		{"status 304", &errors.ClientResponseError{Status: 304}, 3},
		{"status 404", &errors.ClientResponseError{Status: 404}, 4},
		{"status 503", &errors.ClientResponseError{Status: 503}, 5},
		{"redirects", errors.ErrTooManyRedirects, 6},
		{"redirects with their status", &errors.TooManyRedirects{ClientResponseError: errors.ClientResponseError{Status: 302}}, 6},
		{"connect", errors.ErrClientConnector, 7},
		{"DNS", errors.ErrClientConnectorDNS, 7},
		{"proxy", errors.ErrClientProxyConnection, 7},
		{"proxy refused", errors.ErrClientHTTPProxy, 7},
		{"socket file", errors.ErrUnixClientConnector, 7},
		{"TLS", errors.ErrClientConnectorSSL, 8},
		{"certificate", errors.ErrClientConnectorCertificate, 8},
		{"pin", errors.ErrServerFingerprintMismatch, 8},
		{"total", errors.ErrTotalTimeout, 9},
		{"connect timeout", errors.ErrConnectionTimeout, 9},
		{"read timeout", errors.ErrSocketTimeout, 9},
		{"deadline of the caller", context.DeadlineExceeded, 9},
		{"payload", errors.ErrClientPayload, 10},
		{"gzip", errors.ErrContentEncoding, 10},
		{"length", errors.ErrContentLength, 10},
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
			wrapped := fmt.Errorf("file.iso: %w", &errors.RequestError{Method: "GET", URL: "http://h/", Err: tt.err})
			if got := exitcode.Of(wrapped); got != tt.want {
				t.Errorf("Of(wrapped %v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

func TestOfCauses(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", io.EOF)}
	if got := exitcode.Of(&errors.ClientConnectorError{Host: "h", Port: 1, Op: "dial", Err: refused}); got != exitcode.Connect {
		t.Errorf("refused: got %d, want %d", got, exitcode.Connect)
	}
	cut := &errors.ClientPayloadError{Received: 1, Expected: 2, Kind: errors.ErrContentLength, Err: io.ErrUnexpectedEOF}
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
