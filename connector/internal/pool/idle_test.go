package pool_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

// TestJanitor closes idle connections when their time is up, not before.
func TestJanitor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{KeepAlive: 15 * time.Second})
		for i := range 3 {
			p.take(fmt.Sprint("h", i)).release(true)
			time.Sleep(5 * time.Second)
		}
		for i, want := range []int{3, 2, 1, 0} {
			if i == 1 {
				time.Sleep(2 * time.Millisecond)
			} else if i > 1 {
				time.Sleep(5 * time.Second)
			}
			synctest.Wait()
			st := p.Stats()
			if st.Idle != want || st.Hosts != want || int(st.Opened-st.Closed) != want {
				t.Errorf("after %d s: %+v, want %d", 10+5*i, st, want)
			}
		}
		time.Sleep(2 * time.Second)
		if p.Sweeps() {
			t.Error("the timer runs though nothing is idle")
		}
	})
}

// TestExpiry is exact to a few milliseconds, whatever the sweep does otherwise, and
// a connection is not lent after its time.
func TestExpiry(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		cfg  pool.Config[string]
		used time.Duration // when it becomes idle
		ends time.Duration // when it is closed
	}{
		{"keep-alive of less than a tick", pool.Config[string]{KeepAlive: 300 * time.Millisecond}, 0, 300 * time.Millisecond},
		{"keep-alive between ticks", pool.Config[string]{KeepAlive: 2500 * time.Millisecond}, 100 * time.Millisecond, 2600 * time.Millisecond},
		{"age", pool.Config[string]{MaxAge: 2300 * time.Millisecond}, 2 * time.Second, 2300 * time.Millisecond},
		{"age before keep-alive", pool.Config[string]{MaxAge: 3 * time.Second, KeepAlive: 5 * time.Second}, 0, 3 * time.Second},
		{"keep-alive before age", pool.Config[string]{MaxAge: 5 * time.Second, KeepAlive: 3 * time.Second}, time.Second, 4 * time.Second},
	}
	for _, tt := range cases {
		for _, mode := range []string{"alone", "lent", "with others"} {
			t.Run(tt.name+", "+mode, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					p := newPool(t, tt.cfg)
					c := p.take("h")
					time.Sleep(tt.used)
					c.release(true)
					left := tt.ends - tt.used
					if mode == "with others" {
						time.Sleep(left / 3)
						p.take("other").release(true)
						left -= left / 3
					}
					time.Sleep(left)
					synctest.Wait()
					if c.closed.Load() != 0 {
						t.Fatal("closed too early")
					}
					if mode == "lent" {
						now := time.Now().Add(time.Microsecond)
						g, ok, err := p.TryAcquire("h", new(pool.Ticket), now, false)
						if !ok || err != nil || g.Conn != nil || c.closed.Load() != 1 {
							t.Errorf("got %v, %v, %v", g, ok, err)
						}
						p.Forfeit(g.Host, false)
						return
					}
					time.Sleep(3 * time.Millisecond)
					if c.closed.Load() != 1 {
						t.Error("not closed in time")
					}
				})
			})
		}
	}
}

// TestTooOldIsNotKept when it comes back.
func TestTooOldIsNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{MaxAge: time.Second})
		old := p.take("h")
		idle := p.take("h")
		time.Sleep(500 * time.Millisecond)
		idle.release(true)
		time.Sleep(501 * time.Millisecond)
		synctest.Wait()
		if old.closed.Load() != 0 || idle.closed.Load() != 1 {
			t.Errorf("closed: %d, %d", old.closed.Load(), idle.closed.Load())
		}
		if p.Release(old, true, time.Now().Add(-time.Second)) { // by a clock that is late
			t.Error("it was kept")
		}
		old.Close()
	})
}

// TestMaxIdle closes the one that has been idle for longest, whatever its host.
func TestMaxIdle(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{MaxIdle: 3})
	var conns []*conn
	for i := range 5 {
		conns = append(conns, p.take(fmt.Sprint("h", i%4)))
	}
	for _, i := range []int{4, 2, 0, 3, 1} {
		if !conns[i].release(true) {
			t.Errorf("%d was not kept", i)
		}
	}
	for i, want := range []int32{0, 0, 1, 0, 1} {
		if got := conns[i].closed.Load(); got != want {
			t.Errorf("connection %d was closed %d times, want %d", i, got, want)
		}
	}
	if st := p.Stats(); st.Idle != 3 || st.Hosts != 3 {
		t.Errorf("%+v", st)
	}
	if n := p.CloseOldestIdle(2); n != 2 || conns[0].closed.Load() != 1 || conns[3].closed.Load() != 1 || conns[1].closed.Load() != 0 {
		t.Errorf("%d were closed, or the wrong ones", n)
	}
	if n := p.CloseOldestIdle(2); n != 1 {
		t.Errorf("%d were closed", n)
	}
	p.take("h").release(true)
	held := p.take("other")
	p.CloseIdle()
	if st := p.Stats(); st.Idle != 0 || st.InUse != 1 || st.Hosts != 1 {
		t.Errorf("%+v", st)
	}
	held.release(true)
}

