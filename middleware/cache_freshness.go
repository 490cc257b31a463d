package middleware

import (
	"net/http"
	"strings"
	"time"
)

// cacheHeuristic is the part of a response's age when it was sent that it may
// be expected to last (RFC 9111 4.2.2 suggests a tenth).
const cacheHeuristic = 10

// cacheUnderstood reports whether the meaning of a status for caching is known
// here, which must-understand asks for (RFC 9111 3): the final ones of RFC 9110
// without 206 and 304, which are no whole responses.
func cacheUnderstood(status int) bool {
	switch status {
	case http.StatusPartialContent, http.StatusNotModified:
		return false
	}
	return status >= http.StatusOK && http.StatusText(status) != ""
}

// cacheByDefault reports whether a response may be kept although it does not
// say how long it lasts (RFC 9110 15.1).
func cacheByDefault(status int) bool {
	switch status {
	case http.StatusOK, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusMultipleChoices,
		http.StatusMovedPermanently, http.StatusPermanentRedirect, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusGone, http.StatusRequestURITooLong, http.StatusNotImplemented:
		return true
	}
	return false
}

// cacheStorable reports whether a response may be kept (RFC 9111 3), and is
// worth it: it is fresh for a while, or can be validated, or may be used stale.
func (c *Cache) cacheStorable(resp *http.Response, cc cacheControl) bool {
	switch {
	case resp.StatusCode < http.StatusOK, resp.StatusCode == http.StatusPartialContent,
		resp.StatusCode == http.StatusNotModified, resp.Header["Content-Range"] != nil:
		return false
	case cc.mustUnderstand:
		// It stands beside a no-store for caches that do not know it (RFC 9111 5.2.2.3).
		if !cacheUnderstood(resp.StatusCode) {
			return false
		}
	case cc.noStore:
		return false
	}
	lifetime, explicit := c.cacheLifetime(resp.StatusCode, resp.Header, cc, time.Now())
	if !explicit && !cacheByDefault(resp.StatusCode) && !cc.public {
		return false
	}
	return lifetime > 0 && !cc.noCache || cacheValidator(resp.Header) ||
		c.staleFor(cc.whileRevalidate, c.cfg.StaleWhileRevalidate) > 0 || c.staleFor(cc.ifError, c.cfg.StaleIfError) > 0
}

// cacheValidator reports whether a response can be asked after.
func cacheValidator(h http.Header) bool { return h["Etag"] != nil || h["Last-Modified"] != nil }

// cacheLifetime is how long a response is fresh (RFC 9111 4.2.1), and whether
// the server said so. A private cache passes s-maxage over.
func (c *Cache) cacheLifetime(status int, h http.Header, cc cacheControl, received time.Time) (time.Duration, bool) {
	if cc.maxAge >= 0 {
		return cc.maxAge, true
	}
	date := cacheDate(h, received)
	if values := h["Expires"]; values != nil {
		expires, err := http.ParseTime(values[0])
		if err != nil || len(values) > 1 {
			return 0, true // "0" and the like are in the past (RFC 9111 5.3)
		}
		return max(0, expires.Sub(date)), true
	}
	if c.cfg.HeuristicMax < 0 || !cacheByDefault(status) && !cc.public {
		return 0, false
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	if err != nil || !modified.Before(date) {
		return 0, false
	}
	return min(date.Sub(modified)/cacheHeuristic, c.cfg.HeuristicMax), false
}

// cacheDate is the Date of a response, or the time of its arrival.
func cacheDate(h http.Header, received time.Time) time.Time {
	if values := h["Date"]; len(values) > 0 {
		if date, err := http.ParseTime(values[0]); err == nil {
			return date
		}
	}
	return received
}

// cacheAge is the current age of an entry (RFC 9111 4.2.3).
func cacheAge(m *CacheMeta, now time.Time) time.Duration {
	apparent := max(0, m.Received.Sub(cacheDate(m.Header, m.Received)))
	said := m.Received.Sub(m.Requested)
	if values := m.Header["Age"]; len(values) > 0 {
		first, _, _ := strings.Cut(values[0], ",") // of several the first counts (RFC 9111 5.1)
		if age, ok := cacheSeconds(cacheTrim(first)); ok {
			said += age
		}
	}
	// A clock that was set back does not make a response young again.
	return max(apparent, said) + max(0, now.Sub(m.Received))
}

// cacheUse is what may be done with an entry.
type cacheUse int

const (
	cacheValidate     cacheUse = iota // ask the server first
	cacheServe                        // answer with it
	cacheServeRefresh                 // answer with it, and ask the server meanwhile
)

// cacheState is an entry, measured at one moment.
type cacheState struct {
	resp          cacheControl // of the response
	age, lifetime time.Duration
}

func (c *Cache) cacheState(m *CacheMeta, now time.Time) cacheState {
	cc := cacheParse(m.Header)
	lifetime, _ := c.cacheLifetime(m.Status, m.Header, cc, m.Received)
	return cacheState{resp: cc, age: cacheAge(m, now), lifetime: lifetime}
}

// cacheDecide says what a request may do with an entry (RFC 9111 4).
func (c *Cache) cacheDecide(s cacheState, req cacheControl) cacheUse {
	if req.noCache || s.resp.noCache {
		return cacheValidate
	}
	lifetime := s.lifetime
	if req.maxAge >= 0 {
		lifetime = min(lifetime, req.maxAge)
	}
	stale := s.age - lifetime
	switch {
	case stale < 0 && -stale >= req.minFresh:
		return cacheServe
	case s.resp.mustRevalidate:
		return cacheValidate
	case stale >= 0 && req.maxStale >= stale:
		return cacheServe
	case req.maxAge < 0 && req.minFresh < 0 && !req.onlyIfCached &&
		s.age-s.lifetime < c.staleFor(s.resp.whileRevalidate, c.cfg.StaleWhileRevalidate):
		return cacheServeRefresh
	}
	return cacheValidate
}

// cacheOnError reports whether an entry may stand in for a failure (RFC 5861 4).
func (c *Cache) cacheOnError(s cacheState, req cacheControl) bool {
	if s.resp.mustRevalidate || s.resp.noCache || req.noCache {
		return false
	}
	allowed := max(c.staleFor(s.resp.ifError, c.cfg.StaleIfError), req.ifError)
	return allowed > 0 && s.age-s.lifetime <= allowed
}

// staleFor is what a response says, or else what the configuration does.
func (c *Cache) staleFor(said, configured time.Duration) time.Duration {
	if said >= 0 {
		return said
	}
	return configured
}
