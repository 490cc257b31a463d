package cli_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
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
	if got.code != 0 || !strings.Contains(got.err, " of 4 requests, ") || !strings.HasSuffix(got.err, "\r\x1b[K") {
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

// TestBenchLiveView: it tells the rate, the latency and what is in flight, of the
// warm-up too.
func TestBenchLiveView(t *testing.T) {
	t.Parallel()
	url := slow(t, 100*time.Millisecond, func(int64) {})
	s := streams()
	s.ErrTTY, s.Width = true, 200
	got := run(t.Context(), s, "bench", "-n", "12", "-c", "2", "--warm-up", "400ms", url)
	if got.code != 0 || !strings.HasPrefix(got.out, "12 requests in ") {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{
		`\rwarm-up: \d+ requests, \d+ req/s, p50 \d+ ms, p99 \d+ ms, \d in flight, \d+ ms of 400 ms\x1b\[K`,
		`\r\d+ of 12 requests, \d+ req/s, p50 \d+ ms, p99 \d+ ms, \d in flight, 0 errors, \d+ ms\x1b\[K`,
	} {
		if !regexp.MustCompile(want).MatchString(got.err) {
			t.Errorf("no line is like %s: %q", want, got.err)
		}
	}
}

// TestBenchLiveNarrow: what there is no room for is left out, and no number is cut.
func TestBenchLiveNarrow(t *testing.T) {
	t.Parallel()
	url := slow(t, 100*time.Millisecond, func(int64) {})
	for width, want := range map[int]string{
		80: `\r\d requests, \d+ req/s(, p50 \d+ ms)?, p99 \d+ ms, 0 errors, \d+ ms of 1.00 s\x1b\[K`,
		40: `\r\d requests, \d+ req/s, \d+ ms of 1.00 s\x1b\[K`,
		20: `\r\d requests\x1b\[K`,
		5:  `\r\x1b\[K`,
	} {
		s := streams()
		s.ErrTTY, s.Width = true, width
		got := run(t.Context(), s, "bench", "-z", "1s", "-c", "2", url)
		if got.code != 0 || !regexp.MustCompile(want).MatchString(got.err) {
			t.Errorf("%d columns: no line is like %s: %q", width, want, got.err)
		}
		for _, line := range regexp.MustCompile(`\r[^\r\x1b]*`).FindAllString(got.err, -1) {
			if len(line) > width {
				t.Errorf("%d columns: %q", width, line)
			}
		}
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

// TestBenchCorrected: a server that stalls once, for half a second, is charged with
// the requests that were due meanwhile, over the wire too: 100 of 200, for there is
// one connection. What else the machine does only adds to their times.
func TestBenchCorrected(t *testing.T) {
	t.Parallel()
	const stall = 500 * time.Millisecond
	srv := httptest.NewServer(stalling(20, stall))
	t.Cleanup(srv.Close)
	got := run(t.Context(), streams(), "bench", "-n", "200", "-q", "200", "-c", "1", "--json", srv.URL)
	var r struct {
		Requests, Errors int64
		P90, P99, Max    float64
		Target           float64 `json:"target_rate"`
		ServiceP90       float64 `json:"uncorrected_p90"`
		ServiceMax       float64 `json:"uncorrected_max"`
	}
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.code != 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	if r.Requests != 200 || r.Errors != 0 || r.Target != 200 {
		t.Errorf("got %+v", r)
	}
	// A hundred were due in the stall, evenly: 20 of 200 waited for at least four
	// fifths of it.
	if r.P90 < 350 || r.P99 < 450 || r.Max < 500 {
		t.Errorf("corrected: got p90 %v, p99 %v, max %v ms, want at least 350, 450, 500", r.P90, r.P99, r.Max)
	}
	// Without the correction a single request is slow.
	if r.ServiceMax < 500 || r.ServiceP90 > r.P90/2 {
		t.Errorf("uncorrected: got p90 %v, max %v ms, and corrected %v, %v", r.ServiceP90, r.ServiceMax, r.P90, r.Max)
	}
}

// stalling is a server that takes a while for one request, by its number.
func stalling(which int64, d time.Duration) http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if n.Add(1) != which {
			return
		}
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
	})
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

// TestBenchDigest: it would be a measurement of 401, which nobody wants.
func TestBenchDigest(t *testing.T) {
	t.Parallel()
	got := run(t.Context(), streams(), "bench", "-n", "1", "-A", "digest", "-a", "u:p", "http://h.example/")
	if got.code != 2 || !strings.Contains(got.err, "-A digest") {
		t.Errorf("got %+v, want a usage error", got)
	}
}