// TestDeadAreFound within a second.
func TestDeadAreFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{})
		alive, dead := p.take("h"), p.take("h")
		alive.release(true)
		dead.release(true)
		time.Sleep(5 * time.Second)
		dead.dead.Store(true)
		time.Sleep(1001 * time.Millisecond)
		synctest.Wait()
		if alive.closed.Load() != 0 || dead.closed.Load() != 1 {
			t.Errorf("closed: %d, %d", alive.closed.Load(), dead.closed.Load())
		}
		if n := alive.checks.Load(); n != 6 {
			t.Errorf("checked %d times in 6 seconds", n)
		}
		if got := p.take("h"); got != alive {
			t.Error("the check has lost it")
		} else {
			got.release(true)
		}
	})
}

// TestChecksTakeTurns when there are too many for one tick.
func TestChecksTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = pool.MaxChecks + 1000
		p := newPool(t, pool.Config[string]{})
		conns := make([]*conn, n)
		for i := range conns {
			conns[i] = p.take(fmt.Sprint("h", i%100))
		}
		for _, c := range conns {
			c.release(true)
		}
		time.Sleep(1500 * time.Millisecond)
		var total int32
		for i, c := range conns {
			total += c.checks.Load()
			if want := int32(1); i < pool.MaxChecks && c.checks.Load() != want {
				t.Fatalf("connection %d was checked %d times", i, c.checks.Load())
			}
		}
		if total != pool.MaxChecks {
			t.Errorf("%d checks at once", total)
		}
		first := conns[pool.MaxChecks] // whose turn is next
		p.Retire(conns[pool.MaxChecks+1])
		p.pull(first)
		time.Sleep(4 * time.Second) // five rounds are four turns and a little
		if k := first.checks.Load(); k != 0 {
			t.Errorf("it was checked %d times while it was in use", k)
		}
		first.release(true)
		for i, c := range conns {
			if k := c.checks.Load(); (k < 4 || k > 5) && i/2 != pool.MaxChecks/2 {
				t.Fatalf("connection %d was checked %d times", i, k)
			}
		}
	})
}

// TestNotLentWhileChecked: a request that wants the connection waits for the answer,
// and then gets it, or dials.
func TestNotLentWhileChecked(t *testing.T) {
	t.Parallel()
	for _, dead := range []bool{false, true} {
		t.Run(fmt.Sprint("dead=", dead), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{})
				c := p.take("h")
				answer := make(chan struct{})
				c.check = func() { <-answer }
				c.dead.Store(dead)
				c.release(true)
				time.Sleep(1001 * time.Millisecond)
				p.refuse("h", false)
				w := p.wait("h", false)
				w.stays()
				fresh := p.grant("h", true) // needs no answer
				p.Forfeit(fresh.Host, false)
				close(answer)
				g := w.got()
				if dead {
					p.connect(g, false).release(true)
				} else if g.Conn != c {
					t.Error("it did not get it")
				} else {
					c.check = nil
					c.release(true)
				}
				if got := c.closed.Load() == 1; got != dead {
					t.Errorf("closed: %v", got)
				}
			})
		})
	}
}

// TestClosedWhileChecked: what becomes of the connection while it is being checked
// is not undone by the answer.
func TestClosedWhileChecked(t *testing.T) {
	t.Parallel()
	cases := map[string]func(testPool, *conn){
		"by its engine":    func(_ testPool, c *conn) { c.Close() },
		"for others":       func(p testPool, _ *conn) { p.CloseOldestIdle(1) },
		"by a drain":       func(p testPool, _ *conn) { p.Shutdown() },
		"by Close":         func(p testPool, _ *conn) { p.Close() },
		"by being retired": func(p testPool, c *conn) { p.Retire(c) },
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPool(t, pool.Config[string]{})
				c := p.take("h")
				answer := make(chan struct{})
				c.check = func() { <-answer }
				c.dead.Store(true)
				c.release(true)
				time.Sleep(1001 * time.Millisecond)
				end(p, c)
				synctest.Wait()
				if st := p.Stats(); st.Idle != 0 || st.Closed != 1 || st.Hosts != 0 {
					t.Errorf("%+v", st)
				}
				close(answer)
				synctest.Wait()
				if n := c.closed.Load(); n != 1 {
					t.Errorf("closed %d times", n)
				}
				if st := p.Stats(); st.Idle != 0 || st.Closed != 1 || st.Hosts != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}
