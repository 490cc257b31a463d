package pool_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/internal/racetest"
)

// run is a pool and a model that go in step.
type run struct {
	testPool
	m       *model
	reqs    []*runReq
	conns   []*conn // as the model's
	drained <-chan struct{}
	input   []byte
	log     []string
}

// runReq is the same request in both.
type runReq struct {
	pending
	r    *modelReq
	busy bool // it is in a call that waits
	ok   bool // its grant is what it holds, and not what it has had
}

// step is the unit of time: no time of the configurations, nor a tick, is reached at
// the moment at which the two are compared.
const step = 317 * time.Millisecond

func (x *run) next(n int) int {
	if len(x.input) == 0 {
		return 0
	}
	b := x.input[0]
	x.input = x.input[1:]
	return int(b) % n
}

// pick returns a request in a state, or nil.
func (x *run) pick(state string) *runReq {
	var fit []*runReq
	for _, q := range x.reqs {
		if q.r.state == state {
			fit = append(fit, q)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[x.next(len(fit))]
}

func (x *run) pickConn(fit func(*modelConn) bool) (*modelConn, *conn) {
	var all []int
	for i, c := range x.m.conns {
		if c.state != "gone" && fit(c) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	i := all[x.next(len(all))]
	return x.m.conns[i], x.conns[i]
}

func anyConn(*modelConn) bool     { return true }
func isMuxConn(c *modelConn) bool { return c.mux }
func (x *run) note(format string, args ...any) {
	x.log = append(x.log, fmt.Sprintf(format, args...))
}

func (x *run) acquire(q *runReq, fresh bool) {
	q.r.fresh, q.busy = fresh, true
	x.waitAgain(&q.pending, q.r.host, fresh)
	x.m.acquire(q.r, q.r.state != "")
}

func (x *run) adopt(q *runReq) {
	c := &modelConn{id: len(x.conns), host: q.r.host, mux: x.m.cfg.MayMultiplex(q.r.host) && x.next(4) > 0}
	twin := &conn{pool: x.Pool, id: c.id}
	switch x.next(8) {
	case 0:
		twin.Close()
		twin.closed.Store(0)
		c.state = "gone"
	case 1, 2, 3:
		if c.mux {
			c.max, c.settled = x.next(4), true
			x.SetStreams(twin, c.max)
		}
	}
	x.note("request %d adopts %d, mux %v, %d streams, %s", x.number(q), c.id, c.mux, c.max, c.state)
	x.m.adopt(q.r, c)
	if x.testPool.adopt(q.grant.Host, twin, c.mux) == nil {
		x.conns = append(x.conns, twin)
		q.grant.Conn = twin
	}
}

func (x *run) number(q *runReq) int {
	for i, other := range x.reqs {
		if other == q {
			return i
		}
	}
	return -1
}

// act does one thing.
func (x *run) act() {
	switch op := x.next(32); {
	case op < 9:
		x.startRequest()
	case op < 13:
		if q := x.pick("dialing"); q != nil {
			x.adopt(q)
		}
	case op < 14:
		if q := x.pick("dialing"); q != nil {
			failed := x.next(2) == 1
			x.note("request %d forfeits, failed %v", x.number(q), failed)
			x.m.forfeit(q.r, failed)
			x.Forfeit(q.grant.Host, failed)
		}
	case op < 19:
		if q := x.pick("holding"); q != nil {
			reusable := x.next(6) > 0
			x.note("request %d releases %d, reusable %v", x.number(q), q.r.conn.id, reusable)
			x.m.release(q.r, reusable)
			q.grant.Conn.(*conn).release(reusable)
		}
	case op < 22:
		x.replace()
	case op < 25:
		x.changeStreams()
	case op < 27:
		x.endConn()
	case op < 28:
		x.cancelRequest()
	case op < 31:
		x.sleep(step * time.Duration(1+x.next(4)*x.next(10)))
	default:
		x.shutDown()
	}
}

func (x *run) startRequest() {
	hosts := []string{"m1", "m2", "h1", "h2"}
	q := &runReq{r: &modelReq{host: hosts[x.next(len(hosts))]}}
	fresh := x.next(5) == 4
	x.note("request %d for %s, fresh %v", len(x.reqs), q.r.host, fresh)
	x.reqs, x.m.reqs = append(x.reqs, q), append(x.m.reqs, q.r)
	x.acquire(q, fresh)
}

func (x *run) cancelRequest() {
	if q := x.pick("waiting"); q != nil {
		x.note("request %d is cancelled", x.number(q))
		q.r.state = "cancelled"
		x.m.settle()
		q.cancel()
	}
}

func (x *run) sleep(d time.Duration) {
	if x.m.any(func(c *modelConn) bool { return c.dead && c.state == "idle" }) {
		d = max(d, 4*step) // until they have been found
	}
	x.note("sleep for %v", d)
	x.m.sleep(d)
	time.Sleep(d)
}

// replace has a request get another connection, or a place in the queue.
func (x *run) replace() {
	switch x.next(3) {
	case 0:
		if q := x.pick("holding"); q != nil {
			fresh := x.next(2) == 1
			x.note("request %d wants another than %d, fresh %v", x.number(q), q.r.conn.id, fresh)
			x.m.another(q.r, fresh)
			old := q.grant.Conn
			q.grant.Conn, q.ok = x.Another(old, time.Now(), fresh)
		}
	case 1:
		q := x.pick("holding")
		if q == nil || !q.r.conn.mux {
			return
		}
		x.note("request %d finds no stream on %d", x.number(q), q.r.conn.id)
		c := q.grant.Conn
		x.m.requeue(q.r)
		q.busy = true
		x.start(&q.pending, func(ctx context.Context) (pool.Grant, error) {
			return x.Requeue(ctx, q.r.host, c, &q.ticket, q.r.fresh, func() bool { return false })
		})
	case 2:
		if q := x.pick("lost"); q != nil {
			x.note("request %d comes back", x.number(q))
			x.acquire(q, q.r.fresh)
		}
	}
}

func (x *run) changeStreams() {
	c, twin := x.pickConn(isMuxConn)
	if c == nil {
		return
	}
	if x.next(3) == 0 {
		x.note("a stream of %d is there", c.id)
		x.m.streamAvailable(c)
		x.StreamAvailable(twin)
		return
	}
	n := x.next(5)
	x.note("%d has %d streams", c.id, n)
	x.m.setStreams(c, n)
	x.SetStreams(twin, n)
}

func (x *run) endConn() {
	c, twin := x.pickConn(anyConn)
	if c == nil {
		return
	}
	switch x.next(4) {
	case 0:
		x.note("%d is closed", c.id)
		x.m.drop(c)
		x.m.settle()
		twin.Close()
	case 1:
		x.note("%d retires", c.id)
		x.m.retire(c)
		x.m.settle()
		x.Retire(twin)
	case 2:
		x.note("%d dies", c.id)
		c.dead = true
		twin.dead.Store(true)
		x.m.sleep(4 * step)
		time.Sleep(4 * step)
	case 3:
		n := x.next(3)
		x.note("close %d idle ones", n)
		x.m.dropOldest(n)
		x.m.settle()
		x.CloseOldestIdle(n)
	}
}

func (x *run) shutDown() {
	switch x.next(12) {
	case 0:
		x.note("close")
		x.m.close()
		x.Close()
	case 1, 2, 3:
		x.note("drain")
		x.m.draining = true
		x.m.dropOldest(x.m.idle())
		x.m.settle()
		x.drained = x.Shutdown()
	default:
		x.note("close all idle ones")
		x.m.dropOldest(x.m.idle())
		x.m.settle()
		x.CloseIdle()
	}
}

// runModel runs pool and model over what input says.
func runModel(t *testing.T, input []byte) {
	synctest.Test(t, func(t *testing.T) {
		x := &run{input: input}
		cfg := pool.Config[string]{
			Limit: 1 + x.next(8), PerHost: 1 + x.next(5), MaxIdle: 1 + x.next(5),
			KeepAlive:    []time.Duration{0, 1111 * time.Millisecond, 10_101 * time.Millisecond}[x.next(3)],
			MaxAge:       []time.Duration{0, 5111 * time.Millisecond}[x.next(2)],
			MayMultiplex: func(k string) bool { return k[0] == 'm' },
		}
		x.note("%+v", cfg)
		x.testPool = testPool{pool.New(cfg), t}
		x.m = &model{cfg: cfg, hosts: map[string]*modelHost{}}
		for len(x.input) > 0 && !t.Failed() {
			x.act()
			x.compare()
		}
		if t.Failed() {
			t.Logf("input %s", hex.EncodeToString(input))
			for _, line := range x.log {
				t.Log(line)
			}
		}
		x.Close()
		for _, q := range x.reqs {
			if q.r.state == "dialing" {
				x.Forfeit(q.grant.Host, false)
			}
		}
		synctest.Wait()
		if st := x.Stats(); st.InUse+st.Idle+st.Waiting+st.Hosts != 0 {
			t.Errorf("after Close: %+v", st)
		}
	})
}

// TestModel compares the pool with a simple one over random sequences of what can
// happen to them.
func TestModel(t *testing.T) {
	t.Parallel()
	sequences := 4000
	if testing.Short() || racetest.Enabled {
		sequences = 400
	}
	for seed := range sequences {
		rnd := rand.New(rand.NewPCG(uint64(seed), 2))
		input := make([]byte, 40+rnd.IntN(300))
		for i := range input {
			input[i] = byte(rnd.Uint32())
		}
		runModel(t, input)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzModel(f *testing.F) {
	for seed := range 50 {
		rnd := rand.New(rand.NewPCG(uint64(seed), 3))
		input := make([]byte, 150)
		for i := range input {
			input[i] = byte(rnd.Uint32())
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		runModel(t, input[:min(len(input), 500)]) // a longer one takes long, for the model looks at everything
	})
}
