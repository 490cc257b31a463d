package pool_test

import (
	"context"
	stderrors "errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

var errDead = stderrors.New("dead")

// conn is a connection that does nothing.
type conn struct {
	notes  pool.Notes
	pool   *pool.Pool[string]
	host   *pool.Host
	key    string
	id     int
	closed atomic.Int32 // times
	checks atomic.Int32
	dead   atomic.Bool
	check  func() // called while it is being checked
}

func (c *conn) Notes() *pool.Notes { return &c.notes }

func (c *conn) Close() {
	c.closed.Add(1)
	c.pool.Forget(c)
}

func (c *conn) CheckIdle() error {
	c.checks.Add(1)
	if c.check != nil {
		c.check()
	}
	if c.dead.Load() {
		return errDead
	}
	return nil
}

// release gives it back as a request does.
func (c *conn) release(reusable bool) (kept bool) {
	kept = c.pool.Release(c, reusable, time.Now())
	if !kept {
		c.Close()
	}
	return kept
}

// testPool is a pool of connections that do nothing.
type testPool struct {
	*pool.Pool[string]
	t testing.TB
}

// newPool is closed with the test, and then has nothing left.
func newPool(t testing.TB, cfg pool.Config[string]) testPool {
	t.Helper()
	p := testPool{pool.New(cfg), t}
	t.Cleanup(func() {
		p.Close()
		st := p.Stats()
		if st.InUse+st.Idle+st.Waiting+st.Hosts != 0 || st.Opened != st.Closed {
			t.Errorf("after Close: %+v", st)
		}
	})
	return p
}

func anyHost(string) bool { return true }

// dial makes a connection for a request that may.
func (p testPool) dial(g pool.Grant, multiplexed bool) (*conn, error) {
	c := &conn{pool: p.Pool, host: g.Host}
	return c, p.adopt(g.Host, c, multiplexed)
}

func (p testPool) adopt(h *pool.Host, c *conn, multiplexed bool) error {
	err := p.Adopt(h, c, multiplexed)
	if err != nil {
		c.Close()
		p.Forfeit(h, true)
	}
	return err
}

// acquire waits for a slot, with a connection of HTTP/1.
func (p testPool) acquire(ctx context.Context, host string) (*conn, error) {
	g, err := p.Acquire(ctx, host, new(pool.Ticket), time.Now(), false)
	if err != nil {
		return nil, err
	}
	if g.Conn != nil {
		return g.Conn.(*conn), nil
	}
	return p.dial(g, false)
}

// take is acquire where that must succeed at once.
func (p testPool) take(host string) *conn {
	p.t.Helper()
	g := p.grant(host, false)
	c, _ := g.Conn.(*conn)
	if c == nil {
		c = p.connect(g, false)
	}
	c.key = host
	return c
}

// grant is what a request gets at once.
func (p testPool) grant(host string, fresh bool) pool.Grant {
	p.t.Helper()
	g, ok, err := p.TryAcquire(host, new(pool.Ticket), time.Now(), fresh)
	if err != nil || !ok {
		p.t.Fatalf("%s: ok %v, %v", host, ok, err)
	}
	return g
}

// connect is dial where that must succeed.
func (p testPool) connect(g pool.Grant, multiplexed bool) *conn {
	p.t.Helper()
	if g.Conn != nil {
		p.t.Fatal("there is a connection")
	}
	c, err := p.dial(g, multiplexed)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// refuse fails the test if a request gets anything at once.
func (p testPool) refuse(host string, fresh bool) {
	p.t.Helper()
	if g, ok, err := p.TryAcquire(host, new(pool.Ticket), time.Now(), fresh); ok || err != nil {
		p.t.Fatalf("%s: got %+v, %v", host, g, err)
	}
}

// pending is a request that waits.
type pending struct {
	t      testing.TB
	ticket pool.Ticket
	cancel context.CancelFunc
	done   chan struct{}
	grant  pool.Grant
	err    error
}

// wait has a request wait, in a bubble.
func (p testPool) wait(host string, fresh bool) *pending {
	p.t.Helper()
	w := &pending{}
	p.waitAgain(w, host, fresh)
	return w
}

func (p testPool) waitAgain(w *pending, host string, fresh bool) {
	p.start(w, func(ctx context.Context) (pool.Grant, error) {
		return p.Acquire(ctx, host, &w.ticket, time.Now(), fresh)
	})
}

func (p testPool) start(w *pending, acquire func(context.Context) (pool.Grant, error)) {
	ctx, cancel := context.WithCancel(p.t.Context())
	w.t, w.cancel, w.done = p.t, cancel, make(chan struct{})
	go func() {
		w.grant, w.err = acquire(ctx)
		cancel()
		close(w.done)
	}()
	synctest.Wait()
}

func (w *pending) isDone() bool {
	synctest.Wait()
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// got is what the request was given by now.
func (w *pending) got() pool.Grant {
	w.t.Helper()
	if !w.isDone() {
		w.t.Fatal("it still waits")
	}
	if w.err != nil {
		w.t.Fatal(w.err)
	}
	return w.grant
}

// stays fails the test if the request has been given anything.
func (w *pending) stays() {
	w.t.Helper()
	if w.isDone() {
		w.t.Fatalf("it waits no more: %+v, %v", w.grant, w.err)
	}
}

// pull takes an idle connection, and gives those back that came before it.
func (p testPool) pull(c *conn) {
	p.t.Helper()
	var others []*conn
	for got := p.take(c.key); got != c; got = p.take(c.key) {
		others = append(others, got)
	}
	for _, other := range others {
		other.release(true)
	}
}
