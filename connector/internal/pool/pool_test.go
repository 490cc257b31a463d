package pool_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// TestLimitsUnderLoadInFull: 64 goroutines make 10,000 requests each, some of which
// give up while they wait, fail to dial or lose their connection. The limits
// hold at every moment and nothing is left in the end.
func TestLimitsUnderLoadInFull(t *testing.T) {
	t.Parallel()
	const goroutines, limit, perHost = 64, 7, 3
	requests := racetest.Count(10_000, 1_000)
	p := newPool(t, pool.Config[string]{Limit: limit, PerHost: perHost, KeepAlive: time.Minute, MaxIdle: 4})
	var total atomic.Int32
	var each [5]atomic.Int32
	var wg sync.WaitGroup
	for g := range goroutines {
		rnd := rand.New(rand.NewPCG(uint64(g), 1))
		wg.Go(func() {
			for range requests {
				useSlot(t, p, rnd, &total, &each)
			}
		})
	}
	wg.Wait()
	if st := p.Stats(); st.InUse != 0 || st.Waiting != 0 || st.Idle > 4 || st.Opened-st.Closed != uint64(st.Idle) {
		t.Errorf("at the end: %+v", st)
	}
}

func useSlot(t *testing.T, p testPool, rnd *rand.Rand, total *atomic.Int32, each *[5]atomic.Int32) {
	h := rnd.IntN(len(each))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch rnd.IntN(10) {
	case 0:
		go cancel() // at some moment before, while or after it waits
	case 1:
		failDial(ctx, p, fmt.Sprint("host", h))
		return
	}
	c, err := p.acquire(ctx, fmt.Sprint("host", h))
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("acquire: %v", err)
		}
		return
	}
	if n := total.Add(1); n > 7 {
		t.Errorf("%d in use, the limit is 7", n)
	}
	if n := each[h].Add(1); n > 3 {
		t.Errorf("%d in use for one host, the limit is 3", n)
	}
	if rnd.IntN(5) == 0 {
		next, ok := p.Another(c, time.Now(), false)
		if !ok {
			t.Error("the slot was lost")
			return
		}
		if next == nil {
			next, err = p.dial(pool.Grant{Host: c.host}, false)
			if err != nil {
				t.Error(err)
				return
			}
		}
		c = next.(*conn)
	}
	each[h].Add(-1)
	total.Add(-1)
	switch rnd.IntN(4) {
	case 0:
		c.Close()
		c.release(true) // too late: the slot was given back by the close
	case 1:
		c.release(false)
	default:
		c.release(true)
	}
}

// failDial takes a slot and gives it back without a connection.
func failDial(ctx context.Context, p testPool, host string) {
	g, err := p.Acquire(ctx, host, new(pool.Ticket), time.Now(), true)
	if err == nil {
		p.Forfeit(g.Host, true)
	}
}

// TestWaitersInOrder: who came first to a host is served first, and of several
// hosts whose first waiter has waited longest.
func TestWaitersInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 2, KeepAlive: time.Minute})
		a, b := p.take("a"), p.take("b")
		var order []string
		for i, host := range []string{"a", "b", "b", "c", "a", "c"} {
			go func() {
				c, err := p.acquire(t.Context(), host)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, fmt.Sprint(host, i))
				// Not when the idle connections are looked at, each second: meanwhile those of
				// other hosts go first.
				time.Sleep(700 * time.Millisecond)
				c.release(true)
			}()
			synctest.Wait()
		}
		a.release(true)
		time.Sleep(10 * time.Second)
		b.release(true)
		synctest.Wait()
		if got, want := fmt.Sprint(order), "[a0 b1 b2 c3 a4 c5]"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestFullHostDelaysNobody: ten thousand who wait for a full host do not make a
// request to another host wait, nor its release slow.
func TestFullHostDelaysNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 5, PerHost: 1, KeepAlive: time.Minute})
		full := p.take("full")
		ctx, cancel := context.WithCancel(t.Context())
		var waiters sync.WaitGroup
		for range 10_000 {
			waiters.Go(func() {
				if _, err := p.acquire(ctx, "full"); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want cancelled", err)
				}
			})
		}
		synctest.Wait()
		if inUse, waiting := p.HostLoad("full"); inUse != 1 || waiting != 10_000 {
			t.Errorf("%d in use, %d waiting", inUse, waiting)
		}
		for range 1000 {
			p.take("free").release(true)
		}
		cancel()
		waiters.Wait()
		full.release(true)
		if st := p.Stats(); st.InUse != 0 || st.Waiting != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestPlaceIsKept: a request that comes back with its ticket is served before those
