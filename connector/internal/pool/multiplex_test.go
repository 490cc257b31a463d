package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
)

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
