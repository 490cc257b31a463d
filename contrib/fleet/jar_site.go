package fleet

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/aiolos-http/aiolos/middleware"
)

// site is the cookies of a site, as this process knows them.
//
//	           MaxAge is over, or another process tells of a change
//	[ fresh ] ------------------------------------------------------> [ outdated ]
//	    ^                                                                 |
//	    +----------------- what waits is written, all is read ------------+
type site struct {
	jar  *Jar
	name string

	users   atomic.Int64 // who has acquired it and not yet released it
	present atomic.Pointer[jar.Jar]
	read    atomic.Int64 // when, in nanoseconds since epoch; 0: never, or outdated
	changes atomic.Int64 // that others have told of
	waiting atomic.Int64 // the length of pending

	// turn is held while Redis is asked, so that what was read never replaces what was set
	// after it. What follows is used by who has it.
	turn     chan struct{}
	loaded   time.Time
	failedAt time.Time // when Redis has last not answered about this site, with
	failure  error
	known    map[string]string     // field -> value, as read or written last
	pending  map[string]*string    // field -> value to write, nil: to delete
	obsolete map[string]staleField // field -> what to delete if it is still that
	rejected []rejection
}

// rejection is a cookie that the rules did not keep, or had to let go.
type rejection struct {
	cookie *http.Cookie
	reason jar.Reason
}

// epoch is what read counts from, so that it follows the monotonic clock.
var epoch = time.Now()

func newSite(j *Jar, name string) *site {
	s := &site{
		jar: j, name: name, turn: make(chan struct{}, 1),
		known: map[string]string{}, pending: map[string]*string{}, obsolete: map[string]staleField{},
	}
	s.present.Store(s.newJar())
	return s
}

// newJar is an empty one with the rules, that tells the site what it rejects.
func (s *site) newJar() *jar.Jar {
	rules := s.jar.cfg.Rules
	rules.OnReject = func(c *http.Cookie, reason jar.Reason) { s.rejected = append(s.rejected, rejection{c, reason}) }
	return jar.New(rules)
}

func (s *site) cookies() *jar.Jar { return s.present.Load() }

// outdate says that what is here is no longer what there is.
func (s *site) outdate() {
	s.changes.Add(1)
	s.read.Store(0)
}

func (s *site) isFresh() bool {
	read := s.read.Load()
	return read != 0 && time.Since(epoch)-time.Duration(read) < s.jar.cfg.MaxAge
}

// lock waits for the turn.
func (s *site) lock(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return middleware.ContextError(ctx)
	}
}

func (s *site) unlock() { <-s.turn }

// failedSince is the failure of a question that ended after that time: who has waited for
// its end does not ask the same again.
func (s *site) failedSince(arrived time.Time) error {
	if s.failedAt.After(arrived) {
		return s.failure
	}
	return nil
}

// refresh reads the cookies, if those that are here are not fresh.
func (s *site) refresh(ctx context.Context) error {
	if s.isFresh() {
		return nil
	}
	arrived := time.Now()
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	if s.isFresh() {
		return nil // somebody else has read them in the meantime
	}
	if err := s.failedSince(arrived); err != nil {
		return err
	}
	return s.load(ctx)
}

// flush writes what waits.
func (s *site) flush() error {
	if err := s.lock(context.Background()); err != nil {
		return err
	}
	defer s.unlock()
	return s.write(context.Background())
}

// setCookies keeps cookies, here and for all.
func (s *site) setCookies(u *url.URL, cookies []*http.Cookie) {
	for _, r := range s.keepCookies(u, cookies) {
		s.jar.reject(r.cookie, r.reason)
	}
}

// keepCookies returns what the rules do not keep.
func (s *site) keepCookies(u *url.URL, cookies []*http.Cookie) []rejection {
	ctx, arrived := context.Background(), time.Now()
	if err := s.lock(ctx); err != nil {
		return nil // it does not end
	}
	defer s.unlock()
	if s.mustLoad(u) && s.failedSince(arrived) == nil {
		s.load(ctx) //nolint:errcheck // it was told; the rules are applied to what is known
	}
	for _, c := range cookies {
		if c != nil {
			s.setCookie(u, c)
		}
	}
	s.waiting.Store(int64(len(s.pending)))
	switch {
	case len(s.pending) == 0:
	case s.failedSince(arrived) != nil:
		s.jar.flushLater()
	default:
		s.write(ctx) //nolint:errcheck // it was told, and is tried again
	}
	rejected := s.rejected
	s.rejected = nil
	return rejected
}

// mustLoad reports whether what is known is too old to apply the rules to. Without TLS that
// is all that has changed: there may be a Secure cookie, which is not to be replaced.
func (s *site) mustLoad(u *url.URL) bool {
	if u.Scheme != "https" && u.Scheme != "wss" {
		return !s.isFresh()
	}
	return time.Since(s.loaded) >= max(s.jar.cfg.MaxAge, 0)
}

// setCookie keeps one here, and notes what is to be written.
func (s *site) setCookie(u *url.URL, c *http.Cookie) {
	before := len(s.rejected)
	s.cookies().SetCookies(u, []*http.Cookie{c})
	kept := true
	for _, r := range s.rejected[before:] {
		if r.cookie == c {
			kept = false
			continue
		}
		s.evict(r)
	}
	if !kept {
		return
	}
	field, value := s.formOf(u, c)
	if field == "" {
		return
	}
	s.pending[field] = value
	delete(s.obsolete, field)
	if value == nil {
		delete(s.known, field)
	} else {
		s.known[field] = *value
	}
}

// evict lets a cookie go that had to make room for another one: for all.
func (s *site) evict(r rejection) {
	field := fieldOf(r.cookie)
	if value, ok := s.known[field]; ok {
		s.obsolete[field] = staleField{value: value}
		delete(s.known, field)
	}
	delete(s.pending, field)
}
