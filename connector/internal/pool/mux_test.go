package pool_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
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

// TestFirstDial goes wrong, in the ways in which it can. Nobody waits for what does
// not come.
func TestFirstDial(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		failed bool
		dials  int // of two who have waited
	}{{"fails", true, 2}, {"is cancelled", false, 1}}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
				first := p.grant("h", false)
				waiting := []*pending{p.wait("h", false), p.wait("h", true)}
				for _, w := range waiting {
					w.stays()
				}
				p.Forfeit(first.Host, tt.failed)
				dials := 0
				for _, w := range waiting {
					if w.isDone() {
						dials++
					}
				}
				if dials != tt.dials {
					t.Errorf("%d dials, want %d", dials, tt.dials)
				}
				c := p.connect(waiting[0].got(), true)
				if tt.failed { // the other one dials for itself
					p.connect(waiting[1].got(), true).release(true)
				} else {
					p.SetStreams(c, 2)
					if g := waiting[1].got(); g.Conn != c {
						t.Error("no stream")
					}
					c.release(true)
				}
				c.release(true)
			})
		})
	}
}

// TestSettingsLate: who waits for the settings waits for a second, and then dials.
func TestSettingsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		c := p.connect(p.grant("h", false), true)
		w := p.wait("h", false)
		time.Sleep(pool.AwaitTime - time.Millisecond)
		w.stays()
		time.Sleep(time.Millisecond)
		g := w.got()
		if g.Conn != nil {
			t.Fatal("a stream that nobody has promised")
		}
		p.SetStreams(c, 2) // late, yet
		if g := p.grant("h", false); g.Conn != c {
			t.Error("its streams are not used")
		}
		p.Forfeit(g.Host, false)
		c.release(true)
		c.release(true)
		synctest.Wait()
		time.Sleep(2 * time.Second)
		c.Close()
		time.Sleep(2 * time.Second)
		if p.Sweeps() {
			t.Error("the timer runs")
		}
	})
}

// TestSettingsEarly: a connection can have said before its adoption how many streams
// it takes, or that it takes none any more.
func TestSettingsEarly(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
	g := p.grant("h", false)
	c := &conn{pool: p.Pool}
	p.SetStreams(c, 2)
	if err := p.adopt(g.Host, c, true); err != nil {
		t.Fatal(err)
	}
	if g := p.grant("h", false); g.Conn != c {
		t.Error("no stream")
	}
	g = p.grant("h", false)
	last := &conn{pool: p.Pool}
	p.Retire(last)
	if err := p.adopt(g.Host, last, true); err != nil {
		t.Fatal(err)
	}
	g = p.grant("h", false)
	if g.Conn != nil {
		t.Error("a stream of the one that goes away")
	}
	p.Forfeit(g.Host, false)
	if last.release(true) {
		t.Error("it was kept")
	}
	c.release(true)
	c.release(true)
}

// TestSettingsChange: fewer streams than are in use, none at all, and more again.
func TestSettingsChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{PerHost: 4, MayMultiplex: anyHost})
		c := p.connect(p.grant("h", false), true)
		p.SetStreams(c, 3)
		p.grant("h", false)
		p.SetStreams(c, 1)
		second := p.connect(p.grant("h", false), true) // the first has no more
		p.SetStreams(second, 0)
		waiting := []*pending{p.wait("h", false), p.wait("h", false)}
		third := p.connect(waiting[0].got(), true)
		second.release(true) // idle, and takes nothing
		waiting[1].stays()
		p.SetStreams(second, 5)
		if g := waiting[1].got(); g.Conn != second {
			t.Error("not the one that has streams again")
		}
		c.release(true)
		c.release(true)
		third.release(true)
		second.release(true)
		if st := p.Stats(); st.Idle != 3 || st.InUse != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestHTTP1Found: a first connection that turns out to be of HTTP/1 ends the
