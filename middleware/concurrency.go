package middleware

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// ConcurrencyLimit is how many requests may be under way at once.
type ConcurrencyLimit struct {
	// Total is for all hosts together. 0 is 100, negative is no limit.
	Total int
	// PerHost is for each scheme, host and port. 0 and negative are no limit.
	PerHost int
	// FailFast refuses what has no room, with a [*LimitError], instead of waiting.
	FailFast bool
	// OnEvent is told what happens, as [EventWaited] and [EventRefused]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// Concurrency lets so many requests be under way at once; the others wait, in
// order, with their contexts. A request is under way until its response's body is
// closed or read to the end, so that a body that nobody closes keeps its
// place; a connection that was switched to another protocol counts no longer.
//
// What it returns is safe for concurrent use, and counts together all that goes
// through it, whatever it wraps.
func Concurrency(limit ConcurrencyLimit) Middleware { return NewConcurrencyLimiter(limit).Wrap }

// ConcurrencyLimiter is what [Concurrency] makes its middleware of. It is made by
// [NewConcurrencyLimiter], since its zero value has no settings, and is safe for concurrent use.
type ConcurrencyLimiter struct {
	limit ConcurrencyLimit
	total *semaphore.Weighted   // nil: no limit
	hosts *hostTable[hostSlots] // nil: no limit
	count struct{ underWay, waiting, sent, waited, refused, waitTime atomic.Int64 }
}

// NewConcurrencyLimiter is [Concurrency] with a way to ask for its state.
func NewConcurrencyLimiter(limit ConcurrencyLimit) *ConcurrencyLimiter {
	c := &ConcurrencyLimiter{limit: limit}
	if limit.Total == 0 {
		limit.Total = 100
	}
	if limit.Total > 0 {
		c.total = semaphore.NewWeighted(int64(limit.Total))
	}
	if limit.PerHost > 0 {
		c.hosts = &hostTable[hostSlots]{
			fresh: func() *hostSlots { return &hostSlots{slots: semaphore.NewWeighted(int64(limit.PerHost))} },
			idle:  func(h *hostSlots) bool { return h.users == 0 },
			busy:  func(h *hostSlots) bool { return h.users > 0 },
		}
	}
	return c
}

// Wrap is the [Middleware].
func (c *ConcurrencyLimiter) Wrap(next http.RoundTripper) http.RoundTripper {
	return Admit(next, c.acquireSlots)
}

type hostSlots struct {
	slots *semaphore.Weighted
	users int // requests that wait or are under way
}

// acquireSlots takes both slots, or none: that of the host first, so that those who wait
// for a busy host do not keep others from going.
func (c *ConcurrencyLimiter) acquireSlots(req *http.Request) (release func(), err error) {
	ctx, host := req.Context(), httprule.OriginOf(req.URL).String()
	var slots *semaphore.Weighted
	if c.hosts != nil {
		c.hosts.withHost(host, func(h *hostSlots) {
			h.users++
			slots = h.slots
		})
	}
	leave := func() {
		if slots != nil {
			c.hosts.withHost(host, func(h *hostSlots) { h.users-- })
		}
	}
	held, admitted := false, false
	defer func() { // also when a hook panics
		if admitted {
			return
		}
		if held {
			releaseSlot(slots)
		}
		leave()
	}()
	if err := c.acquireSlot(ctx, slots, host, host); err != nil {
		return nil, err
	}
	held = true
	if err := c.acquireSlot(ctx, c.total, "", host); err != nil {
		return nil, err
	}
	admitted = true
	c.count.sent.Add(1)
	c.count.underWay.Add(1)
	return func() {
		c.count.underWay.Add(-1)
		releaseSlot(c.total)
		releaseSlot(slots)
		leave()
	}, nil
}

// acquireSlot takes a slot of a host, or, with an empty limited, of all together, for a
// request to the host.
func (c *ConcurrencyLimiter) acquireSlot(ctx context.Context, slots *semaphore.Weighted, limited, host string) (err error) {
	if slots == nil || slots.TryAcquire(1) {
		return nil
	}
	if c.limit.FailFast {
		c.count.refused.Add(1)
		err = &LimitError{Kind: ErrConcurrency, Host: limited}
		tellEvent(c.limit.OnEvent, ctx, Event{Policy: concurrencyPolicy, Kind: EventRefused, Host: host, Err: err})
		return err
	}
	began := time.Now()
	c.count.waiting.Add(1)
	noLonger := NoteWait(ctx, concurrencyPolicy)
	if slots.Acquire(ctx, 1) != nil {
		err = httprule.ContextError(ctx)
	}
	noLonger()
	took := time.Since(began)
	c.count.waiting.Add(-1)
	c.count.waited.Add(1)
	c.count.waitTime.Add(int64(took))
	told := false
	defer func() {
		if !told && err == nil {
			slots.Release(1) // the hook has panicked
		}
	}()
	tellEvent(c.limit.OnEvent, ctx, Event{Policy: concurrencyPolicy, Kind: EventWaited, Host: host, Wait: took, Err: err})
	told = true
	return err
}

const concurrencyPolicy = "concurrency"

func releaseSlot(slots *semaphore.Weighted) {
	if slots != nil {
		slots.Release(1)
	}
}
