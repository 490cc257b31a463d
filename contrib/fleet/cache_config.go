package fleet

import "time"

// CacheConfig says what a [CacheStore] keeps.
type CacheConfig struct {
	// MaxBody is the size in bytes of the largest body that is kept, beside the MaxBody of
	// [cache.Config]. 0 is 8 MiB; negative is no limit but that. How much all entries
	// together take is bounded by Redis alone, with maxmemory.
	MaxBody int64
	// KeepStale is for how long an entry with a validator is kept after it may no longer be
	// used without the server, which is then asked whether it still holds. 0 is 24 hours;
	// negative is not at all.
	KeepStale time.Duration
	// MaxKeep bounds for how long any entry is kept after it was stored or validated. 0 is
	// seven days; negative, and less than a second, is a second.
	MaxKeep time.Duration
	// LocalBytes is the size of a [cache.Memory] of this process alone, which is used while
	// Redis does not answer, if the fleet is [Local], and emptied when it answers again. 0
	// and negative are none: all requests go to the server then.
	LocalBytes int64
}

const (
	defaultMaxBody   = 8 << 20
	defaultKeepStale = 24 * time.Hour
	defaultMaxKeep   = 7 * 24 * time.Hour
	maxHead          = 1 << 20
	// keepGone is for how long it is known that a URL was forgotten, and so the time
	// within which what was asked for before has to be there to be kept.
	keepGone = 10 * time.Minute
	// keepReplaced is how long those who read a body have for the rest when it was
	// replaced or forgotten.
	keepReplaced = time.Minute
)

// CacheStats counts what a [CacheStore] did in this process.
type CacheStats struct {
	Opened  int64 // look-ups, those of indexes of variants included
	Found   int64 // of these
	Stored  int64 // entries, and Bytes the length of their bodies
	Bytes   int64
	Refused int64 // entries and updates that were not stored: their URL was forgotten meanwhile
	Damaged int64 // entries and pieces that were not what they should be, or not there
	Deleted int64 // keys that the cache has deleted
	Filled  int64 // turns to ask the server for all
	Waited  int64 // requests that have waited for another one's turn
	Pending int64 // now: keys that are still to be deleted, since Redis did not answer
}

// Stats returns the counters.
func (s *CacheStore) Stats() CacheStats {
	c := &s.count
	return CacheStats{
		Opened: c.opened.Load(), Found: c.found.Load(), Stored: c.stored.Load(), Bytes: c.bytes.Load(), Refused: c.refused.Load(),
		Damaged: c.damaged.Load(), Deleted: c.deleted.Load(), Filled: c.filled.Load(), Waited: c.waited.Load(), Pending: s.pendingLen.Load(),
	}
}
