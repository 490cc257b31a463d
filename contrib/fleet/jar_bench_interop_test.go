//go:build interop && linux

package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// BenchmarkInteropJar is what cookies cost: those that are known, those that are read again,
// and a response that sets one.
func BenchmarkInteropJar(b *testing.B) {
	const u = "https://a.example/"
	for name, age := range map[string]time.Duration{"known": time.Hour, "read again": -1, "set": time.Hour} {
		b.Run(name, func(b *testing.B) {
			client := redistest.Start(b).Client()
			f, err := fleet.New(fleet.Config{Redis: client})
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			j := f.Jar(fleet.JarConfig{MaxAge: age})
			j.SetCookieHeaders(parseURL(b, u), []string{"sid=31d4d96e407aad42", "lang=en"})
			client.ConfigResetStat(b.Context())
			b.ResetTimer()
			took := timeEach(b, 1, func(context.Context, int) error {
				if name == "set" {
					j.SetCookieHeaders(parseURL(b, u), []string{"sid=31d4d96e407aad42"})
				} else {
					j.Cookies(parseURL(b, u))
				}
				return nil
			})
			b.StopTimer()
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
			b.ReportMetric(float64(callsOf(client.Info(b.Context(), "commandstats").Val(), "evalsha"))/float64(b.N), "evalsha/op")
		})
	}
}
