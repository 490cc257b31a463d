package middleware_test

import (
	stderrors "errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
)

// retryQuiet answers without allocating.
func retryQuiet() http.RoundTripper {
	resp := &http.Response{StatusCode: 200, Body: http.NoBody, Header: http.Header{}}
	return middleware.Func(func(*http.Request) (*http.Response, error) { return resp, nil })
}

func TestRetryAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	req := newRequest(t, "GET", "http://h/", nil)
	for name, tt := range map[string]struct {
		rt  http.RoundTripper
		max float64
	}{
		"empty chain": {middleware.Chain(retryQuiet()), 0},
		"Retry":       {middleware.Retry(middleware.RetryPolicy{})(retryQuiet()), 2},
	} {
		if got := testing.AllocsPerRun(100, func() { _, _ = tt.rt.RoundTrip(req) }); got > tt.max {
			t.Errorf("%s: got %v allocations, want at most %v", name, got, tt.max)
		}
	}
}

// TestRetryUpload sends a file of 64 MiB three times, and needs no memory for it.
func TestRetryUpload(t *testing.T) {
	const size = 64 << 20
	file, err := os.Create(filepath.Join(t.TempDir(), "sparse"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		t.Skipf("no sparse files: %v", err)
	}
	req := newRequest(t, "PUT", "http://h/", io.NewSectionReader(file, 0, size))
	req.ContentLength = size
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, 0, size)), nil }

	buf := make([]byte, 1<<20)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var sent, heap uint64
	failing := middleware.Func(func(req *http.Request) (*http.Response, error) {
		defer req.Body.Close()
		for {
			n, err := req.Body.Read(buf)
			sent += uint64(n)
			if stderrors.Is(err, io.EOF) {
				break
			}
		}
		runtime.ReadMemStats(&now)
		heap = max(heap, now.TotalAlloc)
		return nil, errStub
	})
	rt := middleware.Retry(middleware.RetryPolicy{MinWait: time.Nanosecond})(failing)
	if _, err := rt.RoundTrip(req); !stderrors.Is(err, errStub) {
		t.Errorf("got %v", err)
	}
	if sent != 3*size {
		t.Errorf("got %d bytes, want %d", sent, int64(3*size))
	}
	if grown := heap - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("allocated %d bytes, want less than 4 MiB", grown)
	}
}

func BenchmarkRetry(b *testing.B) {
	rt := middleware.Retry(middleware.RetryPolicy{})(retryQuiet())
	req := newRequest(b, "GET", "http://h/", nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = rt.RoundTrip(req)
	}
}
