package middleware

import (
	"context"
	"net/http"

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
}

// Concurrency lets so many requests be under way at once; the others wait, in
// order, with their contexts. A request is under way until its response's body is
// closed or read to the end, so that a body that nobody closes keeps its
// place; a connection that was switched to another protocol counts no longer.
//
// What it returns is safe for concurrent use, and counts together all that goes
// through it, whatever it wraps.
func Concurrency(limit ConcurrencyLimit) Middleware {
	c := &concurrency{failFast: limit.FailFast}
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
	return func(next http.RoundTripper) http.RoundTripper {
		return &concurrencyTransport{c, requireNext(next)}
	}
}

type concurrency struct {
	failFast bool
	total    *semaphore.Weighted   // nil: no limit
	hosts    *hostTable[hostSlots] // nil: no limit
}

type hostSlots struct {
	slots *semaphore.Weighted
	users int // requests that wait or are under way
}

type concurrencyTransport struct {
	*concurrency
	next http.RoundTripper
}

// RoundTrip takes a slot of the host first, so that those who wait for a busy
// host do not keep others from going.
func (c *concurrencyTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := c.acquireSlots(req)
	if err != nil {
		return refuseRequest(req, err)
	}
	handed := false
	defer func() {
		if !handed {
			release()
		}
	}()
	resp, err := c.next.RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	onBodyDone(resp, release)
	handed = true
	return resp, nil
}

// acquireSlots takes both slots, or none.
func (c *concurrency) acquireSlots(req *http.Request) (release func(), err error) {
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
	if err := c.acquireSlot(ctx, slots, host); err != nil {
		leave()
		return nil, err
	}
	if err := c.acquireSlot(ctx, c.total, ""); err != nil {
		releaseSlot(slots)
		leave()
		return nil, err
	}
	return func() {
		releaseSlot(c.total)
		releaseSlot(slots)
		leave()
	}, nil
}

func (c *concurrency) acquireSlot(ctx context.Context, slots *semaphore.Weighted, host string) error {
	if slots == nil || slots.TryAcquire(1) {
		return nil
	}
	if c.failFast {
		return &LimitError{Kind: ErrConcurrency, Host: host}
	}
	if err := slots.Acquire(ctx, 1); err != nil {
		return httprule.ContextError(ctx)
	}
	return nil
}

func releaseSlot(slots *semaphore.Weighted) {
	if slots != nil {
		slots.Release(1)
	}
}
