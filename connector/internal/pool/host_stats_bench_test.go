package pool_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

// BenchmarkHostStats is a look at many hosts with one idle connection each.
func BenchmarkHostStats(b *testing.B) {
	for _, hosts := range []int{100, 10_000} {
		b.Run(strconv.Itoa(hosts), func(b *testing.B) {
			p := newPool(b, pool.Config[string]{KeepAlive: time.Hour})
			for i := range hosts {
				key := strconv.Itoa(i)
				var ticket pool.Ticket
				g, ok, err := p.TryAcquire(key, &ticket, time.Now(), false)
				if !ok || err != nil {
					b.Fatal(ok, err)
				}
				c := &conn{pool: p.Pool, host: g.Host, key: key, id: i}
				if err := p.Adopt(g.Host, c, false); err != nil {
					b.Fatal(err)
				}
				c.release(true)
			}
			for b.Loop() {
				p.HostStats()
			}
		})
	}
}
