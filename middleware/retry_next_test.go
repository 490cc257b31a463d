package middleware_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestNextAttempt: the rule of Retry, without a request.
func TestNextAttempt(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	status := func(code int, header ...string) *http.Response {
		resp := &http.Response{StatusCode: code, Header: http.Header{}}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp
	}
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		attempt int
		resp    *http.Response
		err     error
		again   bool
		least   time.Duration
	}{
		{"nothing", t.Context(), 1, nil, nil, false, 0},
		{"200", t.Context(), 1, status(200), nil, false, 0},
		{"101", t.Context(), 1, status(101), nil, false, 0},
		{"404", t.Context(), 1, status(404), nil, false, 0},
		{"501", t.Context(), 1, status(501), nil, false, 0},
		{"500", t.Context(), 1, status(500), nil, true, 0},
		{"429 with a time", t.Context(), 1, status(429, "Retry-After", "20"), nil, true, 20 * time.Second},
		{"403", t.Context(), 1, status(403), nil, false, 0},
		{"403 with a time", t.Context(), 1, status(403, "Retry-After", "20"), nil, true, 20 * time.Second},
		{"last attempt", t.Context(), 3, status(500), nil, false, 0},
		{"attempt 0 is the first", t.Context(), 0, status(500), nil, true, 0},
		{"cut", t.Context(), 1, nil, io.ErrUnexpectedEOF, true, 0},
		{"cut, as a client says it", t.Context(), 1, nil, &url.Error{Op: "Get", URL: "http://h/", Err: io.ErrUnexpectedEOF}, true, 0},
		{"certificate", t.Context(), 1, nil, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false, 0},
		{"pin", t.Context(), 1, nil, errors.ErrServerFingerprintMismatch, false, 0},
		{"invalid request", t.Context(), 1, nil, &errors.InvalidRequestError{Field: "x"}, false, 0},
		{"limit", t.Context(), 1, nil, &middleware.LimitError{Kind: middleware.ErrRateLimit}, false, 0},
		{"ended", ended, 1, nil, io.ErrUnexpectedEOF, false, 0},
	} {
		wait, again := middleware.RetryPolicy{}.NextAttempt(tt.ctx, tt.attempt, tt.resp, tt.err)
		if again != tt.again || wait < tt.least || wait > 30*time.Second {
			t.Errorf("%s: got %v, %v, want %v, at least %v", tt.name, wait, again, tt.again, tt.least)
		}
	}
}
