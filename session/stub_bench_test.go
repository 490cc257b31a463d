package session_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"
)

// stubBody is a body in memory that can be read again and again.
type stubBody struct{ strings.Reader }

func (b *stubBody) Close() error { return nil }

// newStub is a RoundTripper that costs nothing: what is measured over it is what
// stands above. Its response is the same each time, so that there can be one
// request at a time.
func newStub() http.RoundTripper {
	body, resp := &stubBody{}, &http.Response{}
	header := http.Header{"Content-Type": {"text/plain"}, "Date": {"Sat, 21 Nov 2026 00:00:00 GMT"}}
	text := strings.Repeat("x", 64)
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		body.Reset(text)
		*resp = http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: body, ContentLength: int64(len(text)), Request: req,
		}
		return resp, nil
	})
}

const stubURL = "http://stub.example/path?q=1"

// overStub is a session with everything on that can be had without a Connector.
func overStub(t testing.TB, opts ...session.Option) func(ctx context.Context) {
	t.Helper()
	s, err := session.New(session.Config{
		Transport: newStub(), Timeout: session.ClientTimeout{Total: 5 * time.Minute}, Options: opts,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return func(ctx context.Context) {
		resp, err := s.Get(ctx, stubURL)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != 64 || err != nil {
			t.Fatal(n, err)
		}
		resp.Close()
	}
}

// clientOverStub is the same by hand with net/http.
func clientOverStub(t testing.TB, timeout time.Duration) func(ctx context.Context) {
	t.Helper()
	c := &http.Client{Transport: newStub(), Timeout: timeout, Jar: jar.New(jar.Config{})}
	return func(ctx context.Context) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, stubURL, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != 64 || err != nil {
			t.Fatal(n, err)
		}
		resp.Body.Close()
	}
}

func BenchmarkStub(b *testing.B) {
	for _, bench := range []struct {
		name string
		get  func(context.Context)
	}{
		{"session", overStub(b)},
		{"client", clientOverStub(b, 5*time.Minute)},
		{"client/no timeout", clientOverStub(b, 0)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.get(context.Background())
			}
		})
	}
}

// BenchmarkStubRatio compares the two in rounds that follow each other, because
// a machine is not equally fast all the time.
func BenchmarkStubRatio(b *testing.B) {
	ours, theirs, bare := overStub(b), clientOverStub(b, 5*time.Minute), clientOverStub(b, 0)
	var ratios, bares []float64
	const n = 2000
	round := func(get func(context.Context)) float64 {
		start := time.Now()
		for range n {
			get(context.Background())
		}
		return float64(time.Since(start))
	}
	for b.Loop() {
		a, c, d := round(ours), round(theirs), round(bare)
		ratios, bares = append(ratios, a/c), append(bares, a/d)
	}
	slices.Sort(ratios)
	slices.Sort(bares)
	b.ReportMetric(ratios[len(ratios)/2], "×client")
	b.ReportMetric(bares[len(bares)/2], "×client/no-timeout")
}
