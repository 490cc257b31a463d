package middleware

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// cacheTransport is a cache in front of next.
type cacheTransport struct {
	cache *Cache
	next  http.RoundTripper
}

// cacheCall is one request on its way.
type cacheCall struct {
	*cacheTransport
	req  *http.Request // as it came, and is sent
	seen *http.Request // as it is looked at
	cc   cacheControl  // of the request
	key  string        // the primary one

	since cacheSince // the server was asked
}

// RoundTrip answers from the cache or asks next.
func (t *cacheTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case http.MethodGet, http.MethodHead, "":
	case http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT", "SEARCH", "QUERY":
		return t.next.RoundTrip(req) // safe, and not kept
	default:
		return t.unsafe(req)
	}
	seen := cacheSeen(req)
	call := cacheCall{cacheTransport: t, req: req, seen: seen, cc: cacheParseRequest(seen.Header)}
	if call.cc.noStore || req.URL == nil || cacheBypass(seen) {
		return t.next.RoundTrip(req)
	}
	if req.Body != nil {
		req.Body.Close() // it is http.NoBody
	}
	if req.Context().Err() != nil {
		return nil, httprule.ContextError(req.Context())
	}
	call.key = cacheKey(seen)
	return call.answer() //nolint:contextcheck // the fetch in the background outlives the request
}

// cacheBypass reports whether a request asks for something else than a whole
// response on its own terms, or for what no key is made of: a target that is not in
// the path, or a line end, which ends the lines of a key.
func cacheBypass(req *http.Request) bool {
	if req.Body != nil && req.Body != http.NoBody || req.URL.Opaque != "" || strings.Contains(req.URL.Host+req.Host+req.URL.RawQuery, "\n") {
		return true
	}
	for name := range req.Header {
		switch name {
		case "Range", "Upgrade", "If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range":
			return true
		}
	}
	return false
}

func (call *cacheCall) answer() (*http.Response, error) {
	c := call.cache
	entry, key := c.find(call.key, call.seen)
	if entry == nil {
		c.stats.misses.Add(1)
		if call.cc.onlyIfCached {
			return cacheGatewayTimeout(call.req), nil
		}
		return call.fetch()
	}
	state := c.cacheState(entry.Meta, time.Now())
	switch c.cacheDecide(&state, call.cc) {
	case cacheServeRefresh:
		c.refresh(call, key, entry.Meta)
		fallthrough
	case cacheServe:
		c.stats.hits.Add(1)
		return call.serve(entry, &state, "; hit"), nil
	default:
	}
	if call.cc.onlyIfCached {
		entry.Body.Close()
		return cacheGatewayTimeout(call.req), nil
	}
	if call.req.Method == http.MethodHead {
		entry.Body.Close()
		return call.head(key, entry.Meta)
	}
	return call.validate(key, entry, &state)
}

// send asks the server.
func (call *cacheCall) send(req *http.Request) (*http.Response, error) {
	epoch := call.cache.epoch(call.key)
	call.since = cacheSince{epoch, epoch.Load()}
	return call.next.RoundTrip(req)
}

// cacheSince is a moment in the life of a key.
type cacheSince struct {
	epoch *atomic.Uint64
	value uint64
}

// valid reports whether the key was not forgotten since.
func (s cacheSince) valid() bool { return s.epoch.Load() == s.value }

// fetch asks the server, with nothing at hand.
func (call *cacheCall) fetch() (*http.Response, error) {
	start := time.Now()
	resp, err := call.send(call.req)
	if err != nil {
		return nil, err
	}
	call.keep(resp, start)
	return resp, nil
}

// cacheGatewayTimeout answers only-if-cached with nothing at hand (RFC 9111
// 5.2.1.7).
func cacheGatewayTimeout(req *http.Request) *http.Response {
	return &http.Response{
		Status: "504 Gateway Timeout", StatusCode: http.StatusGatewayTimeout,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Cache-Status": {"aiolos; fwd=request; detail=only-if-cached"}, "Content-Length": {"0"}},
		Body:   http.NoBody, Request: req,
	}
}

// unsafe passes a request on that may change something, and forgets what it may
// have changed (RFC 9111 4.4).
func (t *cacheTransport) unsafe(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusBadRequest {
		return resp, err
	}
	seen := cacheSeen(req)
	t.cache.forget(cacheKey(seen))
	for _, name := range []string{"Location", "Content-Location"} {
		if value := httprule.FieldValue(resp.Header, name); value != "" {
			u, err := req.URL.Parse(value)
			// Only of the same origin: nobody may empty the cache of others.
			if err == nil && httprule.OriginOf(u) == httprule.OriginOf(req.URL) {
				t.cache.forget(cacheKeyOf(seen, u))
			}
		}
	}
	return resp, nil
}

// forget deletes what is kept for a URL: for the request's identity and way, and for
// none.
func (c *Cache) forget(key string) {
	c.stats.invalidated.Add(1)
	for _, key := range cacheRelatives(key) {
		c.epoch(key).Add(1)
		c.failed("delete", c.store.Delete(key))
	}
}
