package cli_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bigFile makes a file of n bytes.
func bigFile(t *testing.T, n int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "big\u202e.bin")
	if err := os.WriteFile(name, bytes.Repeat([]byte("x"), n), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPutProgress: a bar moves on a terminal, and only there, and names come out
// harmless.
func TestPutProgress(t *testing.T) {
	t.Parallel()
	const size = 3 << 20
	file := bigFile(t, size)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if n != size || err != nil || r.ContentLength != size {
			t.Errorf("%d bytes came, %v", n, err)
		}
		if r.URL.Path == "/again" {
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(srv.Close)
	for _, tt := range displays {
		for _, path := range []string{"/", "/again"} {
			s := streams()
			s.ErrTTY = tt.tty
			url := srv.URL + path
			if path == "/" {
				url += "x"
			}
			got := run(t.Context(), s, append([]string{"put", "--color=never", url, file}, tt.args...)...)
			if got.code != 0 || strings.Contains(got.err, "\x1b[") != tt.moving || strings.Contains(got.err, "\u202e") {
				t.Errorf("%s %s: got %+v, want something that moves: %v", tt.name, path, got, tt.moving)
			}
			if tt.name != "quiet" && !strings.Contains(got.err, `3.1 MB of `) {
				t.Errorf("%s %s: got %q, want the size", tt.name, path, got.err)
			}
		}
	}
}

func TestPutInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 1000))
		cancel()
		_, _ = io.Copy(io.Discard, r.Body) // ends with the connection
	}))
	t.Cleanup(srv.Close)
	got := run(ctx, streams(), "put", srv.URL+"/x", bigFile(t, 32<<20))
	if got.code != 130 || !strings.Contains(got.err, "cannot be resumed") || !strings.HasSuffix(got.err, "aiolos: interrupted\n") {
		t.Errorf("got %+v", got)
	}
}
