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
//	nothing ──► host: a slot, and the permission to dial ──► conn, not begun ──► begun
//	   │                                                        ▲
//	   └────────────── an idle connection, or a stream ─────────┘

// connect gets a connection: an idle one, or a new one if fresh or if there is
// none. Only the way that takes time pays for its timeouts.
func (x *exchange) connect(fresh bool) error {
	now := x.timing.Start
	if x.timing.Retried {
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
			x.take(g)
		}
	}
	lagging := x.skipUnusable(now, fresh)
	made := false
	if x.conn == nil {
		var err error
		if made, now, err = x.connectSlowly(lagging, fresh, now); err != nil {
			return err
		}
	}
	if !made {
		call(x.trace.Reused)
	}
	x.tellGotConn(made, now)
	x.begin(now)
	if x.conn.h2 != nil && x.closes {
		x.c.pool.Retire(x.conn)
	}
	return nil
}

// take notes what the pool has given.
func (x *exchange) take(g pool.Grant) {
	x.host = g.Host
	if g.Conn != nil {
		x.conn, x.host = g.Conn.(*conn), nil //nolint:errcheck // the pool holds nothing else
	}
}

// skipUnusable goes on from a connection that was lent but is dead to the next one, or to
// the permission to dial, in the same slot. lagging is one of HTTP/2 whose streams will
// come; the slot is not given back yet. With neither conn nor host nor that the slot is lost.
func (x *exchange) skipUnusable(now time.Time, fresh bool) (lagging *conn) {
	for x.conn != nil {
		c := x.conn
		usable, lags := c.isUsable(x.settings.LateLook)
		if usable {
			return nil
		}
		x.conn = nil
		if lags {
			return c
		}
		x.replace(c, now, fresh)
	}
	return nil
}

// replace gives the dead connection back and keeps its slot, if it has one still.
func (x *exchange) replace(c *conn, now time.Time, fresh bool) {
	h := c.notes.Host()
	if next, ok := x.c.pool.Another(c, now, fresh); ok {
		x.take(pool.Grant{Host: h, Conn: next})
	}
	c.Close() // if the pool had forgotten it already
}

// connectSlowly waits for a slot if there is none, and dials if the slot comes
// without a connection, all within the connect and total timeouts.
func (x *exchange) connectSlowly(lagging *conn, fresh bool, now time.Time) (made bool, gotten time.Time, err error) {
	ctx, deadline := x.ctx, x.settings.Total
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
		err = x.queue(ctx, lagging, now, fresh)
	}
	if err == nil && x.conn == nil {
		made = true
		at, err = x.dial(ctx)
	}
	if err != nil {
		return made, now, x.connectError(ctx, err, at, now)
	}
	return made, time.Now(), nil
}

// dial makes a connection in the slot that the exchange has.
func (x *exchange) dial(ctx context.Context) (classify.Endpoint, error) {
	call(x.trace.CreateStart)
	c, a, err := x.c.dialer.open(ctx, x.key, x.host, max(x.timeout.SockConnect, 0), x.trace)
	t := &x.timing
	t.DNS, t.Connect, t.TLS, t.CachedDNS = a.DNS, a.Connect, a.Attempt.TLS, a.CachedDNS
	if err != nil {
		h := x.host
		x.host = nil
		x.c.pool.Forfeit(h, ctx.Err() == nil)
		return a.At, err
	}
	x.conn, x.host = c, nil
	call(x.trace.CreateEnd)
	return a.At, nil
}

// queue waits for a connection, or for a slot to make one.
func (x *exchange) queue(ctx context.Context, lagging *conn, now time.Time, fresh bool) error {
	start := now
	call(x.trace.QueuedStart)
	for x.conn == nil && x.host == nil {
		var g pool.Grant
		var err error
		if lagging == nil {
			g, err = x.c.pool.Acquire(ctx, x.key, &x.ticket, now, fresh)
		} else {
			lagging.h2.WatchStreams()
			g, err = x.c.pool.Requeue(ctx, x.key, lagging, &x.ticket, fresh, lagging.h2.HasStream)
		}
		if err != nil {
			x.timing.Queue += time.Since(start)
			call(x.trace.QueuedEnd)
			return err
		}
		x.take(g)
		now = time.Now()
		lagging = x.skipUnusable(now, fresh)
	}
	x.timing.Queue += now.Sub(start)
	call(x.trace.QueuedEnd)
	return nil
}

// tellGotConn tells the trace of the connection.
func (x *exchange) tellGotConn(made bool, now time.Time) {
	t := x.clientTrace
	if t == nil || t.GotConn == nil {
		return
	}
	c := x.conn
	info := httptrace.GotConnInfo{Conn: c.nc, Reused: !made}
	since := c.idleSince
	if c.h2 != nil {
		info.WasIdle = !made && c.h2.InFlight() == 0
		since = c.info.Created.Add(time.Duration(c.ended.Load()))
	} else {
		info.WasIdle = !made
	}
	if info.WasIdle {
		info.IdleTime = max(now.Sub(since), 0)
	}
	t.GotConn(info)
}

// connectError gives the failure to get a connection its class. Whose deadline
// struck is decided by the contexts and the clock, not by the error: a socket
// that runs into any deadline says "i/o timeout".
func (x *exchange) connectError(ctx context.Context, err error, at classify.Endpoint, since time.Time) error {
	dial.CatchUp(ctx)
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
		late = x.totalTimeout(at.Phase)
	}
	if at.Phase == errors.PhasePool {
		late.Err = x.c.explainWait(x.key)
	}
	return late
}
