package fleet

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"
)

// CacheStore is a [cache.Store] in Redis, for the caches of all processes of a fleet: what
// one has fetched all have, and what one forgets all forget. It is a [cache.Filler]: one
// process asks the server for what all want, and the others wait, until it has it or has
// said nothing for the lease. It is made by [Fleet.Cache] and safe for concurrent use; a
// cache that uses it may be closed at any time.
//
// Bodies go in and out in pieces of 64 KiB, each with a sum. What is wrong, or not there, in
// the head or the first 320 KiB counts as missing; behind them reading fails with an
// [errors.ClientPayloadError], and so it does if Redis is gone by then. The keys have hashes of the URLs in their
// names; heads and bodies lie in Redis in the clear.
type CacheStore struct {
	cfg    CacheConfig
	fleet  *Fleet
	reads  *caller
	writes *caller // of a Redis that is full or read-only, which still reads
	ends   *caller // of leases after a write that has failed
	local  *localStore

	mu      sync.Mutex
	flights map[string]*flight
	leads   map[string]*lead
	pending map[string]struct{} // keys that could not be deleted

	pendingLen atomic.Int64
	count      struct{ opened, found, stored, bytes, damaged, refused, filled, waited, deleted atomic.Int64 }
}

var (
	_ cache.Store  = (*CacheStore)(nil)
	_ cache.Filler = (*CacheStore)(nil)
)

// Cache is a store for [cache.Config].Store. The zero value of cfg works.
func (f *Fleet) Cache(cfg CacheConfig) *CacheStore {
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.KeepStale == 0 {
		cfg.KeepStale = defaultKeepStale
	}
	if cfg.MaxKeep == 0 {
		cfg.MaxKeep = defaultMaxKeep
	}
	cfg.KeepStale, cfg.MaxKeep = max(cfg.KeepStale, 0), max(cfg.MaxKeep, time.Second)
	s := &CacheStore{
		cfg: cfg, fleet: f, reads: f.caller(cachePart), writes: f.caller(cacheWritesPart),
		ends:    &caller{fleet: f, part: cacheWritesPart, quiet: true},
		flights: map[string]*flight{}, leads: map[string]*lead{}, pending: map[string]struct{}{},
	}
	if cfg.LocalBytes > 0 && f.cfg.Unavailable == Local {
		s.local = &localStore{limit: cfg.LocalBytes}
	}
	return s
}

// Open is one round trip. A body of more than one piece takes another one for the next
// four, at once, since without them the entry counts as missing, and then one for four
// pieces as it is read.
func (s *CacheStore) Open(key string) (*cache.Entry, error) {
	s.count.opened.Add(1)
	entry, err := s.openEntry(key)
	switch {
	case err == nil:
		s.local.drop()
	case s.local != nil && isUnavailable(err):
		return s.local.memory().Open(key)
	}
	if entry != nil {
		s.count.found.Add(1)
	}
	return entry, err
}

func (s *CacheStore) openEntry(key string) (*cache.Entry, error) {
	if err := s.deletePending(key); err != nil {
		return nil, err
	}
	names := s.namesOf(key)
	values, err := call(context.Background(), s.reads, func(ctx context.Context, c redis.UniversalClient) ([]any, error) {
		return c.HMGet(ctx, names.head, headFields...).Result()
	})
	if err != nil || !slices.ContainsFunc(values, func(v any) bool { return v != nil }) {
		return nil, err
	}
	entry, err := s.decodeEntry(names, values)
	if err == nil {
		return entry, nil
	}
	switch {
	case errors.Is(err, errEvicted): // by Redis, for want of room
		err = s.discard(names, values)
	case errors.Is(err, errDamaged):
		err = errors.Join(err, s.discard(names, values))
	}
	return nil, err
}

// discard removes an entry of no use, unless another one has its place by now.
func (s *CacheStore) discard(names cacheNames, values []any) error {
	s.count.damaged.Add(1)
	gen, _ := values[fieldGen].(string)
	_, err := call(context.Background(), s.writes, func(ctx context.Context, c redis.UniversalClient) (any, error) {
		return cacheDiscardScript.Run(ctx, c, []string{names.head}, gen).Result()
	})
	return err
}

// Create begins an entry. Nothing of it is in Redis before its second piece is there; what
// is there before Commit expires by itself.
func (s *CacheStore) Create(key string, meta *cache.Meta) (cache.Writer, error) {
	if s.local != nil && s.writes.isSilent() {
		return s.local.memory().Create(key, meta)
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	if len(text) > maxHead {
		return nil, errors.New("fleet cache: the head of a response is too large")
	}
	return newCacheWriter(s, key, meta, text), nil
}

// Update gives the entry another head, and the time that it is kept for anew.
func (s *CacheStore) Update(key string, meta *cache.Meta) error {
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	names := s.namesOf(key)
	g := s.guardOf(key, meta)
	keys := []string{names.head, names.index, names.gone, g.lease(names)}
	done, err := call(context.Background(), s.writes, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
		return cacheUpdateScript.Run(ctx, c, keys, append(g.args(),
			meta.ID, text, names.sumHead(text), markOf(meta), s.keepFor(meta).Milliseconds(), s.cfg.MaxKeep.Milliseconds())...).Int64()
	})
	if err != nil {
		return err
	}
	s.afterWrite(done, g)
	return nil
}

// Delete forgets it for all: what was asked for before does not come back. If Redis does
// not answer, this process asks for it again before it looks the key up.
func (s *CacheStore) Delete(key string) error {
	s.count.deleted.Add(1)
	s.local.remove(key)
	err := s.deleteKey(key)
	if err != nil {
		s.notePending(key)
	}
	return err
}

func (s *CacheStore) deleteKey(key string) error {
	names := s.namesOf(key)
	epoch, err := call(context.Background(), s.writes, func(ctx context.Context, c redis.UniversalClient) (string, error) {
		return cacheDeleteScript.Run(ctx, c, []string{names.head, names.gone}, keepReplaced.Milliseconds(), keepGone.Milliseconds()).Text()
	})
	if err == nil {
		s.noteEpoch(key, epoch)
	}
	return err
}
