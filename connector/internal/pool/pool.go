package pool

import (
	"context"
	"math"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

// Config is what a pool is made for. Zero and less of a number mean that there is
// no such bound.
type Config[K comparable] struct {
	Limit     int           // slots: requests under way
	PerHost   int           // of which for one key
	MaxIdle   int           // idle connections
	KeepAlive time.Duration // how long one may be idle
	MaxAge    time.Duration // how old one may become from its adoption on

	// OnGone is told of each adopted connection once it is gone, after the lock is free, by
	// who may hold locks of an engine. Nil: nobody.
	OnGone func(K, Conn)

	// MayMultiplex reports whether connections of a key may turn out to be
	// multiplexed; nil: none. It is called with the pool's lock held.
	MayMultiplex func(K) bool
}

// Pool has the connections of all hosts. Its methods may be called by several
// goroutines at once.
type Pool[K comparable] struct {
	core
	mayMultiplex func(K) bool
	hosts        map[K]*entry[K]
}

// entry is a host with its key.
type entry[K comparable] struct {
	Host
	key  K
	pool *Pool[K]
}

func (e *entry[K]) forgetHost() {
	if e.pool.hosts[e.key] == e {
		delete(e.pool.hosts, e.key)
	}
}

// New returns a pool without connections.
func New[K comparable](cfg Config[K]) *Pool[K] {
	p := &Pool[K]{mayMultiplex: cfg.MayMultiplex, hosts: map[K]*entry[K]{}}
	p.limit, p.maxIdle = orNone(cfg.Limit, math.MaxInt), orNone(cfg.MaxIdle, math.MaxInt)
	p.keepAlive, p.maxAge = orNone(cfg.KeepAlive, never), orNone(cfg.MaxAge, never)
	if tell := cfg.OnGone; tell != nil {
		p.onGone = func(c Conn) { // whose host does not change once it was adopted
			tell(c.Notes().host.home.(*entry[K]).key, c) //nolint:errcheck // it is the pool's own
		}
	}
	p.queue.perHost = orNone(cfg.PerHost, math.MaxInt)
	p.start, p.wakeAt, p.ended = time.Now(), never, make(chan struct{})
	p.dials = map[*Dial]struct{}{}
	p.open.kind, p.idle.kind, p.awaited.kind = byAge, byIdle, byAwait
	return p
}

func orNone[T int | time.Duration](bound, none T) T {
	if bound <= 0 {
		return none
	}
	return bound
}

// hostLocked finds the host of a key, or makes it.
func (p *Pool[K]) hostLocked(k K) *Host {
	e := p.hosts[k]
	if e == nil {
		e = &entry[K]{key: k, pool: p}
		e.home, e.pos = e, -1
		e.idle.kind, e.sharing.kind = byHost, byHost
		e.Host.mayMultiplex = p.mayMultiplex != nil && p.mayMultiplex(k)
		p.hosts[k] = e
	}
	return &e.Host
}

// TryAcquire serves a request of k if that needs no waiting; ok says so. A fresh
// request refuses idle connections, which may be dead. The error is
// ErrConnectorClosed, after Close for all and after Shutdown for new requests.
func (p *Pool[K]) TryAcquire(k K, t *Ticket, now time.Time, fresh bool) (g Grant, ok bool, err error) {
	p.mu.Lock()
	if err := p.admitLocked(t); err != nil {
		p.mu.Unlock()
		return Grant{}, false, err
	}
	if p.inUse >= p.limit { // and no host is made for nothing
		p.mu.Unlock()
		return Grant{}, false, nil
	}
	h := p.hostLocked(k)
	c, ok := p.serveRequestLocked(h, p.instantOf(now), fresh)
	closeConns(p.unlock())
	if !ok {
		return Grant{}, false, nil
	}
	return Grant{h, c}, true, nil
}

// Acquire is [Pool.TryAcquire] for a request that waits. The error is that, or the
// cause of the context's end.
func (p *Pool[K]) Acquire(ctx context.Context, k K, t *Ticket, now time.Time, fresh bool) (Grant, error) {
	p.mu.Lock()
	if err := p.admitLocked(t); err != nil {
		p.mu.Unlock()
		return Grant{}, err
	}
	h := p.hostLocked(k)
	if c, ok := p.serveRequestLocked(h, p.instantOf(now), fresh); ok {
		closeConns(p.unlock())
		return Grant{h, c}, nil
	}
	w := p.queueRequestLocked(h, t, p.instantOf(now), fresh)
	closeConns(p.unlock())
	return p.awaitGrant(ctx, w)
}

// Requeue is for a request that was given a stream which the engine of c does not
// have yet. It gives slot and stream back, and queues again in its old place.
// Nobody is given a stream of c until [Pool.StreamAvailable], and for a second
// nobody makes a connection in place of c.
//
// The engine may have got a stream in the meantime, which would then be told to
// nobody: hasStream is asked once c is marked, without the lock.
func (p *Pool[K]) Requeue(ctx context.Context, k K, c Conn, t *Ticket, fresh bool, hasStream func() bool) (Grant, error) {
	p.mu.Lock()
	if p.closed { // and c is gone
		p.mu.Unlock()
		return Grant{}, errors.ErrConnectorClosed
	}
	now := p.now()
	p.awaitStreamLocked(c.Notes(), now)
	h := p.hostLocked(k)
	w := p.queueRequestLocked(h, t, now, fresh)
	p.serveWaitersLocked(h, now)
	closeConns(p.unlock())
	if hasStream() {
		p.StreamAvailable(c)
	}
	return p.awaitGrant(ctx, w)
}

func (p *core) queueRequestLocked(h *Host, t *Ticket, now instant, fresh bool) *waiter {
	w := &waiter{host: h, place: t.place, since: now, fresh: fresh, grant: make(chan granted, 1)}
	p.enqueueLocked(w)
	return w
}

// awaitGrant waits for what a queued request is given.
func (p *core) awaitGrant(ctx context.Context, w *waiter) (Grant, error) {
	select {
	case g := <-w.grant:
		if g.err != nil {
			return Grant{}, g.err
		}
		return Grant{w.host, g.conn}, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	if w.queued {
		p.dequeueLocked(w)
		p.forgetHostLocked(w.host)
		closeConns(p.unlock())
		return Grant{}, context.Cause(ctx)
	}
	p.mu.Unlock()
	// It was served at the same moment: the slot must not be lost.
	switch g := <-w.grant; {
	case g.conn != nil:
		if !p.Release(g.conn, true, time.Now()) {
			g.conn.Close()
		}
	case g.err == nil:
		p.Forfeit(w.host, false)
	}
	return Grant{}, context.Cause(ctx)
}
