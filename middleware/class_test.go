package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestClassOfPolicies: what a policy says has the class of its reason, and what it passes
// on that of the cause; of several failures the last one counts.
func TestClassOfPolicies(t *testing.T) {
	t.Parallel()
	failed := func(errs ...error) error { return &middleware.RetryError{Attempts: len(errs), Errs: errs} }
	status, reset := &errors.ClientResponseError{Status: 503}, &errors.ServerDisconnectedError{}
	silent := &errors.TimeoutError{Kind: errors.ErrSocketTimeout}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"rate limit", &middleware.LimitError{Kind: middleware.ErrRateLimit}, "RateLimit"},
		{"concurrency", &middleware.LimitError{Kind: middleware.ErrConcurrency}, "Concurrency"},
		{"open circuit", &middleware.LimitError{Kind: middleware.ErrCircuitOpen}, "CircuitOpen"},
		{"a limit of somebody's", &middleware.LimitError{Kind: io.ErrNoProgress}, "Client"},
		{"no backend", &middleware.NoBackendError{Backends: 2}, "NoBackend"},
		{"no list of backends", &middleware.NoBackendError{Err: io.EOF}, "NoBackend"},
		{"no record of backends", &middleware.NoBackendError{Err: &net.DNSError{}}, "ClientConnectorDNS"},
		{"a backend's", &middleware.BackendError{Err: silent}, "SocketTimeout"},
		{"no token", &middleware.TokenError{Err: io.EOF}, "Token"},
		{"no token in time", &middleware.TokenError{Err: silent}, "SocketTimeout"},
		{"no token, cancelled", &middleware.TokenError{Err: context.Canceled}, "Canceled"},
		{"retry, no failure", failed(), "Client"},
		{"retry, a status at first", failed(status, reset), "ServerDisconnected"},
		{"retry, a status at last", failed(silent, status), "ClientResponse"},
		{"retry, cancelled", failed(status, context.Canceled), "Canceled"},
		{"retry, refused at last", failed(reset, &middleware.LimitError{Kind: middleware.ErrCircuitOpen}), "CircuitOpen"},
		{"retry in retry", failed(reset, failed(status, silent)), "SocketTimeout"},
		{"retry of a token", failed(silent, &middleware.TokenError{Err: failed(silent, status)}), "ClientResponse"},
	} {
		for _, err := range []error{tt.err, errors.Wrap("GET", nil, tt.err), fmt.Errorf("around: %w", tt.err)} {
			if got := errors.Class(err); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
			if !errors.Is(err, errors.ErrClient) {
				t.Errorf("%s: not a client's error", tt.name)
			}
		}
	}
}
