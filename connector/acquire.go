package connector

import (
	"context"
	"net/http/httptrace"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/connector/internal/h1"
	"github.com/aiolos-http/aiolos/connector/internal/pool"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

// What a request holds on its way to a connection, in the fields of exchange. Whatever
// happens, a hook that panics included, giveUp gives it back:
//
//	             queueForConn                         dialConn
//	nothing ─────────────────► host: a slot, and ─────────────────► conn ──► conn, begun
//	   │ ▲                     the permission to dial  Adopt          ▲
//	   │ └───────────────────────────┘ Forfeit                        │
//	   └── takeGrant: an idle connection, or a stream, with its slot ─┘

// acquireConn gets a connection: an idle one, or a new one if fresh or if there is
// none. Only the way that takes time pays for its timeouts.
func (x *exchange) acquireConn(fresh bool) error {
	now := x.times.start
	if x.retried {
		now = time.Now()
	}
	if t := x.clientTrace; t != nil && t.GetConn != nil {
		t.GetConn(x.key.DialAddr())
	}
	if x.host == nil && x.conn == nil { // else a slot was kept from another attempt
		g, ok, err := x.c.pool.TryAcquire(x.key, &x.ticket, now, fresh)
		if err != nil {
			return err
		}
		if ok {
			x.takeGrant(g)
		}
	}
	awaiting := x.skipUnusable(now, fresh)
	made := false
	if x.conn == nil {
		var err error
		if made, now, err = x.queueAndDial(awaiting, fresh, now); err != nil {
			return err
		}
	}
	if !made {
		callHook(x.trace.Reused)
	}
	x.traceGotConn(made, now)
	x.beginExchange(now)
	if x.conn.h2 != nil && x.closes {
		x.c.pool.Retire(x.conn)
	}
	return nil
}

// takeGrant notes what the pool has given.
func (x *exchange) takeGrant(g pool.Grant) {
	x.host = g.Host
	if g.Conn != nil {
		x.conn, x.host = g.Conn.(*conn), nil //nolint:errcheck // the pool holds nothing else
	}
}

// skipUnusable replaces a connection that was lent but is dead by the next one, or by the
// permission to dial, in the same slot. awaiting is one of HTTP/2 that awaits a stream; the
// exchange still has its slot. If there is no conn, host or awaiting then, the slot is lost.
func (x *exchange) skipUnusable(now time.Time, fresh bool) (awaiting *conn) {
	for x.conn != nil {
		c := x.conn
		usable, awaits := c.isUsable(x.settings.LateCheck)
		if usable {
			return nil
		}
		x.conn = nil
		if awaits {
			return c
		}
		x.replaceConn(c, now, fresh)
	}
	return nil
}

// replaceConn gives a dead connection back, and keeps its slot for the next one if the pool
// has not freed that already.
func (x *exchange) replaceConn(c *conn, now time.Time, fresh bool) {
	h := c.notes.Host()
	if next, ok := x.c.pool.Another(c, now, fresh); ok {
		x.takeGrant(pool.Grant{Host: h, Conn: next})
	}
	c.Close() // if the pool had forgotten it already
}

// queueAndDial waits for a slot if there is none, and dials if the slot comes
// without a connection, all within the connect and total timeouts.
func (x *exchange) queueAndDial(awaiting *conn, fresh bool, now time.Time) (made bool, gotten time.Time, err error) {
	base, detach := newDialContext(&x.ctx)
	defer detach()
	ctx, deadline := context.Context(base), x.settings.Total
	if x.timeout.Connect > 0 {
		if d := now.Add(x.timeout.Connect); deadline.IsZero() || d.Before(deadline) {
			deadline = d
		}
	}
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline, h1.ErrTotalTimeout)
		defer cancel()
	}
	at := x.key.Endpoint(errors.PhasePool)
	if x.host == nil {
		err = x.queueForConn(ctx, awaiting, now, fresh)
	}
	if err == nil && x.conn == nil {
		made = true
		at, err = x.dialConn(ctx)
	}
	if err != nil {
		return made, now, x.connectError(ctx, err, at, now)
	}
	return made, time.Now(), nil
}

// dialConn makes a connection in the slot that the exchange has.
func (x *exchange) dialConn(ctx context.Context) (classify.Endpoint, error) {
	callHook(x.trace.CreateStart)
	c, a, err := x.c.dialer.openConn(ctx, x.key, x.host, max(x.timeout.SockConnect, 0), x.trace)
	x.ensureRare().dialed = dialTimes{dns: a.DNS, connect: a.Connect, tls: a.Attempt.TLS, cachedDNS: a.CachedDNS}
	if err != nil {
		h := x.host
		x.host = nil
		x.c.pool.Forfeit(h, ctx.Err() == nil)
		return a.At, err
	}
	x.conn, x.host = c, nil
	callHook(x.trace.CreateEnd)
	return a.At, nil
}

// queueForConn waits for a connection, or for a slot to make one.
func (x *exchange) queueForConn(ctx context.Context, awaiting *conn, now time.Time, fresh bool) error {
	start := now
	callHook(x.trace.QueuedStart)
	for x.conn == nil && x.host == nil {
		var g pool.Grant
		var err error
		if awaiting == nil {
			g, err = x.c.pool.Acquire(ctx, x.key, &x.ticket, now, fresh)
		} else {
			awaiting.h2.WatchStreams()
			g, err = x.c.pool.Requeue(ctx, x.key, awaiting, &x.ticket, fresh, awaiting.h2.HasStream)
		}
		if err != nil {
			x.times.queue += time.Since(start)
			callHook(x.trace.QueuedEnd)
			return err
		}
		x.takeGrant(g)
		now = time.Now()
		awaiting = x.skipUnusable(now, fresh)
	}
	x.times.queue += now.Sub(start)
	callHook(x.trace.QueuedEnd)
	return nil
}

// traceGotConn tells the trace of the connection.
func (x *exchange) traceGotConn(made bool, now time.Time) {
	t := x.clientTrace
	if t == nil || t.GotConn == nil {
		return
	}
	c := x.conn
	info := httptrace.GotConnInfo{Conn: c.netConn(), Reused: !made}
	info.WasIdle = !made && (c.h2 == nil || c.h2.InFlight() == 0)
	if info.WasIdle {
		info.IdleTime = max(now.Sub(c.idleSince()), 0)
	}
	t.GotConn(info)
}

// connectError gives the failure to get a connection its class. Whose deadline
// struck is decided by the contexts and the clock, not by the error: a socket
// that runs into any deadline says "i/o timeout".
func (x *exchange) connectError(ctx context.Context, err error, at classify.Endpoint, since time.Time) error {
	dial.AwaitDeadline(ctx)
	if own := x.contextError(); own != nil {
		return own
	}
	if ctx.Err() == nil {
		return dial.Failure(err, at)
	}
	var late *errors.TimeoutError
	if now := time.Now(); x.settings.Total.IsZero() || now.Before(x.settings.Total) {
		late = &errors.TimeoutError{
			Kind: errors.ErrConnectionTimeout, Phase: at.Phase, Limit: x.timeout.Connect,
			Elapsed: now.Sub(since), Host: x.key.Addr(),
		}
	} else {
		late = x.totalTimeoutError(at.Phase)
	}
	if at.Phase == errors.PhasePool {
		late.Err = x.c.explainWait(x.key)
	}
	return late
}
