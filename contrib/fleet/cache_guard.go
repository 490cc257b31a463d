package fleet

import (
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

// unknownEpoch stands for the epoch of a request that was not sent in a turn.
const unknownEpoch = "?"

// guard is what keeps a response from the store that was asked for before its URL was
// forgotten by anyone. A turn knows the last deletion from before it asked the server; for
// other requests the time since then counts, and a call's, within which they may have been
// sent.
type guard struct {
	lead    *lead // nil: no turn
	token   string
	epoch   string
	elapsed int64 // microseconds; negative: not known
}

func (s *CacheStore) guardOf(key string, meta *cache.Meta) guard {
	g := guard{epoch: unknownEpoch, elapsed: -1}
	if meta.Requested.IsZero() {
		return g
	}
	slack := s.fleet.cfg.Timeout
	if slack < 0 {
		slack = time.Second
	}
	g.elapsed = (time.Since(meta.Requested) + slack).Microseconds()
	if g.lead = s.leadOf(key, meta); g.lead != nil {
		g.token, g.epoch = g.lead.token, g.lead.epochNow()
	}
	return g
}

// args are what the scripts with cacheLua begin with.
func (g guard) args() []any {
	return []any{g.token, g.epoch, g.elapsed, keepGone.Microseconds()}
}

// lease is the key of the turn's lease.
func (g guard) lease(names cacheNames) string {
	if g.lead != nil {
		return g.lead.names.lease
	}
	return names.lease
}

// afterWrite counts how a script has ended, and reports whether something was stored.
func (s *CacheStore) afterWrite(done int64, g guard) bool {
	if done == 0 {
		s.count.refused.Add(1)
		return false
	}
	if g.lead != nil && g.token != "" {
		g.lead.released.Store(true)
	}
	return true
}

// maxPending bounds how many keys are remembered that could not be deleted. What is beyond
// stays in Redis as long as it would have.
const maxPending = 10_000

// pendingStep is how many others are deleted with one that is looked up.
const pendingStep = 4

// notePending remembers that a key is to be deleted.
func (s *CacheStore) notePending(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) < maxPending {
		s.pending[key] = struct{}{}
	}
	s.pendingLen.Store(int64(len(s.pending)))
}

// deletePending deletes what could not be deleted: first what the look-up of the key would
// find, and then a few others.
func (s *CacheStore) deletePending(key string) error {
	if s.pendingLen.Load() == 0 {
		return nil
	}
	for _, old := range s.takePending(key) {
		if err := s.deleteKey(old); err != nil {
			s.notePending(old)
			if old == key || old == cache.PrimaryKey(key) {
				return err
			}
		}
	}
	return nil
}

// takePending takes them out.
func (s *CacheStore) takePending(key string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for _, own := range []string{key, cache.PrimaryKey(key)} {
		if _, ok := s.pending[own]; ok {
			keys = append(keys, own)
			delete(s.pending, own)
		}
	}
	for other := range s.pending {
		if len(keys) >= pendingStep {
			break
		}
		keys = append(keys, other)
		delete(s.pending, other)
	}
	s.pendingLen.Store(int64(len(s.pending)))
	return keys
}
