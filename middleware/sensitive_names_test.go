package middleware_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/har"
)

// What a session calls a secret, and every name that the documentation does, is in no
// log and no archive.
func TestSensitiveNamesAreHidden(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := har.New(har.Config{})
	answer := middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{
			"refresh": {"0; url=https://h/?k=canary"}, "Uri": {"/?canary"}, "x-tenant": {"canary"}, "DPoP-Nonce": {"canary"},
		}}, nil
	})
	rt := middleware.Chain(answer, h.Wrap, middleware.Log(middleware.LogConfig{Handler: slog.NewTextHandler(&log, nil), Headers: true}))
	ctx := context.WithValue(t.Context(), httprule.SensitiveKey{}, []string{"X-Tenant"})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://h/", nil)
	for _, name := range []string{"X-TENANT", "dpop", "X-Some-Key", "x-goog-iap-jwt"} {
		req.Header[name] = []string{"canary"}
	}
	req.Header.Set("Idempotency-Key", "shown")
	if _, err := rt.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	if _, err := h.WriteTo(&archive); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"log": log.String(), "archive": archive.String()} {
		if strings.Contains(text, "canary") || !strings.Contains(text, "shown") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}
