package fleet

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// placesReport is what Redis is told at once.
type placesReport struct {
	ctx    context.Context //nolint:containedctx // of a request that it is about: a failure is told with it
	signed []any
	at     time.Time
	all    bool
	gone   int // how many of the gate's
	held   []*place
	asked  []*place
}

// report has Redis told what has changed, or everything.
func (g *gate) report(all bool) {
	g.changed, g.all = true, g.all || all
	if !g.running {
		g.running = true
		go g.run() // it ends when there is nothing more to say
	}
}

// run tells Redis until there is nothing more to say.
func (g *gate) run() {
	c := g.limiter
	c.mu.Lock()
	defer c.mu.Unlock()
	for g.changed {
		r := g.collect()
		if len(r.signed) == 0 {
			break
		}
		c.mu.Unlock()
		answer, err := g.tellPlaces(r.ctx, r.signed)
		c.mu.Lock()
		if err != nil {
			g.failed(err)
			break
		}
		lost := g.apply(r, answer)
		c.mu.Unlock()
		c.tellLost(lost)
		c.mu.Lock()
	}
	g.changed, g.running = false, false
	g.schedule()
}

// collect is what there is to tell. Only as many are asked for as there can be places.
func (g *gate) collect() *placesReport {
	r := &placesReport{ctx: context.Background(), at: time.Now(), gone: len(g.gone)}
	r.all = g.all || r.at.Sub(g.saidAll) >= g.limiter.fleet.cfg.Lease/3
	g.changed, g.all = false, false
	for _, id := range g.gone {
		r.signed = append(r.signed, "-"+id)
	}
	if r.all {
		for id, p := range g.held {
			r.signed, r.held = append(r.signed, "="+id), append(r.held, p)
			p.told = r.at
		}
	}
	sign := "?"
	if g.limiter.cfg.FailFast {
		sign = "+"
	}
	rank := 0
	for e := g.waiting.Front(); e != nil && rank < g.limit; e, rank = e.Next(), rank+1 {
		if p := placeOf(e); p.told.IsZero() || r.all {
			r.signed, r.asked = append(r.signed, sign+p.id), append(r.asked, p)
			p.told = r.at
		}
	}
	if len(r.asked) > 0 {
		r.ctx = context.WithoutCancel(r.asked[0].ctx)
	}
	return r
}

// apply does what follows from the answer, and returns what was lost.
func (g *gate) apply(r *placesReport, answer placesAnswer) (lost []*place) {
	g.down, g.answered = nil, time.Now()
	g.nextFree = time.Duration(answer.first) * time.Millisecond
	g.gone = append([]string(nil), g.gone[r.gone:]...)
	if r.all {
		g.saidAll = r.at
	}
	missing := map[string]bool{}
	for _, id := range answer.lost {
		missing[id] = true
	}
	for _, p := range r.held {
		if p.shared && missing[p.id] {
			lost = append(lost, p)
		}
		p.shared = true
	}
	for _, id := range answer.had {
		g.handed(id)
	}
	for _, p := range r.asked {
		if p.queue != nil && g.limiter.cfg.FailFast {
			p.told = time.Time{} // it is in no queue
			g.end(p, g.full())
		}
	}
	g.askNext()
	if answer.unknown > 0 && !r.all && len(g.held) > 0 {
		g.changed, g.all = true, true // others may be lost too
	}
	return lost
}

// askNext has those asked for that have moved up.
func (g *gate) askNext() {
	rank := 0
	for e := g.waiting.Front(); e != nil; e, rank = e.Next(), rank+1 {
		p := placeOf(e)
		p.queued = true
		if rank < g.limit && p.told.IsZero() {
			g.changed = true
		}
	}
}

// maxGone is how many places are kept in mind that Redis does not hear are given back. Those
// that are forgotten, if they were ever had, end with their lease.
const maxGone = 1024

// failed is the end of a command that nobody has answered. What it would have said is said
// again: everything.
func (g *gate) failed(err error) {
	g.down, g.all = err, true
	g.gone = append([]string(nil), g.gone[max(len(g.gone)-maxGone, 0):]...)
	g.tryAt = time.Now().Add(max(g.limiter.fleet.cfg.RetryAfter, 0))
	g.serveAlone()
}

// tellLost tells of requests under way whose places were gone.
func (c *ConcurrencyLimiter) tellLost(lost []*place) {
	c.count.lost.Add(int64(len(lost)))
	for _, p := range lost {
		c.fleet.tell(p.ctx, middleware.Event{Policy: concurrencyPart, Kind: EventPlaceLost, Host: p.origin})
	}
}

// schedule sets the timer for the next report, or forgets a gate that nobody uses.
func (g *gate) schedule() {
	c := g.limiter
	if g.running {
		return
	}
	if g.waiting.Len()+len(g.held)+len(g.gone) == 0 {
		if g.timer != nil {
			g.timer.Stop()
		}
		delete(c.gates, g.tag)
		return
	}
	if g.timer == nil {
		g.timer = time.AfterFunc(time.Hour, g.beat)
	}
	g.timer.Reset(max(g.nextReport(), 0))
}

func (g *gate) beat() {
	g.limiter.mu.Lock()
	defer g.limiter.mu.Unlock()
	if g.limiter.gates[g.tag] == g {
		g.report(true)
	}
}

// nextReport is after what time Redis is to be told everything: three times in a lease, and
// when a place ends that somebody may have died with. Without messages, who waits has to ask.
func (g *gate) nextReport() time.Duration {
	fleet := g.limiter.fleet
	if g.down != nil {
		return fleet.retryEvery()
	}
	next := time.Until(g.saidAll.Add(fleet.cfg.Lease / 3))
	if g.waiting.Len() == 0 {
		return next
	}
	if g.nextFree > 0 {
		next = min(next, time.Until(g.answered.Add(g.nextFree))+time.Millisecond+rand.N(5*time.Millisecond)) //nolint:gosec // a wait is no secret
	}
	if !fleet.inbox.connected.Load() {
		next = min(next, fleet.cfg.Lease/10, maxPoll)
	}
	return next
}

// maxPoll is how often those ask who get no messages.
const maxPoll = 250 * time.Millisecond