// waiting; one of HTTP/2 later is shared nevertheless.
func TestHTTP1Found(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		first := p.grant("h", false)
		waiting := []*pending{p.wait("h", false), p.wait("h", false)}
		one := p.connect(first, false)
		two := p.connect(waiting[0].got(), true)
		p.SetStreams(two, 2)
		if g := p.grant("h", false); g.Conn != two {
			t.Error("no stream")
		}
		p.connect(waiting[1].got(), false).release(true)
		one.release(true)
		two.release(true)
		two.release(true)
	})
}

// TestRetire: a connection that retires finishes its streams, gets no more, and is
// closed by the last.
func TestRetire(t *testing.T) {
	t.Parallel()
	cases := map[string]func(testPool, *conn){
		"announced":           func(p testPool, c *conn) { p.Retire(c); c.release(true) },
		"announced before":    func(p testPool, c *conn) { c.release(true); p.Retire(c) },
		"by a request":        func(_ testPool, c *conn) { c.release(false) },
		"by its age":          func(_ testPool, c *conn) { time.Sleep(time.Hour); c.release(true) },
		"by one without luck": func(p testPool, c *conn) { giveUp(p, c) },
	}
	for name, retire := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{MayMultiplex: anyHost, MaxAge: time.Hour - time.Minute})
				c := p.connect(p.grant("h", false), true)
				p.SetStreams(c, 10)
				p.grant("h", false)
				retire(p, c)
				if c.closed.Load() != 0 {
					t.Fatal("its stream was cut off")
				}
				next := p.grant("h", false)
				if next.Conn != nil {
					t.Error("it is still lent")
				}
				p.Forfeit(next.Host, false)
				if c.release(true) {
					t.Error("it was kept")
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		c := p.connect(p.grant("h", false), true)
		c.release(true)
		p.Retire(c)
		synctest.Wait()
		if c.closed.Load() != 1 {
			t.Error("the idle one is open")
		}
	})
}

// giveUp has a request leave c for another connection, which it does not make.
func giveUp(p testPool, c *conn) {
	next, ok := p.Another(c, time.Now(), false)
	if !ok || next != nil {
		p.t.Errorf("got %v, %v, want a dial", next, ok)
	}
	p.Forfeit(c.host, false)
}

// TestAnotherHasToWait: where a dial is under way, who loses its connection gets no
// permission to dial, but keeps its place.
func TestAnotherHasToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		c := p.connect(p.grant("h", false), true)
		p.SetStreams(c, 1)
		dialing := p.grant("h", false)
		w := p.wait("h", false)
		if next, ok := p.Another(c, time.Now(), false); ok || next != nil || c.closed.Load() != 1 {
			t.Fatalf("got %v, %v", next, ok)
		}
		if st := p.Stats(); st.InUse != 1 {
			t.Errorf("%+v", st)
		}
		p.connect(dialing, true).release(true)
		w.got().Conn.(*conn).release(true)
	})
}

// TestRequeue: an engine has no stream yet. The request waits in its old place, and
// nobody is given a stream until there is one.
func TestRequeue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		c := p.connect(p.grant("h", false), true)
		p.SetStreams(c, 2)
		first := p.wait("h", false)
		first.got()
		later := p.wait("h", false) // may dial, since all streams are taken
		p.Forfeit(later.got().Host, false)
		c.release(true) // here, and not yet in the engine
		second := p.wait("h", false)
		second.got()
		p.requeue(second, c, false)
		later = p.wait("h", false)
		later.stays()
		p.refuse("h", false)
		p.StreamAvailable(c)
		if g := second.got(); g.Conn != c {
			t.Error("not its old place")
		}
		if g := later.got(); g.Conn != nil { // all taken: a dial is the way
			t.Errorf("got %+v", g)
		}
		p.Forfeit(later.grant.Host, false)
		c.release(true)
		c.release(true)
	})
}