// who came after it, wherever among them it belongs.
func TestPlaceIsKept(t *testing.T) {
	t.Parallel()
	for place := range 5 {
		t.Run(fmt.Sprint(place), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{Limit: 1})
				held := p.take("h")
				tickets := make([]pending, 6)
				for i := range tickets {
					p.TryAcquire("h", &tickets[i].ticket, time.Now(), false)
				}
				for i := range tickets {
					if i != place {
						p.waitAgain(&tickets[i], "h", false)
					}
				}
				p.waitAgain(&tickets[place], "h", false)
				for i := range tickets {
					tickets[i].stays()
					held.release(true)
					held = tickets[i].got().Conn.(*conn)
				}
				held.release(true)
			})
		})
	}
}

// TestYoungestFirst: of a host's idle connections the last that came back is lent.
func TestYoungestFirst(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{})
	a, b, c := p.take("h"), p.take("h"), p.take("h")
	b.release(true)
	c.release(true)
	a.release(true)
	for i, want := range []*conn{a, c, b} {
		if got := p.take("h"); got != want {
			t.Errorf("the wrong one came as number %d", i)
		}
	}
	if g := p.grant("h", false); g.Conn != nil {
		t.Error("a connection out of nothing")
	} else {
		p.Forfeit(g.Host, false)
	}
	c.release(true)
	if g := p.grant("h", true); g.Conn != nil {
		t.Error("a fresh request got an idle connection")
	} else {
		p.Forfeit(g.Host, false)
	}
}

// TestCancelledWaiter loses no slot, and leaves no host behind.
func TestCancelledWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 1})
		a := p.take("a")
		w, last := p.wait("b", false), p.wait("a", false)
		w.cancel()
		if !w.isDone() || !errors.Is(w.err, context.Canceled) {
			t.Errorf("got %v", w.err)
		}
		if st := p.Stats(); st.Hosts != 1 || st.Waiting != 1 {
			t.Errorf("%+v", st)
		}
		a.release(true)
		last.got().Conn.(*conn).release(false)
	})
}

// TestForget: a connection that is closed while it is in use frees its slot at
// once, and its end changes nothing any more.
func TestForget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 1})
		a := p.take("h")
		w := p.wait("h", false)
		a.Close()
		next := p.connect(w.got(), false)
		if a.release(true) {
			t.Error("a closed connection was kept")
		}
		if _, ok := p.Another(a, time.Now(), false); ok {
			t.Error("it has a slot")
		}
		if st := p.Stats(); st.InUse != 1 || st.Idle != 0 || st.Closed != 1 {
			t.Errorf("%+v", st)
		}
		next.release(true)
		next.Close()
		if st := p.Stats(); st.Idle != 0 || st.Hosts != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestAdoptTooLate: a connection that was closed, or a pool that was, while it was
// being made.
func TestAdoptTooLate(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{})
	g := p.grant("h", false)
	c := &conn{pool: p.Pool}
	c.Close()
	if err := p.adopt(g.Host, c, false); !errors.Is(err, pool.ErrClosedWhileDialing) {
		t.Errorf("got %v", err)
	}
	g = p.grant("h", false)
	p.Close()
	if _, err := p.dial(g, false); !errors.Is(err, errors.ErrConnectorClosed) {
		t.Errorf("got %v", err)
	}
}

// TestAnother: a request whose connection is dead goes through the idle ones and
// then dials, while others wait for its slot.
func TestAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{PerHost: 3})
		conns := []*conn{p.take("h"), p.take("h"), p.take("h")}
		for _, c := range conns {
			c.release(true)
		}
		c, b, a := p.take("h"), p.take("h"), p.take("h")
		b.release(true)
		a.release(true)
		others := []*conn{p.take("h"), p.take("h")}
		others[0].release(true)
		waiting := []*pending{p.wait("h", false), p.wait("h", false)}
		waiting[0].got()
		waiting[1].stays()
		next, ok := p.Another(c, time.Now(), false)
		if !ok || next != nil || c.closed.Load() != 1 {
			t.Fatalf("got %v, %v", next, ok)
		}
		waiting[1].stays()
		fresh, err := p.dial(pool.Grant{Host: c.host}, false)
		if err != nil {
			t.Fatal(err)
		}
		fresh.release(true)
		if got := waiting[1].got(); got.Conn != fresh {
			t.Errorf("got %v", got)
		}
	})
	p := newPool(t, pool.Config[string]{Limit: 2})
	a, b := p.take("h"), p.take("h")
	a.release(true)
	if next, ok := p.Another(b, time.Now(), false); !ok || next != a {
		t.Errorf("got %v, %v, want the idle one", next, ok)
	}
	p.take("h").release(true)
	if next, ok := p.Another(a, time.Now(), true); !ok || next != nil {
		t.Errorf("got %v, %v, want a dial", next, ok)
	}
	if st := p.Stats(); st.InUse != 1 || st.Idle != 1 {
		t.Errorf("%+v", st)
	}
	p.Forfeit(a.host, false)
}

// TestUpgraded: a connection that is never released holds its slot until it is
// closed.
func TestUpgraded(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{Limit: 1})
	c := p.take("h")
	p.refuse("h", false)
	c.Close()
	p.take("h").release(true)
}
