package pool_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

// server is what a host's dials meet.
type server struct {
	streams  int // 0: it has no HTTP/2
	dial     time.Duration
	settings time.Duration
	use      time.Duration // what a request takes
	dials    atomic.Int32
}

// fetch is a request to a server; it returns when it was served.
func (p testPool) fetch(s *server, host string) {
	g, err := p.Acquire(p.t.Context(), host, new(pool.Ticket), time.Now(), false)
	if err != nil {
		p.t.Error(err)
		return
	}
	c, _ := g.Conn.(*conn)
	if c == nil {
		s.dials.Add(1)
		time.Sleep(s.dial)
		if c, err = p.dial(g, s.streams > 0); err != nil {
			p.t.Error(err)
			return
		}
		if s.streams > 0 {
			time.AfterFunc(s.settings, func() { p.SetStreams(c, s.streams) })
		}
	}
	time.Sleep(s.use)
	c.release(true)
}

// TestBurst: a burst to a host takes as few connections as its streams allow; each
// request takes a slot.
func TestBurst(t *testing.T) {
	t.Parallel()
	cases := []struct{ streams, requests, conns int }{
		{1, 12, 12},
		{10, 64, 7},
		{100, 250, 3},
		{250, 1000, 4},
		{0, 40, 40}, // HTTP/1
	}
	for _, tt := range cases {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
				s := &server{streams: tt.streams, dial: time.Second, settings: 100 * time.Millisecond, use: time.Hour}
				for range tt.requests {
					go p.fetch(s, "h")
				}
				time.Sleep(time.Minute)
				if st := p.Stats(); st.InUse != tt.requests || st.Waiting != 0 || int(s.dials.Load()) != tt.conns {
					t.Errorf("%+v, %d dials, want %d", st, s.dials.Load(), tt.conns)
				}
				time.Sleep(2 * time.Hour)
				if st := p.Stats(); st.InUse != 0 || st.Idle != tt.conns {
					t.Errorf("%+v in the end", st)
				}
			})
		})
	}
}

// TestStreamsTakeSlots of both limits.
func TestStreamsTakeSlots(t *testing.T) {
	t.Parallel()
	for _, cfg := range []pool.Config[string]{{Limit: 3}, {PerHost: 3}} {
		synctest.Test(t, func(t *testing.T) {
			cfg.MayMultiplex = anyHost
			p := newPool(t, cfg)
			c := p.connect(p.grant("h", false), true)
			p.SetStreams(c, 10)
			for range 2 {
				if g := p.grant("h", false); g.Conn != c {
					t.Fatal("no stream")
				}
			}
			p.refuse("h", false)
			w := p.wait("h", false)
			w.stays()
			c.release(true)
			if g := w.got(); g.Conn != c {
				t.Error("not the stream that was free")
			}
			if st := p.Stats(); st.InUse != 3 || st.Opened != 1 {
				t.Errorf("%+v", st)
			}
			// Its end frees the slots of all its streams, once.
			c.Close()
			if st := p.Stats(); st.InUse != 0 || st.Hosts != 0 {
				t.Errorf("%+v", st)
			}
			c.release(true)
			c.release(false)
			if st := p.Stats(); st.InUse != 0 || st.Closed != 1 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// tally counts requests, and keeps the longest.
type tally struct {
	mu    sync.Mutex
	n     int
	worst time.Duration
}

func (t *tally) add(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
	t.worst = max(t.worst, took)
}

// TestFairness: sixty workers on a host of HTTP/2 with three streams do not keep the
// four workers of another host waiting. Those have the slot that the many may not
// have, or if all may have all, their turn after who came before.
func TestFairness(t *testing.T) {
	t.Parallel()
	const use = 100 * time.Millisecond
	cases := []struct {
		name      string
		perHost   int
		few, many time.Duration // the longest that a request may take
	}{
		{"a slot is left", 3, 4*use + use/2, 60/3*use + 2*use},
		{"all compete", 0, 64/4*use + 2*use, 64/4*use + 2*use},
	}
	for _, tt := range cases {
		for _, streams := range []int{3, 0} {
			t.Run(fmt.Sprint(tt.name, ", streams=", streams), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := newPool(t, pool.Config[string]{Limit: 4, PerHost: tt.perHost, MayMultiplex: anyHost})
					many, few := &tally{}, &tally{}
					var workers sync.WaitGroup
					end := time.Now().Add(time.Minute)
					work := func(s *server, host string, t *tally) {
						for time.Now().Before(end) {
							start := time.Now()
							p.fetch(s, host)
							t.add(time.Since(start))
						}
					}
					for range 60 {
						workers.Go(func() { work(&server{streams: streams, settings: time.Millisecond, use: use}, "many", many) })
					}
					synctest.Wait()
					for range 4 {
						workers.Go(func() { work(&server{use: use}, "few", few) })
					}
					workers.Wait()
					if few.worst > tt.few || few.n < 4*int(55*time.Second/tt.few) {
						t.Errorf("the few: %d requests, the slowest took %v, want %v", few.n, few.worst, tt.few)
					}
					if many.worst > tt.many || many.n < 60*int(55*time.Second/tt.many) {
						t.Errorf("the many: %d requests, the slowest took %v, want %v", many.n, many.worst, tt.many)
					}
				})
			})
		}
	}
}

// TestStreamsInTurn: a free stream goes to who has waited longest, though a request
// to its own host has come later.
func TestStreamsInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 2, MayMultiplex: func(k string) bool { return k == "mux" }})
		c := p.connect(p.grant("mux", false), true)
		p.SetStreams(c, 2)
		p.grant("mux", false)
		other, same := p.wait("other", false), p.wait("mux", false)
		c.release(true)
		same.stays()
		p.connect(other.got(), false).release(true)
		if g := same.got(); g.Conn != c {
			t.Error("the stream was not shared")
		}
	})
}
