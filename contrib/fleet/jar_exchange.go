package fleet

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/redis/go-redis/v9"
)

// What a site and Redis tell each other. The turn is held.

// key is that of the site in Redis.
func (s *site) key() string { return s.jar.fleet.key("jar", hashTag(s.jar.cfg.Name, s.name), "") }

// news is the channel and the message that tell the others of a change.
func (s *site) news() []any {
	return []any{s.jar.fleet.allChannel(), s.jar.topic() + " " + s.jar.id + " " + s.name}
}

// failed notes that Redis did not answer about the site.
func (s *site) failed(err error) error {
	if isUnavailable(err) {
		s.failedAt, s.failure = time.Now(), err
	}
	return err
}

// load reads all, after it has written what waits. If that is not possible it goes on
// waiting, on top of what is read: a Redis that is full or read-only still reads.
func (s *site) load(ctx context.Context) error {
	if len(s.pending) > 0 {
		s.write(ctx) //nolint:errcheck // it was told, and is tried again
	}
	before, changes := time.Since(epoch), s.changes.Load()
	fields, err := call(ctx, s.jar.reads, func(ctx context.Context, c redis.UniversalClient) (map[string]string, error) {
		return c.HGetAll(ctx, s.key()).Result()
	})
	if err != nil {
		return s.failed(err)
	}
	s.jar.count.reads.Add(1)
	for field, value := range s.pending {
		delete(fields, field)
		if value != nil {
			fields[field] = *value
		}
	}
	s.replace(fields)
	s.loaded = time.Now()
	s.read.Store(max(int64(before), 1))
	if s.changes.Load() != changes {
		s.read.Store(0) // it was told while the answer was on its way
	}
	return nil
}

// write writes what waits. If it fails, that goes on waiting.
func (s *site) write(ctx context.Context) error {
	s.waiting.Store(int64(len(s.pending)))
	args := append(s.news(), s.jar.longest(s.pending).Milliseconds())
	args = append(args, jarChanges(s.pending, s.obsolete)...)
	_, err := call(ctx, s.jar.writes, func(ctx context.Context, c redis.UniversalClient) (any, error) {
		return jarScript.Run(ctx, c, []string{s.key()}, args...).Result()
	})
	if err != nil {
		if len(s.pending) > 0 {
			s.jar.flushLater()
		}
		return s.failed(err)
	}
	s.jar.count.writes.Add(1)
	s.forgetChanges()
	return nil
}

// forgetChanges is when Redis has them.
func (s *site) forgetChanges() {
	s.waiting.Store(0)
	clear(s.pending)
	clear(s.obsolete)
}

// replace has what was read instead of what was known.
func (s *site) replace(fields map[string]string) {
	kept := make([]storedCookie, 0, len(fields))
	sessionEnd := s.jar.sessionEnd(fields)
	now := s.jar.cfg.Rules.Now().Unix()
	clear(s.known)
	for field, value := range fields {
		c, ok := parseStored(field, value)
		switch {
		case !ok:
			s.obsolete[field] = staleField{value: value}
		case c.endOr(sessionEnd) <= now:
			s.obsolete[field] = staleField{value, c.endOr(sessionEnd)}
		default:
			s.known[field] = value
			kept = append(kept, c)
		}
	}
	slices.SortFunc(kept, storedCookie.compareCreation)
	before, fresh := len(s.rejected), s.newJar()
	for _, c := range kept {
		u, cookie := c.asSet()
		fresh.SetCookies(u, []*http.Cookie{cookie})
	}
	for _, r := range s.rejected[before:] {
		if r.reason == jar.ReasonDomainLimit || r.reason == jar.ReasonTotalLimit {
			s.evict(r) // processes that set cookies at the same time have made them too many
		}
	}
	s.rejected = s.rejected[:before]
	s.present.Store(fresh)
}

// clear forgets all cookies, here and for all.
func (s *site) clear(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	_, err := call(ctx, s.jar.writes, func(ctx context.Context, c redis.UniversalClient) (any, error) {
		return jarClearScript.Run(ctx, c, []string{s.key()}, s.news()...).Result()
	})
	if err != nil {
		return s.failed(err)
	}
	s.jar.count.writes.Add(1)
	s.forgetChanges()
	clear(s.known)
	s.present.Store(s.newJar())
	return nil
}
