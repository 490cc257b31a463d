package pool_test

import (
	"context"
	"fmt"
	"testing/synctest"

	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
)

// compare looks for differences.
func (x *run) compare() {
	synctest.Wait()
	for i, q := range x.reqs {
		if got, want := x.state(q), q.want(); got != want {
			x.t.Errorf("request %d: got %s, want %s", i, got, want)
		}
	}
	for i, c := range x.m.conns {
		if got, want := x.conns[i].closed.Load() > 0, c.state == "gone"; got != want {
			x.t.Errorf("connection %d: closed %v, want %v", i, got, want)
		}
	}
	want := pool.Stats{
		InUse: x.m.count("", "dialing", "holding"), Idle: x.m.idle(), Waiting: x.m.count("", "waiting"),
		Hosts: len(x.m.hosts), Opened: x.m.opened, Closed: x.m.gone, Reused: x.m.reused,
	}
	if got := x.Stats(); got != want {
		x.t.Errorf("got %+v, want %+v", got, want)
	}
	x.compareHosts()
	for k := range x.m.hosts {
		inUse, waiting := x.HostLoad(k)
		if inUse != x.m.count(k, "dialing", "holding") || waiting != x.m.count(k, "waiting") {
			x.t.Errorf("%s: %d in use, %d waiting", k, inUse, waiting)
		}
	}
	if x.drained != nil {
		select {
		case <-x.drained:
			if !x.m.drained {
				x.t.Error("it is drained too early")
			}
		default:
			if x.m.drained {
				x.t.Error("it is not drained")
			}
		}
	}
}

// want is what the model says of a request.
func (q *runReq) want() string {
	if q.r.state == "holding" {
		return fmt.Sprint("holding ", q.r.conn.id)
	}
	return q.r.state
}

// state is what the pool says of it, as far as it does.
func (x *run) state(q *runReq) string {
	if q.busy && !q.isDone() {
		return "waiting"
	}
	if q.busy {
		q.busy, q.ok = false, q.err == nil
	}
	switch {
	case errors.Is(q.err, errors.ErrConnectorClosed):
		return "refused"
	case errors.Is(q.err, context.Canceled):
		return "cancelled"
	case q.r.state == "ended":
		return "ended"
	case !q.ok:
		return "lost"
	case q.grant.Conn == nil:
		return "dialing"
	case q.r.state == "lost": // which it does not know yet
		return "lost"
	}
	return fmt.Sprint("holding ", q.grant.Conn.(*conn).id)
}
