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
)

// Users who are told apart by other headers than Authorization do not share.
func TestCacheUsersByOtherHeaders(t *testing.T) {
	t.Parallel()
	for name, further := range map[string][]string{
		"X-Api-Key": nil, "x-api-key": nil, "X-Goog-Iap-Jwt": nil, "X-Auth-Token": nil, "X-Tenant": {"x-tenant"}, "x-tenant": {"X-Tenant"},
	} {
		origin := &namesOrigin{name: name}
		c := middleware.NewCache(middleware.CacheConfig{})
		rt := c.Wrap(origin)
		inner := middleware.Func(func(req *http.Request) (*http.Response, error) {
			return rt.RoundTrip(req.WithContext(context.WithValue(req.Context(), httprule.SensitiveKey{}, further)))
		})
		for _, user := range []string{"alice", "bob", "alice"} {
			if got := namesSend(t, inner, "GET", "http://h/", name, user); got != user {
				t.Errorf("%s: %s got the response of %q", name, user, got)
			}
		}
		if got := origin.asked.Load(); got != 2 {
			t.Errorf("%s: the server was asked %d times, want 2", name, got)
		}
		c.Close()
	}
}

// An archive is bounded by what it takes, not only by its entries.
func TestHARIsBoundedByBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit int64
		want  int
	}{{10 << 20, 9}, {0, 63}, {-1, 100}, {1000, 0}} {
		h := middleware.NewHAR(middleware.HARConfig{MaxBytes: tt.limit})
		big := strings.Repeat("x", 1<<20)
		rt := h.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"X-Big": {big}}, Body: http.NoBody}, nil
		}))
		for range 100 {
			namesSend(t, rt, "GET", "http://h/", "", "")
		}
		if got := h.Len(); got != tt.want {
			t.Errorf("limit %d: got %d entries, want %d", tt.limit, got, tt.want)
		}
	}
}

// What a session calls a secret, and every name that the documentation does, is in no
// log and no archive.
func TestSensitiveNamesAreHidden(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := middleware.NewHAR(middleware.HARConfig{})
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
