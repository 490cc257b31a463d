package pool_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
)

// TestCloseFailsWaiters with the typed error, at once.
func TestCloseFailsWaiters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 1, KeepAlive: time.Minute})
		c := p.take("a")
		waiting := []*pending{p.wait("a", false), p.wait("b", false), p.wait("b", true)}
		p.Close()
		p.Close()
		for i, w := range waiting {
			if !w.isDone() || !errors.Is(w.err, errors.ErrConnectorClosed) {
				t.Errorf("waiter %d: got %v", i, w.err)
			}
		}
		if _, err := p.acquire(t.Context(), "a"); !errors.Is(err, errors.ErrConnectorClosed) {
			t.Errorf("after Close: got %v", err)
		}
		if !p.Closed() || c.closed.Load() != 1 {
			t.Error("it is not closed")
		}
		c.release(true)
	})
}

// TestCloseBreaksOffDials, those that are under way.
func TestCloseBreaksOffDials(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{})
	var dials [4]pool.Dial
	var ctxs [4]context.Context
	for i := range dials {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		ctxs[i] = ctx
		if err := p.StartDial(&dials[i], cancel); err != nil {
			t.Fatal(err)
		}
	}
	p.EndDial(&dials[1])
	p.EndDial(&dials[3])
	p.Close()
	for i, ctx := range ctxs {
		got, want := context.Cause(ctx), error(nil)
		if i%2 == 0 {
			want = errors.ErrConnectorClosed
		}
		if got != want {
			t.Errorf("dial %d: got %v, want %v", i, got, want)
		}
	}
	p.EndDial(&dials[0])
	p.EndDial(&dials[2])
	if err := p.StartDial(&dials[0], nil); !errors.Is(err, errors.ErrConnectorClosed) {
		t.Errorf("got %v", err)
	}
}

// TestDrain: those who are there go on, nobody else comes, and nothing is kept.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{Limit: 2})
		a, idle := p.take("a"), p.take("idle")
		idle.release(true)
		dialing := p.grant("b", false)
		first, second := p.wait("a", false), p.wait("c", false)
		var early pool.Ticket
		p.TryAcquire("d", &early, time.Now(), false)
		drained := p.Shutdown()
		if p.Shutdown() != drained {
			t.Error("another channel")
		}
		if idle.closed.Load() != 1 {
			t.Error("the idle connection is open")
		}
		for _, k := range []string{"a", "new"} {
			if _, _, err := p.TryAcquire(k, new(pool.Ticket), time.Now(), false); !errors.Is(err, errors.ErrConnectorClosed) {
				t.Errorf("got %v", err)
			}
			if _, err := p.acquire(t.Context(), k); !errors.Is(err, errors.ErrConnectorClosed) {
				t.Errorf("got %v", err)
			}
		}
		third := &pending{ticket: early}
		p.waitAgain(third, "d", false)
		if a.release(true) {
			t.Error("a connection was kept")
		}
		p.connect(first.got(), false).release(true)
		p.connect(dialing, false).release(true)
		last := p.connect(second.got(), false)
		p.Forfeit(third.got().Host, true)
		select {
		case <-drained:
			t.Fatal("too early")
		default:
		}
		last.release(true)
		<-drained
		if p.Closed() {
			t.Error("it is closed")
		}
		if st := p.Stats(); st.InUse+st.Idle+st.Waiting+st.Hosts != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestDrainOfNothing is at its end at once; a waiter that gives up ends it too.
func TestDrainOfNothing(t *testing.T) {
	t.Parallel()
	<-newPool(t, pool.Config[string]{}).Shutdown()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Config[string]{PerHost: 1})
		c := p.take("h")
		w := p.wait("h", false)
		drained := p.Shutdown()
		w.cancel()
		synctest.Wait()
		c.Close()
		<-drained
	})
}

// TestDrainThenClose ends the order.
func TestDrainThenClose(t *testing.T) {
	t.Parallel()
	p := newPool(t, pool.Config[string]{})
	c := p.take("h")
	drained := p.Shutdown()
	p.Close()
	<-drained
	if c.closed.Load() != 1 {
		t.Error("the connection is open")
	}
}
