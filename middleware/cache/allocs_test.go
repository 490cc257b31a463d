package cache_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/internal/racetest"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
)

// warmCache is a cache that holds a typical response, and a request for it.
func warmCache(tb testing.TB) (http.RoundTripper, *http.Request) {
	tb.Helper()
	body := strings.Repeat("x", 1000)
	c := cache.New(cache.Config{})
	tb.Cleanup(func() { c.Close() })
	asked := false
	rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
		if asked {
			tb.Error("the network was asked")
		}
		asked = true
		return &http.Response{
			StatusCode: 200, Proto: "HTTP/1.1", ContentLength: 1000, Request: req, Body: io.NopCloser(strings.NewReader(body)),
			Header: http.Header{
				"Cache-Control": {"private, max-age=100000000"}, "Date": {"Sat, 01 Nov 2025 00:00:00 GMT"},
				"Content-Type": {"application/json"}, "Content-Length": {"1000"}, "Etag": {`"0123456789abcdef"`},
				"Last-Modified": {"Sat, 01 Nov 2025 00:00:00 GMT"}, "Server": {"origin"}, "X-Request-Id": {"0123456789"},
			},
		}, nil
	}))
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "http://example.com/api/v1/things?page=2", nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	getHit(tb, rt, req)
	return rt, req
}

func getHit(tb testing.TB, rt http.RoundTripper, req *http.Request) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); n != 1000 || err != nil {
		tb.Fatal(n, err)
	}
	resp.Body.Close()
}

func TestHitAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	rt, req := warmCache(t)
	if got := testing.AllocsPerRun(100, func() { getHit(t, rt, req) }); got > 10 {
		t.Errorf("a hit takes %v allocations, want at most 10", got)
	}
}

// BenchmarkHit is to take at most 3 µs.
func BenchmarkHit(b *testing.B) {
	rt, req := warmCache(b)
	b.ReportAllocs()
	for b.Loop() {
		getHit(b, rt, req)
	}
}
