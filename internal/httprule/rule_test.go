package httprule_test

import (
	"context"
	stderrors "errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

func TestIdempotent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method string
		header http.Header
		want   bool
	}{
		{"", nil, true},
		{"GET", nil, true},
		{"HEAD", nil, true},
		{"OPTIONS", nil, true},
		{"TRACE", nil, true},
		{"PUT", nil, true},
		{"DELETE", nil, true},
		{"QUERY", nil, true},
		{"POST", nil, false},
		{"PATCH", nil, false},
		{"CONNECT", nil, false},
		{"get", nil, false},
		{"POST", http.Header{"Idempotency-Key": {"1"}}, true},
		{"POST", http.Header{"X-Idempotency-Key": {"1"}}, true},
		{"POST", http.Header{"idempotency-key": {"1"}}, true},
		{"POST", http.Header{"x-idempotency-key": {"1"}}, true},
		{"POST", http.Header{"Idempotency-Key": nil}, true},
		{"POST", http.Header{"X-Key": {"1"}}, false},
	} {
		if got := httprule.Idempotent(&http.Request{Method: tt.method, Header: tt.header}); got != tt.want {
			t.Errorf("%q %v: got %v, want %v", tt.method, tt.header, got, tt.want)
		}
	}
}

var errShutdown = stderrors.New("shutting down")

func TestContextError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		cause error
		want  []error
		text  string
	}{
		{"no cause", nil, []error{context.Canceled}, "context canceled"},
		{"its own error", context.Canceled, []error{context.Canceled}, "context canceled"},
		{"another", errShutdown, []error{context.Canceled, errShutdown}, "context canceled: shutting down"},
		{
			"one that wraps it", fmt.Errorf("%w: %w", errShutdown, context.Canceled),
			[]error{context.Canceled, errShutdown},
			"shutting down: context canceled",
		},
		{
			"several lines", stderrors.Join(errShutdown, stderrors.New("now")),
			[]error{context.Canceled, errShutdown},
			"context canceled: shutting down; now",
		},
		{
			"several lines that wrap it", stderrors.Join(context.Canceled, errShutdown),
			[]error{context.Canceled, errShutdown},
			"context canceled; shutting down",
		},
		{
			"the other error", context.DeadlineExceeded,
			[]error{context.Canceled, context.DeadlineExceeded},
			"context canceled: context deadline exceeded",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			if err := httprule.ContextError(ctx); err != nil {
				t.Errorf("before its end: got %v", err)
			}
			cancel(tt.cause)
			err := httprule.ContextError(ctx)
			for _, want := range tt.want {
				if !stderrors.Is(err, want) {
					t.Errorf("got %v, want it to be %v", err, want)
				}
			}
			if err.Error() != tt.text {
				t.Errorf("got %q, want %q", err, tt.text)
			}
			if len(tt.want) == 1 && err != tt.want[0] {
				t.Errorf("got %#v, want the plain error", err)
			}
		})
	}
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithDeadlineCause(t.Context(), time.Unix(0, 0), errShutdown)
		defer cancel()
		if err := httprule.ContextError(ctx); !stderrors.Is(err, context.DeadlineExceeded) || !stderrors.Is(err, errShutdown) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTokenAndValue(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		s := string([]byte{'a', byte(c), 'b'})
		if got, want := httprule.IsToken(s), httpguts.ValidHeaderFieldName(s); got != want {
			t.Errorf("IsToken(%q): got %v, want %v", s, got, want)
		}
		if got, want := httprule.IsValue(s), httpguts.ValidHeaderFieldValue(s); got != want {
			t.Errorf("IsValue(%q): got %v, want %v", s, got, want)
		}
	}
	if httprule.IsToken("") || !httprule.IsValue("") {
		t.Error("the empty string is no token, and a value")
	}
}

func TestBasicAuth(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, // RFC 7617 2
		{"test", "123£", "Basic dGVzdDoxMjPCow=="},                       // RFC 7617 2.1
		{"", "", "Basic Og=="},
	} {
		if got := httprule.BasicAuth(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%q: got %q, want %q", tt[:2], got, tt[2])
		}
	}
}
