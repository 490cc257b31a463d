package connector_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector"
)

// rivals are the ways to a server of HTTP/2 that are compared.
func rivals(b *testing.B, srv *h2Server) (names []string, do []func(*http.Request) (*http.Response, error)) {
	b.Helper()
	cfg := srv.config()
	cfg.Limit = -1
	c, err := connector.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	bare := bareTransport(b, srv)
	client := &http.Client{Transport: bareTransport(b, srv)}
	return []string{"connector", "transport", "client"},
		[]func(*http.Request) (*http.Response, error){c.RoundTrip, bare.RoundTrip, client.Do}
}

// burst sends n requests at the same time.
func burst(b *testing.B, do func(*http.Request) (*http.Response, error), ctx context.Context, n int, url string) { //nolint:revive // the test comes first
	b.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
			if err != nil {
				b.Error(err)
				return
			}
			resp, err := do(req)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		})
	}
	wg.Wait()
}

// BenchmarkH2 is a small GET on a kept connection.
func BenchmarkH2(b *testing.B) {
	srv := newH2Server(b, h2Options{}, okHandler)
	names, do := rivals(b, srv)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i, name := range names {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				burst(b, do[i], ctx, 1, srv.url)
			}
		})
	}
}

// BenchmarkH2Burst is a thousand requests at a time by clients that have no
// connection yet.
func BenchmarkH2Burst(b *testing.B) {
	srv := newH2Server(b, h2Options{}, okHandler)
	var took [3][]float64
	var names []string
	for round := 0; b.Loop(); round++ {
		var do []func(*http.Request) (*http.Response, error)
		names, do = rivals(b, srv)
		for i := range do {
			i = (i + round) % len(do)
			start := time.Now()
			burst(b, do[i], b.Context(), 1000, srv.url)
			took[i] = append(took[i], float64(time.Since(start)))
		}
	}
	for i, name := range names {
		slices.Sort(took[i])
		b.ReportMetric(took[i][len(took[i])/2]/1e6, "ms-"+name)
	}
}

// BenchmarkH2Ratio compares the rivals in rounds that take turns, so that what
// else the machine does hurts all of them alike. It reports the median of the
// connector's time over that of the others.
func BenchmarkH2Ratio(b *testing.B) {
	for _, load := range []struct {
		name          string
		n, concurrent int
	}{{"one", 500, 1}, {"thousand", 10, 1000}} {
		b.Run(load.name, func(b *testing.B) {
			srv := newH2Server(b, h2Options{}, okHandler)
			names, do := rivals(b, srv)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			took := make([]time.Duration, len(do))
			ratios := make([][]float64, len(do))
			round := 0
			for b.Loop() {
				for i := range do {
					i = (i + round) % len(do)
					start := time.Now()
					for range load.n {
						burst(b, do[i], ctx, load.concurrent, srv.url)
					}
					took[i] = time.Since(start)
				}
				for i := range do {
					ratios[i] = append(ratios[i], float64(took[0])/float64(took[i]))
				}
				round++
			}
			for i, name := range names[1:] {
				slices.Sort(ratios[i+1])
				b.ReportMetric(ratios[i+1][len(ratios[i+1])/2], "of-"+name)
			}
		})
	}
}
