//go:build interop && linux

package fleet_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/contrib/fleet/internal/redistest"
)

// BenchmarkCache is what a request takes through the cache, with an origin that answers at
// once, by the size of the body.
func BenchmarkCache(b *testing.B) {
	client := redistest.Start(b).Client()
	f, err := fleet.New(fleet.Config{Redis: client, Timeout: 10 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1_000, 64 << 10, 1 << 20} {
		c := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{}), OnError: func(err error) { b.Error(err) }})
		defer c.Close()
		body := strings.Repeat("x", size)
		rt := c.Wrap(middleware.Func(func(req *http.Request) (*http.Response, error) {
			return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=10000"}, "Content-Type": {"text/plain"}}, body).RoundTrip(req)
		}))
		n := 0
		for _, kind := range []string{"hit", "miss"} {
			b.Run(kind+"/"+strconv.Itoa(size), func(b *testing.B) {
				b.ReportAllocs()
				var took []time.Duration
				url := "http://h/" + strconv.Itoa(size)
				if _, err := sendGet(b.Context(), rt, url); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if kind == "miss" {
						n++
						url = "http://h/" + strconv.Itoa(size) + "/" + strconv.Itoa(n)
					}
					start := time.Now()
					if got, err := sendGet(b.Context(), rt, url); err != nil || len(got) != size {
						b.Fatal(len(got), err)
					}
					took = append(took, time.Since(start))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			})
		}
	}
}
