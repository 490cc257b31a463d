package fleet

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"
)

// lead is this process's turn to fill a key: a lease in Redis, which is renewed three times
// in its length as long as the server is waited for, or the body comes. A body that nobody
// reads any more renews nothing, and when that has lasted for a lease the turn is over.
type lead struct {
	store  *CacheStore
	flight *flight
	names  cacheNames
	token  string

	began    atomic.Bool // the response is written to the store
	moved    atomic.Bool // something of it came since the last beat
	released atomic.Bool // the lease was ended with the commit

	mu     sync.Mutex
	since  time.Time // after epoch was read
	epoch  string
	timer  *time.Timer
	idle   int // beats
	hasEnd bool
}

// beats is how often a lease is renewed in its length.
const beats = 3

func (s *CacheStore) startLead(f *flight, names cacheNames, token, epoch string) *lead {
	s.count.filled.Add(1)
	l := &lead{store: s, flight: f, names: names, token: token, epoch: epoch, since: time.Now()}
	s.mu.Lock()
	f.waiting--
	f.leading = true
	s.leads[f.key] = l
	s.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(s.fleet.cfg.Lease/beats, l.beat)
	return l
}

// leadOf is the turn in which a response was asked for, or nil: that for its key, or for
// the URL.
func (s *CacheStore) leadOf(key string, meta *cache.Meta) *lead {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range []string{key, cache.PrimaryKey(key)} {
		if l := s.leads[k]; l != nil && l.covers(meta.Requested) {
			return l
		}
	}
	return nil
}

// covers reports whether a request was sent after the epoch was read.
func (l *lead) covers(requested time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !requested.Before(l.since)
}

func (l *lead) epochNow() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epoch
}

// noteEpoch is a deletion by this process. What its turns ask for from now on is from after
// it.
func (s *CacheStore) noteEpoch(key, epoch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range []string{key, cache.PrimaryKey(key)} {
		if l := s.leads[k]; l != nil {
			l.mu.Lock()
			l.epoch, l.since = epoch, time.Now()
			l.mu.Unlock()
		}
	}
}

// begin is called when the response begins to be written.
func (l *lead) begin() {
	l.moved.Store(true)
	l.began.Store(true)
}

// beat renews the lease, or gives it up.
func (l *lead) beat() {
	lease := l.store.fleet.cfg.Lease
	l.mu.Lock()
	l.idle++
	if l.moved.Swap(false) || !l.began.Load() {
		l.idle = 0
	}
	idle, ended := l.idle, l.hasEnd
	l.mu.Unlock()
	switch {
	case ended:
		return
	case idle >= beats:
		l.end(cache.FillAbandoned)
		return
	case idle == 0:
		// If Redis does not answer, the lease runs out, and another process may ask the
		// server too. The caller has told it.
		_, _ = call(context.Background(), l.store.writes, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
			return cacheRenewScript.Run(ctx, c, []string{l.names.lease}, l.token, lease.Milliseconds()).Int64()
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hasEnd {
		l.timer.Reset(lease / beats)
	}
}

// release ends the lease, and marks for that time that there is nothing to wait for.
func (l *lead) release(by *caller, mark time.Duration) error {
	_, err := call(context.Background(), by, func(ctx context.Context, c redis.UniversalClient) (int64, error) {
		return cacheReleaseScript.Run(ctx, c, []string{l.names.lease, l.names.none}, l.token, mark.Milliseconds()).Int64()
	})
	return err
}

// end ends the turn: for this process and, with the lease, for the others.
func (l *lead) end(result cache.FillResult) {
	l.mu.Lock()
	ended := l.hasEnd
	l.hasEnd = true
	l.timer.Stop()
	l.mu.Unlock()
	if ended {
		return
	}
	s := l.store
	if !l.released.Load() {
		mark := time.Duration(0)
		if result == cache.FillUnstorable {
			mark = keepNone
		}
		// If Redis has just not taken the body, which may be for the body's length alone, it
		// is not asked by that caller, and all others would wait for the lease.
		if err := l.release(s.writes, mark); err != nil {
			_ = l.release(s.ends, mark) // a lease that is not ended runs out; writes has told it
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leads, l.flight.key)
	l.flight.leading = false
	if result == cache.FillAbandoned && l.flight.waiting > 0 {
		l.flight.turn <- struct{}{} // there is room: the token was this turn's
		return
	}
	s.land(l.flight, result == cache.FillStored)
}
