package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// slow is a server that takes a while, and calls a function with the number of
// each request.
func slow(t *testing.T, d time.Duration, at func(n int64)) string {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		at(n.Add(1))
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestBenchLive: a terminal gets a line that is redrawn, and no other stream.
func TestBenchLive(t *testing.T) {
	t.Parallel()
	url := slow(t, 150*time.Millisecond, func(int64) {})
	s := streams()
	s.ErrTTY, s.Width = true, 40
	got := run(t.Context(), s, "bench", "-n", "4", "-c", "1", url)
	if got.code != 0 || !strings.Contains(got.err, "\r1 of 4 requests") || !strings.HasSuffix(got.err, "\r\x1b[K") {
		t.Errorf("got %+v", got)
	}
	for _, line := range strings.Split(got.err, "\r") {
		if n := len(strings.TrimSuffix(line, "\x1b[K")); n >= 40 {
			t.Errorf("a line of %d characters: %q", n, line)
		}
	}
	if got := run(t.Context(), s, "bench", "-n", "2", "-c", "1", "--quiet", url); got.code != 0 || got.err != "" {
		t.Errorf("got %+v", got)
	}
}

// TestBenchInterrupted: what was measured so far is shown, and the exit code
// tells.
func TestBenchInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	url := slow(t, time.Millisecond, func(n int64) {
		if n == 5 {
			cancel()
		}
	})
	got := run(ctx, streams(), "bench", "-z", "1h", "-c", "1", url)
	if got.code != 130 || !strings.Contains(got.out, "requests in") || !strings.Contains(got.out, "200: ") {
		t.Errorf("got %+v", got)
	}
}

// TestBenchSends: every request is the one of the bare form, its body included.
func TestBenchSends(t *testing.T) {
	t.Parallel()
	var bad atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		if r.Method != http.MethodPatch || string(body[:n]) != `{"a": "b"}` || r.Header.Get("X-A") != "c" || r.URL.RawQuery != "q=1" || r.ContentLength != 10 {
			bad.Add(1)
		}
	}))
	t.Cleanup(srv.Close)
	got := run(t.Context(), streams(), "bench", "-n", "30", "-c", "3", "PATCH", srv.URL, "a=b", "X-A:c", "q==1")
	if got.code != 0 || bad.Load() > 0 || !strings.Contains(got.out, "200: 30") {
		t.Errorf("%d bad requests, %+v", bad.Load(), got)
	}
}