// requeue has a request that was given c queue again.
func (p testPool) requeue(w *pending, c *conn, hasStream bool) {
	p.start(w, func(ctx context.Context) (pool.Grant, error) {
		return p.Requeue(ctx, "h", c, &w.ticket, false, func() bool { return hasStream })
	})
}

// TestRequeueEnds in every way.
func TestRequeueEnds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		end  func(p testPool, w *pending, c *conn)
		want string
	}{
		{"a stream in the meantime", nil, "stream"},
		{"nothing for a second", func(testPool, *pending, *conn) { time.Sleep(pool.AwaitTime) }, "dial"},
		{"the connection ends", func(_ testPool, _ *pending, c *conn) { c.Close() }, "dial"},
		{"it retires", func(p testPool, _ *pending, c *conn) { p.Retire(c) }, "dial"},
		{"it is closed for others", func(p testPool, _ *pending, _ *conn) { p.CloseOldestIdle(1) }, "dial"},
		{"the pool drains", func(p testPool, _ *pending, _ *conn) { p.Drain() }, "dial"},
		{"the pool closes", func(p testPool, _ *pending, _ *conn) { p.Close() }, "closed"},
		{"the request is cancelled", func(_ testPool, w *pending, _ *conn) { w.cancel() }, "cancelled"},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{MayMultiplex: anyHost, PerHost: 1})
				c := p.connect(p.grant("h", false), true)
				p.SetStreams(c, 2)
				c.release(true)
				w := p.wait("h", false)
				w.got()
				p.requeue(w, c, tt.end == nil)
				if tt.end != nil {
					w.stays()
					tt.end(p, w, c)
				}
				if !w.isDone() {
					t.Fatal("it waits for ever")
				}
				var got string
				switch {
				case w.grant.Conn == c:
					got = "stream"
					c.release(true)
				case w.grant.Host != nil:
					got = "dial"
					p.Forfeit(w.grant.Host, false)
				case errors.Is(w.err, errors.ErrConnectorClosed):
					got = "closed"
				case errors.Is(w.err, context.Canceled):
					got = "cancelled"
				}
				if got != tt.want {
					t.Errorf("got %q, want %q: %v", got, tt.want, w.err)
				}
			})
		})
	}
}

// TestRequeueWhileDraining: the only request of a pool that drains is not taken for
// gone between its two connections.
func TestRequeueWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		w := p.wait("h", false)
		c := p.connect(w.got(), true)
		drained := p.Drain()
		p.requeue(w, c, false)
		select {
		case <-drained:
			t.Fatal("drained")
		default:
		}
		p.connect(w.got(), true).release(true)
		<-drained
		if c.closed.Load() != 1 {
			t.Error("the first is open")
		}
	})
}

// TestRequeueWithoutSettings: a connection that has never said how many streams it
// takes is one like others, once that is no longer waited for.
func TestRequeueWithoutSettings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost})
		w := p.wait("h", false)
		c := p.connect(w.got(), true)
		time.Sleep(2 * pool.AwaitTime)
		p.requeue(w, c, false)
		later := p.wait("h", false)
		later.stays()
		p.StreamAvailable(c)
		if g := w.got(); g.Conn != c {
			t.Error("no stream")
		}
		p.connect(later.got(), true).release(true) // it waits no longer than that
		c.release(true)
	})
}

// TestTooOldAmongOthers: a request passes over connections that are too old, to one
// that is not.
func TestTooOldAmongOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MayMultiplex: anyHost, MaxAge: time.Minute})
		old := p.connect(p.grant("h", false), true)
		p.SetStreams(old, 1)
		time.Sleep(30 * time.Second)
		young := p.connect(p.grant("h", false), true)
		p.SetStreams(young, 2)
		p.SetStreams(old, 2)
		time.Sleep(31 * time.Second)
		if g := p.grant("h", false); g.Conn != young {
			t.Errorf("got %v", g.Conn)
		}
		if old.release(true) {
			t.Error("the old one was kept")
		}
		young.release(true)
		young.release(true)
	})
}
