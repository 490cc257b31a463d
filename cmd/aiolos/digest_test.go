package main_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// TestDigest: the library's digest authentication against another one's server.
func TestDigest(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(httpbin.New())
	defer srv.Close()
	for _, tt := range []struct {
		path, password string
		want           int
	}{
		{"/digest-auth/auth/user/secret/MD5", "secret", http.StatusOK},
		{"/digest-auth/auth/user/secret/SHA-256", "secret", http.StatusOK},
		{"/digest-auth/auth/user/secret", "secret", http.StatusOK},
		{"/digest-auth/auth/user/secret/MD5", "wrong", http.StatusUnauthorized},
	} {
		digest := middleware.Digest(middleware.DigestConfig{Login: "user", Password: tt.password})
		s, err := session.New(session.Config{Middleware: []middleware.Middleware{digest}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the nonce is used again
			resp, err := s.Get(t.Context(), srv.URL+tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.want {
				t.Errorf("%s with %q: got %d, want %d", tt.path, tt.password, resp.StatusCode, tt.want)
			}
			resp.Close()
		}
		s.Close()
	}
}
