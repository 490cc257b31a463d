package cache

import (
	"net/http"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// Stats counts what a [Cache] did since it was made.
//
// Each request that is looked up is one of Hits, Misses, Validated and Replaced.
type Stats struct {
	Hits        int64 // answered with what is kept, stale ones included
	Stale       int64 // of these, after its end
	Misses      int64 // nothing kept that fits, or that could be asked after
	Validated   int64 // kept, asked after, and still right
	Replaced    int64 // kept, asked after, and replaced
	Refreshes   int64 // fetches in the background that began
	Invalidated int64 // URLs forgotten after an unsafe request
	Errors      int64 // of the store and of fetches in the background
	Stored      int64 // responses
	// Evicted counts entries that the store has forgotten for want of room, Entries are
	// those that it has, and Bytes about what they take. They are 0 for a store without
	// a method StoreStats; a [Dir] does not count its entries.
	Evicted, Entries, Bytes int64
}

// StoreStats is what a [Store] tells of itself, if it has a method StoreStats() that
// returns it; [Memory] and [Dir] have. See [Stats] for the fields.
type StoreStats struct{ Evicted, Entries, Bytes int64 }

type counters struct {
	hits, stale, misses, validated, replaced, refreshes, invalidated, errors, stored atomic.Int64
}

// Stats returns the counters.
func (c *Cache) Stats() Stats {
	s, store := &c.stats, c.storeStats()
	return Stats{
		Stored: s.stored.Load(), Evicted: store.Evicted, Entries: store.Entries, Bytes: store.Bytes,
		Hits: s.hits.Load(), Stale: s.stale.Load(), Misses: s.misses.Load(), Validated: s.validated.Load(),
		Replaced: s.replaced.Load(), Refreshes: s.refreshes.Load(), Invalidated: s.invalidated.Load(), Errors: s.errors.Load(),
	}
}

func (c *Cache) storeStats() StoreStats {
	if known, ok := c.store.(interface{ StoreStats() StoreStats }); ok {
		return known.StoreStats()
	}
	return StoreStats{}
}

// countSource counts where the response of a request comes from, and tells it. It is called
// once for each request that is looked up. status is that of the response, if it is there.
func (x *exchange) countSource(kind middleware.EventKind, status int) {
	s := &x.cache.stats
	switch kind {
	case middleware.EventHit:
		s.hits.Add(1)
	case middleware.EventStale:
		s.hits.Add(1)
		s.stale.Add(1)
	case middleware.EventRevalidated:
		s.validated.Add(1)
	default:
		s.misses.Add(1)
	}
	x.cache.tellEvent(x.req, middleware.Event{Kind: kind, Status: status})
}

// countReplaced is countSource for a response that takes the place of what is kept.
func (x *exchange) countReplaced(status int) {
	x.cache.stats.replaced.Add(1)
	x.cache.tellEvent(x.req, middleware.Event{Kind: middleware.EventMiss, Status: status, Reason: "replaced"})
}

// countStored counts a response that was stored, and tells it.
func (c *Cache) countStored(req *http.Request, status int) {
	c.stats.stored.Add(1)
	c.tellEvent(req, middleware.Event{Kind: middleware.EventStored, Status: status})
	c.tellEvictions(req)
}

// tellEvictions tells what the store has forgotten since the last time, of which the
// request is the cause, or one of several at the same time.
func (c *Cache) tellEvictions(req *http.Request) {
	if c.cfg.OnEvent == nil {
		return
	}
	now := c.storeStats().Evicted
	for told := c.evicted.Load(); told < now; told = c.evicted.Load() {
		if !c.evicted.CompareAndSwap(told, now) {
			continue
		}
		for range now - told {
			c.tellEvent(req, middleware.Event{Kind: middleware.EventEvicted})
		}
	}
}

// tellEvent tells it to whoever listens.
func (c *Cache) tellEvent(req *http.Request, e middleware.Event) {
	if on := c.cfg.OnEvent; on != nil {
		e.Policy, e.Host = "cache", httprule.OriginOf(req.URL).String()
		on(req.Context(), e)
	}
}
