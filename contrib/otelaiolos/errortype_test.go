package otelaiolos_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"

	"github.com/aiolos-http/aiolos/contrib/otelaiolos"
)

// What the library calls the class of an error, error.type does, too. Only what has none
// is called as the conventions have it.
func TestErrorTypes(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.ErrClient, "Client"},
		{errors.ErrClientConnectorDNS, "ClientConnectorDNS"},
		{&errors.TimeoutError{Kind: errors.ErrSocketTimeout}, "SocketTimeout"},
		{&errors.ClientPayloadError{Kind: errors.ErrContentLength}, "ContentLength"},
		{&middleware.LimitError{Kind: middleware.ErrRateLimit}, "RateLimit"},
		{&middleware.LimitError{Kind: middleware.ErrConcurrency}, "Concurrency"},
		{&middleware.LimitError{Kind: middleware.ErrCircuitOpen}, "CircuitOpen"},
		{&middleware.NoBackendError{}, "NoBackend"},
		{&middleware.TokenError{Err: io.EOF}, "Token"},
		{&middleware.RetryError{Errs: []error{&errors.ClientResponseError{}, &errors.ServerDisconnectedError{}}}, "ServerDisconnected"},
		{context.Canceled, "Canceled"},
		{context.DeadlineExceeded, "DeadlineExceeded"},
		{io.EOF, "_OTHER"},
	} {
		for _, err := range []error{tt.err, fmt.Errorf("around: %w", tt.err)} {
			if got := otelaiolos.ErrorType(err); got != tt.want {
				t.Errorf("%v: got %q, want %q", err, got, tt.want)
			}
			if got := errors.Class(err); got != tt.want && got != errors.ClassOther {
				t.Errorf("%v: the library says %q, want %q", err, got, tt.want)
			}
		}
	}
}
