package cache

import (
	"net/http"
	"strings"
	"time"
)

// heuristicFraction is the part of a response's age when it was sent that it may
// be expected to last (RFC 9111 4.2.2 suggests a tenth).
const heuristicFraction = 10

// isUnderstood reports whether the meaning of a status for caching is known
// here, which must-understand asks for (RFC 9111 3): the final ones of RFC 9110
// without 206 and 304, which are no whole responses.
func isUnderstood(status int) bool {
	switch status {
	case http.StatusPartialContent, http.StatusNotModified:
		return false
	}
	return status >= http.StatusOK && http.StatusText(status) != ""
}

// isHeuristicallyCacheable reports whether a response may be kept although it does not
// say how long it lasts (RFC 9110 15.1).
func isHeuristicallyCacheable(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusMultipleChoices,
		http.StatusMovedPermanently, http.StatusPermanentRedirect, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusGone, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return false
}

// policy is what the head of a response says about its use. It is worked
// out once, because a hit is to be cheap.
type policy struct {
	cc       cacheControl
	explicit bool          // the server said how long it is fresh
	lifetime time.Duration // that, or what the heuristic says without a bound
	age      time.Duration // when it arrived
	head     preparedHead
}

func newPolicy(m *Meta) *policy {
	p := &policy{cc: parseCacheControl(m.Header), age: initialAge(m), head: prepareHead(m)}
	p.lifetime, p.explicit = freshnessLifetime(m, p.cc)
	return p
}

// isStorable reports whether a response may be kept (RFC 9111 3), and is
// worth it: it is fresh for a while, or can be validated, or may be used stale.
func (c *Cache) isStorable(m *Meta) bool {
	cc := m.policy.cc
	switch {
	case m.Status < http.StatusOK, m.Status == http.StatusPartialContent,
		m.Status == http.StatusNotModified, m.Header["Content-Range"] != nil:
		return false
	case cc.mustUnderstand:
		// It stands beside a no-store for caches that do not know it (RFC 9111 5.2.2.3).
		if !isUnderstood(m.Status) {
			return false
		}
	case cc.noStore:
		return false
	}
	if !m.policy.explicit && !isHeuristicallyCacheable(m.Status) && !cc.public {
		return false
	}
	return c.boundLifetime(m.policy) > 0 && !cc.noCache || hasValidator(m.Header) ||
		c.allowedStaleness(cc.whileRevalidate, c.cfg.StaleWhileRevalidate) > 0 || c.allowedStaleness(cc.ifError, c.cfg.StaleIfError) > 0
}

// hasValidator reports whether a response can be asked after.
func hasValidator(h http.Header) bool { return h["Etag"] != nil || h["Last-Modified"] != nil }

// freshnessLifetime is how long a response is fresh (RFC 9111 4.2.1), and whether
// the server said so. A private cache passes s-maxage over.
func freshnessLifetime(m *Meta, cc cacheControl) (time.Duration, bool) {
	if cc.maxAge >= 0 {
		return cc.maxAge, true
	}
	date := dateOf(m)
	if values := m.Header["Expires"]; values != nil {
		expires, err := http.ParseTime(values[0])
		if err != nil || len(values) > 1 {
			return 0, true // "0" and the like are in the past (RFC 9111 5.3)
		}
		return max(0, expires.Sub(date)), true
	}
	if !isHeuristicallyCacheable(m.Status) && !cc.public {
		return 0, false
	}
	modified, err := http.ParseTime(m.Header.Get("Last-Modified"))
	if err != nil || !modified.Before(date) {
		return 0, false
	}
	return date.Sub(modified) / heuristicFraction, false
}

// boundLifetime is how long a response is fresh; HeuristicMax bounds a guess.
func (c *Cache) boundLifetime(p *policy) time.Duration {
	if p.explicit {
		return p.lifetime
	}
	return max(0, min(p.lifetime, c.cfg.HeuristicMax))
}

// usableFor is for how long from its arrival a response may be used without the server's
// consent.
func (c *Cache) usableFor(p *policy) time.Duration {
	if p.cc.noCache {
		return 0
	}
	fresh := max(0, c.boundLifetime(p)-p.age)
	if p.cc.mustRevalidate {
		return fresh
	}
	return fresh + max(0, c.allowedStaleness(p.cc.whileRevalidate, c.cfg.StaleWhileRevalidate), c.allowedStaleness(p.cc.ifError, c.cfg.StaleIfError))
}

// dateOf is the Date of a response, or the time of its arrival.
func dateOf(m *Meta) time.Time {
	if values := m.Header["Date"]; len(values) > 0 {
		if date, err := http.ParseTime(values[0]); err == nil {
			return date
		}
	}
	return m.Received
}

// initialAge is the age of a response when it arrived (RFC 9111 4.2.3).
func initialAge(m *Meta) time.Duration {
	apparent := max(0, m.Received.Sub(dateOf(m)))
	said := max(0, m.Received.Sub(m.Requested))
	if values := m.Header["Age"]; len(values) > 0 {
		first, _, _ := strings.Cut(values[0], ",") // of several the first counts (RFC 9111 5.1)
		if age, ok := parseSeconds(trimSpace(first)); ok {
			said += age
		}
	}
	return max(apparent, said)
}

// decision is what may be done with an entry.
type decision int

const (
	validateFirst   decision = iota // ask the server first
	serveStored                     // answer with it
	serveAndRefresh                 // answer with it, and ask the server meanwhile
)

// entryState is an entry, measured at one moment.
type entryState struct {
	policy        *policy
	age, lifetime time.Duration
}

func (c *Cache) measureEntry(m *Meta, now time.Time) entryState {
	p := m.policy
	if p == nil {
		p = newPolicy(m)
	}
	// A clock that was set back does not make a response young again.
	return entryState{policy: p, age: p.age + max(0, now.Sub(m.Received)), lifetime: c.boundLifetime(p)}
}

// decideUse says what a request may do with an entry (RFC 9111 4).
func (c *Cache) decideUse(s *entryState, req cacheControl) decision {
	if req.noCache || s.policy.cc.noCache {
		return validateFirst
	}
	lifetime := s.lifetime
	if req.maxAge >= 0 {
		lifetime = min(lifetime, req.maxAge)
	}
	stale := s.age - lifetime
	switch {
	case stale < 0 && -stale >= req.minFresh:
		return serveStored
	case s.policy.cc.mustRevalidate:
		return validateFirst
	case stale >= 0 && req.maxStale >= stale:
		return serveStored
	case req.maxAge < 0 && req.minFresh < 0 && !req.onlyIfCached &&
		s.age-s.lifetime < c.allowedStaleness(s.policy.cc.whileRevalidate, c.cfg.StaleWhileRevalidate):
		return serveAndRefresh
	}
	return validateFirst
}

// mayServeOnError reports whether an entry may stand in for a failure (RFC 5861 4).
func (c *Cache) mayServeOnError(s *entryState, req cacheControl) bool {
	if s.policy.cc.mustRevalidate || s.policy.cc.noCache || req.noCache {
		return false
	}
	allowed := max(c.allowedStaleness(s.policy.cc.ifError, c.cfg.StaleIfError), req.ifError)
	return allowed > 0 && s.age-s.lifetime <= allowed
}

// allowedStaleness is how long after its end a response may be used: what it says itself,
// or else the configuration.
func (c *Cache) allowedStaleness(said, configured time.Duration) time.Duration {
	if said >= 0 {
		return said
	}
	return configured
}
