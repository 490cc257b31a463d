package pool_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// TestAllocs: a request that finds a connection, or a stream, allocates nothing.
func TestAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	for _, multiplexed := range []bool{false, true} {
		p := newPool(t, pool.Config[string]{
			Limit: 100, PerHost: 10, MaxIdle: 50, KeepAlive: time.Minute, MaxAge: time.Hour, MayMultiplex: anyHost,
		})
		c := p.connect(p.grant("h", false), multiplexed)
		p.SetStreams(c, 5)
		if !multiplexed {
			c.release(true)
		}
		now := time.Now()
		if got := testing.AllocsPerRun(100, func() { useIdle(t, p, "h", now) }); got != 0 {
			t.Errorf("multiplexed %v: got %v allocations, want 0", multiplexed, got)
		}
		p.Close()
	}
}

func useIdle(tb testing.TB, p testPool, host string, now time.Time) {
	var ticket pool.Ticket
	g, ok, err := p.TryAcquire(host, &ticket, now, false)
	for !ok && err == nil { // it is being checked, which the sweep does once a second
		runtime.Gosched()
		g, ok, err = p.TryAcquire(host, &ticket, now, false)
	}
	if err != nil || g.Conn == nil || !p.Release(g.Conn, true, now) {
		tb.Fatal("no connection")
	}
}

// TestDialAllocs: a dial that is noted allocates nothing.
func TestDialAllocs(t *testing.T) {
	if racetest.Enabled {
		t.Skip("the race detector allocates")
	}
	p := newPool(t, pool.Config[string]{})
	var d pool.Dial
	if got := testing.AllocsPerRun(100, func() {
		if err := p.StartDial(&d, nil); err != nil {
			t.Fatal(err)
		}
		p.EndDial(&d)
	}); got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// BenchmarkAcquireRelease shows that the cost does not grow with the hosts.
func BenchmarkAcquireRelease(b *testing.B) {
	for _, hosts := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprint("hosts=", hosts), func(b *testing.B) {
			p := newPool(b, pool.Config[string]{Limit: 100, PerHost: 10, MaxIdle: 2 * hosts, KeepAlive: time.Minute})
			for i := range hosts {
				p.take(fmt.Sprint("host", i)).release(true)
			}
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				useIdle(b, p, "host0", now)
			}
		})
	}
}

// BenchmarkStreams is the same for a stream of a connection in use, beside others
// all whose streams are taken.
func BenchmarkStreams(b *testing.B) {
	for _, conns := range []int{1, 100} {
		b.Run(fmt.Sprint("conns=", conns), func(b *testing.B) {
			p := newPool(b, pool.Config[string]{MayMultiplex: anyHost})
			for i := range conns {
				c := p.connect(p.grant("h", false), true)
				p.SetStreams(c, 1)
				if i == conns-1 {
					p.SetStreams(c, 2)
				}
			}
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				useIdle(b, p, "h", now)
			}
		})
	}
}

// BenchmarkHandOver passes one slot on between as many hosts that wait.
func BenchmarkHandOver(b *testing.B) {
	for _, hosts := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint("hosts=", hosts), func(b *testing.B) {
			p := newPool(b, pool.Config[string]{Limit: 1})
			first := p.take("first")
			for i := range hosts {
				go func() {
					for {
						c, err := p.acquire(b.Context(), fmt.Sprint("host", i))
						if err != nil || !c.release(true) {
							return
						}
					}
				}()
			}
			for p.Stats().Waiting < hosts {
				runtime.Gosched()
			}
			before := p.Stats()
			first.release(true)
			for b.Loop() {
				c, err := p.acquire(b.Context(), "first")
				if err != nil {
					b.Fatal(err)
				}
				c.release(true)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(p.Stats().Reused-before.Reused+1), "ns/slot")
		})
	}
}
