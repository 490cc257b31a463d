package cache

import (
	"context"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// Config says what a [Cache] keeps and for how long. The zero value works.
type Config struct {
	// Store keeps the responses; nil is a [Memory] of 64 MiB.
	Store Store
	// MaxBody is the size in bytes of the largest body that is kept. Larger
	// ones pass through. 0 is 8 MiB; negative is no limit.
	MaxBody int64
	// HeuristicMax bounds how long a response without Expires and max-age is
	// taken as fresh: a tenth of the time since its Last-Modified, and at most
	// this (RFC 9111 4.2.2). 0 is 24 hours; negative is never.
	HeuristicMax time.Duration
	// StaleWhileRevalidate is for how long after its end a response is still
	// used while a new one is fetched in the background, unless the response
	// says so itself (RFC 5861 3). 0 and negative are not at all.
	StaleWhileRevalidate time.Duration
	// StaleIfError is for how long after its end a response stands in if the
	// server fails or answers 500, 502, 503 or 504, unless the response says so
	// itself (RFC 5861 4). 0 and negative are not at all.
	StaleIfError time.Duration
	// RefreshTimeout bounds a fetch in the background. 0 is 30 seconds;
	// negative is no limit but [Cache.Close].
	RefreshTimeout time.Duration
	// OnError is told the errors of the store and of fetches in the background,
	// which no request returns. Nil tells nobody; they are counted anyway. It
	// may be called at any time by any goroutine.
	OnError func(error)
	// OnEvent is told where each response comes from, as [middleware.EventHit],
	// EventStale, EventRevalidated and EventMiss, and of those that were stored or
	// forgotten for want of room, as EventStored and EventEvicted: see
	// [middleware.Event]. Nil tells nobody.
	OnEvent func(ctx context.Context, e middleware.Event)
}

const (
	defaultMaxBody        = 8 << 20
	defaultMemory         = 64 << 20
	defaultHeuristicMax   = 24 * time.Hour
	defaultRefreshTimeout = 30 * time.Second
	noTimeout             = 100 * 365 * 24 * time.Hour
)

// Cache is a private cache after RFC 9111: the one that a browser has, for one
// user. [Cache.Wrap] is its [middleware.Middleware]; one Cache may be around several
// RoundTrippers and is safe for concurrent use. Requests with different
// Authorization fields do not share responses, nor with other values of what sounds
// like a secret, such as X-Api-Key ([errors.SensitiveHeader]) and the session's
// SensitiveHeaders, nor do those that a connector sends
// over different connections, because of a client certificate, a pin, or a proxy of
// their own; those that differ only in their
// cookies do, unless the server says "Vary: Cookie", so users who are told apart
// by cookies need a Cache each.
//
// It answers GET and HEAD, and keeps whole responses to GET. A request with a
// body, a range or a condition of its own, and an upgrade, pass by. A response
// that did not come from the server has an Age and a Cache-Status (RFC 9211) of
// "aiolos", and no TLS field. A response is kept once its body was read to the
// end.
type Cache struct {
	cfg    Config
	store  Store
	filler Filler // the store, if it is one
	stats  counters

	evicted atomic.Int64 // by the store, as far as it was told

	seed   maphash.Seed
	epochs [256]atomic.Uint64 // how often keys were forgotten, by their hash

	ctx        context.Context //nolint:containedctx // it ends the fetches in the background, which outlive their requests
	cancel     context.CancelFunc
	mu         sync.Mutex
	closed     bool
	refreshing map[string]bool // keys that are fetched in the background
	wg         sync.WaitGroup
}

// New makes a cache. Close it when nothing uses it any more.
func New(cfg Config) *Cache {
	if cfg.Store == nil {
		cfg.Store = NewMemory(0)
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.HeuristicMax == 0 {
		cfg.HeuristicMax = defaultHeuristicMax
	}
	if cfg.RefreshTimeout == 0 {
		cfg.RefreshTimeout = defaultRefreshTimeout
	} else if cfg.RefreshTimeout < 0 {
		cfg.RefreshTimeout = noTimeout
	}
	c := &Cache{cfg: cfg, store: cfg.Store, refreshing: map[string]bool{}, seed: maphash.MakeSeed()}
	c.evicted.Store(c.storeStats().Evicted) // before this one
	c.filler, _ = cfg.Store.(Filler)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Wrap is the cache's [middleware.Middleware].
func (c *Cache) Wrap(next http.RoundTripper) http.RoundTripper {
	return &transport{cache: c, next: next}
}

// Close ends the fetches in the background and waits for them; later ones do
// not begin. Requests still work, and the store is not touched. It returns nil,
// and may be called again.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.wg.Wait()
	return nil
}

// reportError counts an error that no request returns, and tells it.
func (c *Cache) reportError(op string, err error) {
	if err == nil {
		return
	}
	c.stats.errors.Add(1)
	if c.cfg.OnError != nil {
		c.cfg.OnError(&opError{op, err})
	}
}

// opError is an error of a store or of a fetch in the background.
type opError struct {
	op  string
	err error
}

func (e *opError) Error() string { return "cache: " + e.op + ": " + errors.RedactError(e.err) }
func (e *opError) Unwrap() error { return e.err }

func (e *opError) Is(target error) bool { return target == errors.ErrClient }

// epochOf changes when a key is invalidated, and also when another key of the same hash
// is. A response that was asked for in an older epoch may be from before the change
// that invalidated it, and is not kept.
func (c *Cache) epochOf(key string) *atomic.Uint64 {
	return &c.epochs[maphash.String(c.seed, key)%uint64(len(c.epochs))]
}

// openEntry is the store's Open, whose errors are misses.
func (c *Cache) openEntry(key string) *Entry {
	entry, err := c.store.Open(key)
	if err != nil {
		c.reportError("open", err)
		return nil
	}
	return entry
}

// findEntry returns the entry that fits a request, and its key.
func (c *Cache) findEntry(key string, req *http.Request) (*Entry, string) {
	entry := c.openEntry(key)
	if entry == nil || entry.Meta.Vary == nil {
		return entry, key
	}
	entry.Body.Close()
	key = variantKey(key, entry.Meta, req)
	if entry = c.openEntry(key); entry != nil && entry.Meta.Vary != nil {
		entry.Body.Close()
		return nil, key
	}
	return entry, key
}
