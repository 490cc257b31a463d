package cache

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// transport is a cache in front of next.
type transport struct {
	cache *Cache
	next  http.RoundTripper
}

// exchange is one request on its way.
type exchange struct {
	*transport
	req       *http.Request // as it came, and is sent
	canonical *http.Request // as it is looked at
	cc        cacheControl  // of the request
	key       string        // the primary one

	asked epochMark // the server was asked
	fill  fill      // for all who share the store

	found *Entry         // in the store, last
	came  *http.Response // from the server, last
}

// RoundTrip answers from the cache or asks next.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	switch req.Method {
	case http.MethodGet, http.MethodHead, "":
	case http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT", "SEARCH", "QUERY":
		return t.next.RoundTrip(req) // safe, and not kept
	default:
		return t.roundTripUnsafe(req)
	}
	seen := canonicalRequest(req)
	x := exchange{transport: t, req: req, canonical: seen, cc: parseRequestDirectives(seen.Header)}
	if x.cc.noStore || req.URL == nil || isBypassed(seen) {
		return t.next.RoundTrip(req)
	}
	if req.Body != nil {
		req.Body.Close() // it is http.NoBody
	}
	if req.Context().Err() != nil {
		return nil, httprule.ContextError(req.Context())
	}
	x.key = primaryKey(seen)
	answered := false
	defer func() {
		if !answered { // a hook has panicked
			x.closeAll()
		}
	}()
	resp, err := x.answerRequest() //nolint:contextcheck // the fetch in the background outlives the request
	answered = true
	return resp, err
}

// closeAll closes what the exchange has opened and nobody gets.
func (x *exchange) closeAll() {
	if x.found != nil {
		x.found.Body.Close()
	}
	if x.came != nil && x.came.Body != nil {
		x.came.Body.Close()
	}
}

// isBypassed reports whether a request asks for something else than a whole
// response on its own terms, or for what no key is made of: a target that is not in
// the path, or a line end, which ends the lines of a key.
func isBypassed(req *http.Request) bool {
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

// answerRequest answers from the store, or asks the server, or, where the store is a
// [Filler], waits for what another one stores and looks again.
func (x *exchange) answerRequest() (*http.Response, error) {
	c := x.cache
	for {
		var state entryState
		entry, key := c.findEntry(x.key, x.canonical)
		x.found = entry
		if entry != nil {
			state = c.measureEntry(entry.Meta, time.Now())
			if resp := x.answerStored(key, entry, &state); resp != nil {
				return resp, nil
			}
		}
		stored, err := false, error(nil)
		if c.filler != nil && x.mayAwaitFill(entry, &state) {
			stored, err = x.startFill(key, metaOf(entry))
		}
		if err == nil && !stored {
			return x.answerByServer(key, entry, &state)
		}
		if entry != nil {
			entry.Body.Close()
		}
		if err != nil {
			return nil, err
		}
	}
}

// answerStored is the response if an entry may be used without asking the server, which
// may be asked meanwhile; or nil.
func (x *exchange) answerStored(key string, entry *Entry, state *entryState) *http.Response {
	c := x.cache
	switch c.decideUse(state, x.cc) {
	case serveAndRefresh:
		c.startRefresh(x, key, entry.Meta)
		fallthrough
	case serveStored:
		kind := middleware.EventHit
		if state.age >= state.lifetime {
			kind = middleware.EventStale
		}
		x.countSource(kind, entry.Meta.Status)
		return x.makeResponse(entry, state, "; hit")
	default:
	}
	return nil
}

// answerByServer answers a request that needs the server: entry is what may be validated,
// or nil.
func (x *exchange) answerByServer(key string, entry *Entry, state *entryState) (resp *http.Response, err error) {
	if entry == nil || x.cc.onlyIfCached {
		x.countSource(middleware.EventMiss, 0)
	}
	switch {
	case x.cc.onlyIfCached:
		if entry != nil {
			entry.Body.Close()
		}
		return gatewayTimeout(x.req), nil
	case entry != nil && x.req.Method == http.MethodHead:
		entry.Body.Close()
		return x.validateByHead(key, entry.Meta)
	}
	err = x.askFilling(func() error {
		if entry == nil {
			resp, err = x.fetchResponse() //nolint:bodyclose // it is the caller's
		} else {
			resp, err = x.validateEntry(key, entry, state) //nolint:bodyclose // it is the caller's
		}
		return err
	})
	return resp, err
}

// askServer asks the server.
func (x *exchange) askServer(req *http.Request) (*http.Response, error) {
	epoch := x.cache.epochOf(x.key)
	x.asked = epochMark{epoch, epoch.Load()}
	resp, err := x.next.RoundTrip(req)
	x.came = resp
	return resp, err
}

// epochMark is a moment in the life of a key.
type epochMark struct {
	epoch *atomic.Uint64
	value uint64
}

// isCurrent reports whether the key was not forgotten since.
func (s epochMark) isCurrent() bool { return s.epoch.Load() == s.value }

// fetchResponse asks the server, with nothing at hand.
func (x *exchange) fetchResponse() (*http.Response, error) {
	start := time.Now()
	resp, err := x.askServer(x.req)
	if err != nil {
		return nil, err
	}
	x.storeResponse(resp, start)
	return resp, nil
}

// gatewayTimeout answers only-if-cached with nothing at hand (RFC 9111
// 5.2.1.7).
func gatewayTimeout(req *http.Request) *http.Response {
	return &http.Response{
		Status: "504 Gateway Timeout", StatusCode: http.StatusGatewayTimeout,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Cache-Status": {"aiolos; fwd=request; detail=only-if-cached"}, "Content-Length": {"0"}},
		Body:   http.NoBody, Request: req,
	}
}

// roundTripUnsafe passes a request on that may change something, and forgets what it may
// have changed (RFC 9111 4.4).
func (t *transport) roundTripUnsafe(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusBadRequest {
		return resp, err
	}
	seen := canonicalRequest(req)
	t.cache.invalidate(primaryKey(seen))
	for _, name := range []string{"Location", "Content-Location"} {
		if value := strings.Trim(httprule.FieldValue(resp.Header, name), " \t"); value != "" {
			ref, err := httprule.ParseURL(value)
			if err != nil {
				continue // nobody can have asked for it
			}
			// Only of the same origin: nobody may empty the cache of others.
			if u := req.URL.ResolveReference(ref); httprule.OriginOf(u) == httprule.OriginOf(req.URL) {
				t.cache.invalidate(primaryKeyOf(seen, u))
			}
		}
	}
	return resp, nil
}

// invalidate deletes what is kept for a URL: for the request's identity and way, and for
// none.
func (c *Cache) invalidate(key string) {
	c.stats.invalidated.Add(1)
	for _, key := range relatedKeys(key) {
		c.epochOf(key).Add(1)
		c.reportError("delete", c.store.Delete(key))
	}
}
