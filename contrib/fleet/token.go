package fleet

import (
	"context"
	"crypto/cipher"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TokenConfig is a token that the fleet has in common.
type TokenConfig struct {
	// Name tells tokens apart: those of one name, in any process, are one, and should be
	// configured alike. Redis gets it hashed. Empty is a name too.
	Name string
	// Fetch gets a new token from its server, as that of [middleware.TokenConfig]. nil is
	// an [errors.InvalidRequestError].
	Fetch func(ctx context.Context) (middleware.Token, error)
	// Early is how long before its end a token is replaced. It should be that of the
	// [middleware.TokenConfig]. 0 is 10 s, negative is not early.
	Early time.Duration
	// Seal is a key of 16, 24 or 32 bytes, the same in all processes, with which a token
	// is encrypted in Redis (AES-GCM), so that nobody can read it there, or put another
	// one in its place; another length is an [errors.InvalidRequestError]. nil stores it
	// as it is: whoever reads Redis has it.
	Seal []byte
}

const defaultEarly = 10 * time.Second

// Token shares a token among all processes of the fleet. Its Fetch goes where the library
// takes one:
//
//	shared := f.Token(fleet.TokenConfig{Name: "api", Fetch: fetch})
//	tokens := middleware.NewTokens(middleware.TokenConfig{Fetch: shared.Fetch})
//
// One process fetches, with a lock of [Config].Lease that it renews; the others wait, and
// get what it has fetched, or its failure. If it dies another one fetches at the end of the
// lease. If it stands still for longer, and comes back with a token when there is a newer
// one, it gets that one: the locks are numbered, and a token never replaces one with a
// higher number. A token that a server has not taken ([middleware.RejectedToken]) is given
// to nobody any more. Requests with a TLS policy or a proxy of their own
// ([middleware.PartitionOf]) have a token of their own.
//
// While Redis does not answer, [Local] lets this process fetch for itself alone; [Refuse]
// is an [*UnavailableError], which [middleware.Retry] may try again.
func (f *Fleet) Token(cfg TokenConfig) *SharedToken {
	s := &SharedToken{fleet: f, cfg: cfg, caller: f.caller(tokenPart), waiters: map[chan struct{}]string{}, last: map[string]lastToken{}}
	if s.cfg.Early == 0 {
		s.cfg.Early = defaultEarly
	}
	s.cfg.Early = max(s.cfg.Early, 0)
	s.aead, s.err = newSeal(cfg.Seal)
	if cfg.Fetch == nil {
		s.err = &errors.InvalidRequestError{Field: tokenPart, Reason: "Fetch is nil"}
	}
	f.inbox.read(inboxReader{topic: "token", message: s.wake, again: func() { s.wake("") }})
	return s
}

// SharedToken is made by [Fleet.Token], since its zero value has no fleet. It is safe for
// concurrent use.
type SharedToken struct {
	fleet  *Fleet
	cfg    TokenConfig
	aead   cipher.AEAD // nil: tokens are stored as they are
	err    error
	caller *caller
	count  struct{ fetched, failed, shared, waited, local, late atomic.Int64 }

	mu      sync.Mutex
	waiters map[chan struct{}]string // the tags that they wait for
	last    map[string]lastToken     // by tag
}

// lastToken is the token that this process has used last, and when it was asked for, here
// or in another process.
type lastToken struct {
	print string
	since time.Time
}

// SharedTokenStats counts what a [SharedToken] did since it was made, in this process.
type SharedTokenStats struct {
	Fetched int64 // tokens, from their server
	Failed  int64 // times that this did not succeed
	Shared  int64 // tokens that another process had fetched
	Waited  int64 // times that another process was fetching
	Local   int64 // of Fetched and Failed, without Redis
	Late    int64 // of Fetched, not stored since there was a newer one
	Waiting int   // now
}

// Stats returns the counters.
func (s *SharedToken) Stats() SharedTokenStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SharedTokenStats{
		Fetched: s.count.fetched.Load(), Failed: s.count.failed.Load(), Shared: s.count.shared.Load(),
		Waited: s.count.waited.Load(), Local: s.count.local.Load(), Late: s.count.late.Load(), Waiting: len(s.waiters),
	}
}

// Fetch returns the token of the fleet, or fetches it for all: it is for
// [middleware.TokenConfig].
func (s *SharedToken) Fetch(ctx context.Context) (middleware.Token, error) {
	if s.err != nil {
		return middleware.Token{}, s.err
	}
	began := time.Now()
	w := &tokenWait{source: s, tag: s.tagOf(ctx)}
	if rejected, ok := middleware.RejectedToken(ctx); ok {
		w.rejected = s.printOf(rejected)
	}
	token, fetched, err := w.get(ctx)
	if err == nil && !fetched {
		s.count.shared.Add(1)
		s.fleet.tell(ctx, middleware.Event{Policy: tokenPart, Kind: middleware.EventShared, Wait: time.Since(began)})
	}
	return token, err
}

// tagOf is what the names of the token's keys have in common.
func (s *SharedToken) tagOf(ctx context.Context) string {
	return hashTag(s.cfg.Name, middleware.PartitionOf(ctx))
}

// wake wakes those who wait for a tag; "" is all.
func (s *SharedToken) wake(tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for woken, of := range s.waiters {
		if tag != "" && tag != of {
			continue
		}
		select {
		case woken <- struct{}{}:
		default: // it is awake
		}
	}
}

// listen is a channel that gets something when there is news of the tag.
func (s *SharedToken) listen(tag string) (woken chan struct{}, stop func()) {
	woken = make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters[woken] = tag
	return woken, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiters, woken)
	}
}

// pollAfter is when to ask again without news: when the lock ends, and sooner if no news
// can come.
func (s *SharedToken) pollAfter(left time.Duration) time.Duration {
	next := min(left, s.fleet.cfg.Lease/3)
	if !s.fleet.inbox.connected.Load() {
		next = min(next, s.fleet.cfg.Lease/10, maxPoll)
	}
	return max(next, 0) + time.Millisecond + rand.N(5*time.Millisecond) //nolint:gosec // a wait is no secret
}
