//go:build interop && linux

package fleet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// BenchmarkInteropRateLimit is what a request costs that need not wait: its median, what
// Redis was asked (evalsha), and what its scripts did. What it is compared with is a PING.
func BenchmarkInteropRateLimit(b *testing.B) {
	const many = 1e9 // no request has to wait
	for _, bb := range []struct {
		name  string
		cfg   fleet.RateLimitConfig
		hosts int
		at    int
	}{
		{"total", fleet.RateLimitConfig{Rate: many, Burst: many}, 1, 1},
		{"per host", fleet.RateLimitConfig{PerHost: many, BurstPerHost: many}, 1, 1},
		{"both", fleet.RateLimitConfig{Rate: many, Burst: many, PerHost: many, BurstPerHost: many}, 1, 1},
		{"both, 50 at a time", fleet.RateLimitConfig{Rate: many, Burst: many, PerHost: many, BurstPerHost: many}, 1, 50},
		{"both, 50 at a time, 50 hosts", fleet.RateLimitConfig{Rate: many, Burst: many, PerHost: many, BurstPerHost: many}, 50, 50},
	} {
		b.Run(bb.name, func(b *testing.B) {
			client := redistest.Start(b).Client()
			f, err := fleet.New(fleet.Config{Redis: client})
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			l := f.RateLimit(bb.cfg)
			send(b.Context(), b, l, "http://warm/") // the script is loaded
			client.ConfigResetStat(b.Context())
			b.ResetTimer()
			took := timeEach(b, bb.at, func(ctx context.Context, i int) error {
				return send(ctx, b, l, fmt.Sprintf("http://h%d/", i%bb.hosts))
			})
			b.StopTimer()
			stats := client.Info(b.Context(), "commandstats").Val()
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
			for _, name := range []string{"evalsha", "time", "hmget", "get", "set", "hset", "pexpire"} {
				b.ReportMetric(float64(callsOf(stats, name))/float64(b.N), name+"/op")
			}
			if bb.at == 1 {
				pings := timeEach(b, 1, func(ctx context.Context, _ int) error { return client.Ping(ctx).Err() })
				b.ReportMetric(float64(pings[len(pings)/2].Nanoseconds())/1000, "ping-p50-µs")
			}
		})
	}
}

// timeEach does it b.N times, so many at a time, and returns the durations in order.
func timeEach(b *testing.B, at int, do func(ctx context.Context, i int) error) []time.Duration {
	b.Helper()
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	for first := range at {
		wg.Go(func() {
			for i := first; i < b.N; i += at {
				began := time.Now()
				if err := do(b.Context(), i); err != nil {
					b.Error(err)
				}
				took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// callsOf is how often a command was called, as INFO commandstats has it.
func callsOf(stats, name string) (n int) {
	if _, rest, ok := strings.Cut(stats, "cmdstat_"+name+":calls="); ok {
		fmt.Sscan(rest, &n) // 0: it was not
	}
	return n
}
