package pool_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
)

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
		{"the pool drains", func(p testPool, _ *pending, _ *conn) { p.Shutdown() }, "dial"},
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
		drained := p.Shutdown()
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
