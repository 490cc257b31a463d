package fleet

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/redis/go-redis/v9"
)

const (
	// keepNone is for how long requests go to the server without waiting, after one has
	// shown that there is nothing to wait for.
	keepNone = 5 * time.Second
	// Whoever waits for another process asks after minFillPoll, and then less and less often.
	minFillPoll = 4 * time.Millisecond
	maxFillPoll = 100 * time.Millisecond
)

// flight is all requests of this process that want one key filled. One of them, who has
// taken the turn, asks Redis for all: it then either has the lease, and asks the server, or
// waits for the process that has it.
//
//	            takes the turn           has the lease
//	waiting ----------------> asking ---------------------> leading (lead)
//	  |  ^                     |  |                          |  |
//	  |  +-- its context ends -+  | stored elsewhere,        |  | stored, unstorable
//	  |  |                        | unstorable, no Redis     |  v
//	  |  +------------------------|---- abandoned -----------+ landed: removed, done closed
//	  +-- done <------------------+-------------------------------^
type flight struct {
	key  string
	turn chan struct{} // has one token when nobody asks and nobody leads
	done chan struct{} // closed when it has landed

	stored  bool // how it has landed
	waiting int  // requests; under the store's lock
	leading bool // under the store's lock
}

// StartFill waits for the caller's turn. A process that waits asks Redis at most ten times
// a second for one key, however many of its requests wait.
func (s *CacheStore) StartFill(ctx context.Context, key string, seen *cache.Meta) (func(cache.FillResult), bool, error) {
	f, joined := s.joinFlight(key)
	if joined {
		s.count.waited.Add(1)
	}
	select {
	case <-f.done:
		s.leaveFlight(f)
		return nil, f.stored, nil
	case <-ctx.Done():
		s.leaveFlight(f)
		return nil, false, middleware.ContextError(ctx)
	case <-f.turn:
	}
	l, answer, err := s.awaitTurn(ctx, f, markOf(seen), joined)
	switch {
	case l != nil:
		return l.end, false, nil
	case err != nil && ctx.Err() != nil:
		f.turn <- struct{}{} // for the next
		s.leaveFlight(f)
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.land(f, answer == turnStored)
	return nil, answer == turnStored, err
}

// joinFlight joins a flight, or begins one.
func (s *CacheStore) joinFlight(key string) (f *flight, joined bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, joined = s.flights[key]
	if !joined {
		f = &flight{key: key, turn: make(chan struct{}, 1), done: make(chan struct{})}
		f.turn <- struct{}{}
		s.flights[key] = f
	}
	f.waiting++
	return f, joined
}

// leaveFlight is the end of one request's wait. A flight that nobody waits for, and nobody
// leads, is over.
func (s *CacheStore) leaveFlight(f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.waiting--
	if f.waiting == 0 && !f.leading && s.flights[f.key] == f {
		delete(s.flights, f.key)
	}
}

// land tells all who wait. It is called under the lock.
func (s *CacheStore) land(f *flight, stored bool) {
	if s.flights[f.key] == f {
		delete(s.flights, f.key)
	}
	f.stored = stored
	close(f.done)
}

// The answers of cacheTurnScript.
const (
	turnTaken  = "turn"
	turnHeld   = "held"
	turnStored = "stored"
)

// awaitTurn asks Redis until there is something to do: lead, if that is not nil, or what
// the answer says.
func (s *CacheStore) awaitTurn(ctx context.Context, f *flight, seen string, counted bool) (*lead, string, error) {
	names, token := s.namesOf(f.key), rand.Text()
	keys := []string{names.lease, names.indexLease, names.none, names.head, names.gone}
	lease := s.fleet.cfg.Lease
	for poll := minFillPoll; ; poll = min(2*poll, maxFillPoll) {
		answer, err := call(ctx, s.writes, func(ctx context.Context, c redis.UniversalClient) ([]string, error) {
			return cacheTurnScript.Run(ctx, c, keys, token, lease.Milliseconds(), seen).StringSlice()
		})
		switch {
		case err != nil:
			return nil, "", err
		case len(answer) == 2 && answer[0] == turnTaken:
			return s.startLead(f, names, token, answer[1]), turnTaken, nil
		case len(answer) == 0:
			return nil, "", errors.New("fleet cache: redis has given no answer")
		case answer[0] != turnHeld:
			return nil, answer[0], nil
		}
		if !counted {
			counted = true
			s.count.waited.Add(1)
		}
		timer := time.NewTimer(poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, "", middleware.ContextError(ctx)
		}
	}
}
