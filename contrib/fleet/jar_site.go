package fleet

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/jar"
)

// site is the cookies of a site, as this process knows them.
//
//	           MaxAge is over, or another process tells of a change
//	[ fresh ] ------------------------------------------------------> [ outdated ]
//	    ^                                                                 |
//	    +----------------- read; what waits is written -------------------+
type site struct {
	jar  *Jar
	name string

	present atomic.Pointer[jar.Jar]
	read    atomic.Int64 // when, in nanoseconds since epoch; 0: never, or outdated
	changes atomic.Int64 // that others have told of
	waiting atomic.Int64 // the length of pending

	// mu is held while Redis is asked, so that what was read never replaces what was
	// set after it.
	mu       sync.Mutex
	loaded   time.Time
	known    map[string]string  // field -> value, as read or written last
	pending  map[string]*string // field -> value to write, nil: to delete
	expired  map[string]string  // field -> value to delete if it is still that
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
	s := &site{jar: j, name: name, known: map[string]string{}, pending: map[string]*string{}, expired: map[string]string{}}
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

// refresh reads the cookies, if those that are here are not fresh.
func (s *site) refresh(ctx context.Context) error {
	if s.isFresh() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isFresh() {
		return nil // somebody else has read them in the meantime
	}
	return s.exchange(ctx, true)
}

// write writes what waits.
func (s *site) write(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.exchange(ctx, false)
}

// setCookies keeps cookies, here and for all.
func (s *site) setCookies(u *url.URL, cookies []*http.Cookie) {
	s.mu.Lock()
	if time.Since(s.loaded) >= max(s.jar.cfg.MaxAge, 0) {
		s.exchange(context.Background(), true) //nolint:errcheck // it was told; the rules are applied to what is known
	}
	for _, c := range cookies {
		if c != nil {
			s.setCookie(u, c)
		}
	}
	if len(s.pending) > 0 {
		s.exchange(context.Background(), false) //nolint:errcheck // it was told, and is tried again
	}
	rejected := s.rejected
	s.rejected = nil
	s.mu.Unlock()
	for _, r := range rejected {
		s.jar.reject(r.cookie, r.reason)
	}
}

// setCookie keeps one here, and notes what is to be written. The lock is held.
func (s *site) setCookie(u *url.URL, c *http.Cookie) {
	before := len(s.rejected)
	s.cookies().SetCookies(u, []*http.Cookie{c})
	kept := true
	for _, r := range s.rejected[before:] {
		if r.cookie == c {
			kept = false
			continue
		}
		field := fieldOf(r.cookie) // it had to make room
		if value, ok := s.known[field]; ok {
			s.expired[field] = value
			delete(s.known, field)
		}
		delete(s.pending, field)
	}
	if !kept {
		return
	}
	field, value := s.formOf(u, c)
	if field == "" {
		return
	}
	s.pending[field] = value
	if value == nil {
		delete(s.known, field)
	} else {
		s.known[field] = *value
	}
}

// exchange writes what waits, and reads all if it is asked to. The lock is held. If it
// fails, what waits goes on waiting.
func (s *site) exchange(ctx context.Context, read bool) error {
	before, changes := time.Since(epoch), s.changes.Load()
	j := s.jar
	s.waiting.Store(int64(len(s.pending)))
	key := j.fleet.key("jar", j.cfg.Name+" "+url.QueryEscape(s.name), "")
	answer, err := call(ctx, j.caller, func(ctx context.Context, c redis.UniversalClient) (map[string]string, error) {
		return runJarScript(ctx, c, key, j.fleet.allChannel(), j.topic()+" "+j.id+" "+s.name, j.longest(s.pending), read, s.pending, s.expired)
	})
	if err != nil {
		if len(s.pending) > 0 {
			j.flushLater()
		}
		return err
	}
	if len(s.pending)+len(s.expired) > 0 {
		j.count.writes.Add(1)
	}
	s.waiting.Store(0)
	clear(s.pending)
	clear(s.expired)
	if !read {
		return nil
	}
	j.count.reads.Add(1)
	s.load(answer)
	s.loaded = time.Now()
	s.read.Store(max(int64(before), 1))
	if s.changes.Load() != changes {
		s.read.Store(0) // it was told while the answer was on its way
	}
	return nil
}

// load replaces what is known by what was read. The lock is held.
func (s *site) load(fields map[string]string) {
	kept := make([]storedCookie, 0, len(fields))
	now := s.jar.cfg.Rules.Now()
	clear(s.known)
	for field, value := range fields {
		c, ok := parseStored(field, value)
		if !ok || c.expiredAt(now) {
			s.expired[field] = value
			continue
		}
		s.known[field] = value
		kept = append(kept, c)
	}
	slices.SortFunc(kept, storedCookie.compareCreation)
	fresh := s.newJar()
	for _, c := range kept {
		u, cookie := c.asSet()
		fresh.SetCookies(u, []*http.Cookie{cookie})
	}
	s.rejected = nil // the limits of a process with other rules
	s.present.Store(fresh)
}

// clear forgets all cookies, here and for all.
func (s *site) clear(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.exchange(ctx, true); err != nil {
		return err
	}
	for field := range s.known {
		s.pending[field] = nil
	}
	clear(s.known)
	s.present.Store(s.newJar())
	return s.exchange(ctx, false)
}
