package fleet

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// ConcurrencyConfig is how many requests may be under way at once in the whole fleet. At
// least one of PerHost and Total is needed; without, every request is refused with an
// [errors.InvalidRequestError].
type ConcurrencyConfig struct {
	// Name tells limits apart: those of one name, in any process, are one, and should be
	// configured alike. Empty is a name too.
	Name string
	// PerHost is for each scheme, host and port, or for each Key. 0 and negative are no
	// limit.
	PerHost int
	// Total is for all of them together. 0 and negative are no limit.
	Total int
	// Key is what PerHost counts by. It must not change the request. Keys are hashed before
	// Redis gets them; a request whose key is empty is not limited by PerHost. nil is the
	// origin.
	Key func(req *http.Request) string
	// FailFast refuses what has no room, with a [*middleware.LimitError], instead of
	// waiting.
	FailFast bool
}

// EventPlaceLost is the kind of [middleware.Event] of a request under way whose place is
// gone, since this process had said nothing for the lease, or Redis has lost its data. The
// request goes on, and counts again from now on: see [Fleet.Concurrency].
const EventPlaceLost middleware.EventKind = "place lost"

// Concurrency lets so many requests be under way at once in all processes of the fleet; the
// others wait with their contexts, in the order of their arrival. A request is under way
// until its response's body is closed or read to the end, as with [middleware.Concurrency],
// whose errors and events it has: a [*middleware.LimitError] with
// [middleware.ErrConcurrency] for what FailFast refuses.
//
// A place is taken for [Config].Lease, and renewed three times in that time until it is
// given back. A process that dies loses its places at the end of the lease, and so does one
// that stands still for longer. When such a one goes on its requests are still under way, and
// nobody can take them back: it notices at once, tells [EventPlaceLost], and puts them back
// into the count, above the limit if need be, so that nobody gets a new place until there
// are less than the limit. The same brings the count in order, within a third of the lease,
// when Redis has lost it.
//
// While Redis does not answer, [Local] lets this process have its share of the limit, at
// least one, with what is under way; [Refuse] refuses what is not, with an
// [*UnavailableError]. In both cases, what is under way goes on, and is counted when Redis
// is back.
func (f *Fleet) Concurrency(cfg ConcurrencyConfig) *ConcurrencyLimiter {
	c := &ConcurrencyLimiter{fleet: f, cfg: cfg, caller: f.caller(concurrencyPart), gates: map[string]*gate{}}
	c.owner = f.id + "." + strconv.FormatInt(f.owners.Add(1), 36)
	if cfg.PerHost <= 0 && cfg.Total <= 0 {
		c.err = &errors.InvalidRequestError{Field: concurrencyPart, Reason: "neither PerHost nor Total"}
	}
	if cfg.Key == nil {
		c.cfg.Key = middleware.HostOf
	}
	f.inbox.read(inboxReader{topic: "place", message: c.placeHanded, again: c.askAgain})
	return c
}

// ConcurrencyLimiter is made by [Fleet.Concurrency], since its zero value has no fleet. It
// is safe for concurrent use, and counts together all that goes through it, whatever it
// wraps.
type ConcurrencyLimiter struct {
	fleet  *Fleet
	cfg    ConcurrencyConfig
	err    error
	caller *caller
	owner  string // begins the names of all its places
	count  struct{ sent, waited, waitTime, refused, lost atomic.Int64 }

	mu    sync.Mutex // of all gates
	gates map[string]*gate
	last  int64 // number of a place
}

// Wrap is the [middleware.Middleware].
func (c *ConcurrencyLimiter) Wrap(next http.RoundTripper) http.RoundTripper {
	return middleware.Admit(next, c.admit)
}

// admit takes both places, or none: that of the host first, so that those who wait for a
// busy host do not keep others from going.
func (c *ConcurrencyLimiter) admit(req *http.Request) (release func(), err error) {
	if c.err != nil {
		return nil, c.err
	}
	ctx, origin := req.Context(), middleware.HostOf(req)
	var host, total *place
	admitted := false
	defer func() { // also when a hook panics
		if !admitted {
			c.giveBack(host)
		}
	}()
	if key := c.cfg.Key(req); c.cfg.PerHost > 0 && key != "" {
		if host, err = c.take(ctx, "host "+key, origin, origin, c.cfg.PerHost); err != nil {
			return nil, err
		}
	}
	if c.cfg.Total > 0 {
		if total, err = c.take(ctx, "total", "", origin, c.cfg.Total); err != nil {
			return nil, err
		}
	}
	admitted = true
	c.count.sent.Add(1)
	return func() {
		c.giveBack(total)
		c.giveBack(host)
	}, nil
}

// take waits for a place of the gate with that key. limited is what an error says is
// limited, and origin what an event says of the request.
func (c *ConcurrencyLimiter) take(ctx context.Context, key, limited, origin string, limit int) (*place, error) {
	if ctx.Err() != nil {
		return nil, middleware.ContextError(ctx)
	}
	began := time.Now()
	c.mu.Lock()
	p := c.gateOf(key, limited, limit).join(ctx, origin)
	c.mu.Unlock()
	taken := false
	defer func() { // also when a hook panics
		if !taken {
			c.giveBack(p)
		}
	}()
	err := p.await(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		c.count.refused.Add(1)
		c.fleet.tell(ctx, middleware.Event{Policy: concurrencyPart, Kind: middleware.EventRefused, Host: origin, Err: err})
	case err != nil || p.queued:
		took := time.Since(began)
		c.count.waited.Add(1)
		c.count.waitTime.Add(int64(took))
		c.fleet.tell(ctx, middleware.Event{Policy: concurrencyPart, Kind: middleware.EventWaited, Host: origin, Wait: took, Err: err})
	}
	if err != nil {
		return nil, err
	}
	taken = true
	return p, nil
}

// giveBack ends what the place was for, whether it was had or waited for.
func (c *ConcurrencyLimiter) giveBack(p *place) {
	if p == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.gate.remove(p)
}

// placeHanded is the message that somebody has handed a place over: the tag of the gate and
// the name of the place.
func (c *ConcurrencyLimiter) placeHanded(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tag, id, _ := strings.Cut(text, " ")
	if g := c.gates[tag]; g != nil {
		g.handed(id)
	}
}

// askAgain looks, where somebody waits, whether a message was lost.
func (c *ConcurrencyLimiter) askAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.gates {
		if g.waiting.Len() > 0 {
			g.report(true)
		}
	}
}
