package fleet

import (
	"container/list"
	"context"
	"strconv"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// gate is the limit for one key, as this process sees it: who waits for a place, who has
// one, and which ones Redis has not yet heard that they are given back. One goroutine at a
// time tells Redis all that has changed since the last time, and reads what follows from it
// ([gate.run]); so many requests that come and go at once are one command. All of it is used
// under the lock of the limiter, but for the command.
//
//	          asked, and the answer or
//	          a message says so
//	waiting ---------------------------> held ------------> gone ------------> forgotten
//	   |                                  ^      removed       ^  Redis has heard
//	   +----------------------------------+                    |
//	   |  Redis does not answer: by share                      |
//	   +-------------------------------------------------------+
//	      refused, or its context has ended, after it was asked
//
// A place keeps its name all the time, so that to ask once more, after an answer was lost,
// has the same effect as to ask once.
type gate struct {
	limiter *ConcurrencyLimiter
	tag     string
	limited string // what an error says is limited
	limit   int

	waiting list.List // of *place, in the order of arrival
	held    map[string]*place
	gone    []string // given back, and Redis may know them

	running  bool // the goroutine is there
	changed  bool // it has something to say
	all      bool // namely everything: places are renewed, answers that were lost are found
	down     error
	tryAt    time.Time     // down: not before
	saidAll  time.Time     // when Redis was last told everything, or had nothing to know
	nextFree time.Duration // after the last answer: when a place ends that nobody may renew
	answered time.Time
	timer    *time.Timer
}

// place is one request's, before, while and after it has it.
type place struct {
	gate   *gate
	id     string
	origin string
	ctx    context.Context //nolint:containedctx // the request's: events are told with it
	ended  chan struct{}   // closed when the waiting is over
	err    error           // then: nil, it has the place
	told   time.Time       // when Redis was last told of it; zero: never
	shared bool            // Redis has said that it has the place
	queued bool            // there was no room at first
	queue  *list.Element   // in waiting; nil: it is not there
}

// await waits until the place is had or refused.
func (p *place) await(ctx context.Context) error {
	select {
	case <-p.ended:
		return p.err
	default:
	}
	defer middleware.NoteWait(ctx, concurrencyPart)()
	select {
	case <-p.ended:
		return p.err
	case <-ctx.Done():
		return middleware.ContextError(ctx)
	}
}

// gateOf is the gate of a key, which may be foreign.
func (c *ConcurrencyLimiter) gateOf(key, limited string, limit int) *gate {
	tag := hashTag(c.cfg.Name, key)
	g := c.gates[tag]
	if g == nil {
		g = &gate{limiter: c, tag: tag, limited: limited, limit: limit, held: map[string]*place{}, saidAll: time.Now()}
		c.gates[tag] = g
	}
	return g
}

// join puts a request at the end of the queue.
func (g *gate) join(ctx context.Context, origin string) *place {
	c := g.limiter
	c.last++
	p := &place{gate: g, id: c.owner + "/" + strconv.FormatInt(c.last, 36), origin: origin, ctx: ctx, ended: make(chan struct{})}
	p.queue = g.waiting.PushBack(p)
	mayTry := g.down == nil || !time.Now().Before(g.tryAt)
	if g.down != nil && (!mayTry || c.fleet.cfg.Unavailable == Local) {
		g.serveAlone()
	}
	if mayTry {
		g.report(false)
	}
	return p
}

// end ends the waiting of a place: it is had, or refused.
func (g *gate) end(p *place, err error) {
	g.waiting.Remove(p.queue)
	p.queue, p.err = nil, err
	if err == nil {
		g.held[p.id] = p
	} else if !p.told.IsZero() {
		g.gone = append(g.gone, p.id)
	}
	close(p.ended)
}

// remove takes a place away from whoever waits for it or has it.
func (g *gate) remove(p *place) {
	switch {
	case p.queue != nil:
		g.waiting.Remove(p.queue)
		p.queue = nil
	case g.held[p.id] == p:
		delete(g.held, p.id)
	default:
		return
	}
	if !p.told.IsZero() {
		g.gone = append(g.gone, p.id)
	}
	if g.down != nil {
		g.serveAlone()
		g.schedule()
		return
	}
	g.report(false)
}

// handed is the news that the place is this process's now. It lasts, by the clock of Redis,
// for a lease from when Redis was last told of it, so that if this process has stood still
// for longer it may be somebody else's: then Redis is asked.
func (g *gate) handed(id string) {
	p := g.find(id)
	if p == nil {
		return // it has left, and Redis hears of that
	}
	if time.Since(p.told) >= g.limiter.fleet.cfg.Lease {
		g.report(true)
		return
	}
	p.shared = true
	g.end(p, nil)
}

// find is who waits under that name.
func (g *gate) find(id string) *place {
	for e := g.waiting.Front(); e != nil; e = e.Next() {
		if p := placeOf(e); p.id == id {
			return p
		}
	}
	return nil
}

func placeOf(e *list.Element) *place {
	return e.Value.(*place) //nolint:errcheck,forcetypeassert // there is nothing else in it
}

// serveAlone does what is to be done without Redis.
func (g *gate) serveAlone() {
	fleet := g.limiter.fleet
	share := max(int(fleet.share(float64(g.limit))), 1)
	var next *list.Element
	for e := g.waiting.Front(); e != nil; e = next {
		next = e.Next()
		switch p := placeOf(e); {
		case fleet.cfg.Unavailable == Refuse:
			g.end(p, g.down)
		case len(g.held) < share:
			g.end(p, nil)
		case g.limiter.cfg.FailFast:
			g.end(p, g.full())
		default:
			p.queued = true
		}
	}
}

// full is the error of a request that does not wait.
func (g *gate) full() error {
	return &middleware.LimitError{Kind: middleware.ErrConcurrency, Host: g.limited}
}
