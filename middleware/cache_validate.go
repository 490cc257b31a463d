package middleware

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// validate asks the server whether an entry still holds (RFC 9111 4.3).
func (call *cacheCall) validate(key string, entry *CacheEntry, s *cacheState) (*http.Response, error) {
	start := time.Now()
	resp, err := call.send(cacheCondition(call.req, entry.Meta))
	failed := err != nil || cacheServerFailed(resp.StatusCode)
	// A caller who gives up gets no answer, not an old one.
	if failed && call.req.Context().Err() == nil && call.cache.cacheOnError(s, call.cc) {
		how := "; fwd=stale"
		if err == nil {
			resp.Body.Close()
			how += "; fwd-status=" + strconv.Itoa(resp.StatusCode)
		}
		s.age += time.Since(start)
		return call.serve(entry, s, how+"; detail=stale-if-error"), nil
	}
	if err != nil {
		entry.Body.Close()
		return nil, err
	}
	resp.Request = call.req
	if resp.StatusCode != http.StatusNotModified {
		entry.Body.Close()
		if !failed {
			call.cache.stats.replaced.Add(1)
		}
		call.keepOver(key, resp, start)
		return resp, nil
	}
	resp.Body.Close()
	if !cacheSame(entry.Meta.Header, resp.Header) {
		// The 304 is about another response than ours (RFC 9111 4.3.4): ask again.
		entry.Body.Close()
		call.cache.failed("delete", call.cache.store.Delete(key))
		return call.fetch()
	}
	call.cache.stats.validated.Add(1)
	entry.Meta = call.freshen(key, entry.Meta, resp.Header, start)
	state := call.cache.cacheState(entry.Meta, time.Now())
	return call.serve(entry, &state, "; fwd=stale; fwd-status=304"), nil
}

// cacheCondition is req with the conditions that an entry's validators allow.
func cacheCondition(req *http.Request, m *CacheMeta) *http.Request {
	if !cacheValidator(m.Header) {
		return req
	}
	req = req.Clone(req.Context())
	if req.Header == nil {
		req.Header = http.Header{}
	}
	if tag := m.Header.Get("ETag"); tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	if modified := m.Header.Get("Last-Modified"); modified != "" {
		req.Header.Set("If-Modified-Since", modified)
	}
	return req
}

// cacheServerFailed names the statuses that stale-if-error covers (RFC 5861 4).
func cacheServerFailed(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// cacheSame reports whether the validators of an update are those of the stored
// response, as far as both have them.
func cacheSame(stored, update http.Header) bool {
	update = httprule.Canonical(update)
	if tag := update.Get("ETag"); tag != "" {
		return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(stored.Get("ETag"), "W/")
	}
	modified := update.Get("Last-Modified")
	return modified == "" || modified == stored.Get("Last-Modified") || stored.Get("ETag") != ""
}

// freshen brings an entry's head up to date (RFC 9111 4.3.4).
func (call *cacheCall) freshen(key string, m *CacheMeta, update http.Header, start time.Time) *CacheMeta {
	c := call.cache
	fresh := *m
	fresh.Header = cacheMerge(m.Header, update)
	fresh.Requested, fresh.Received = start, time.Now()
	if fresh.policy = cachePolicyOf(&fresh); fresh.policy.cc.noStore {
		c.failed("delete", c.store.Delete(key))
	} else if call.since.valid() {
		c.failed("update", c.store.Update(key, &fresh))
		if !call.since.valid() { // between the two
			c.failed("delete", c.store.Delete(key))
		}
	}
	return &fresh
}

// head asks the server for a head; the answer says whether the entry for GET
// still holds (RFC 9111 4.3.5).
func (call *cacheCall) head(key string, m *CacheMeta) (*http.Response, error) {
	start := time.Now()
	resp, err := call.send(call.req)
	if err != nil || resp.StatusCode != http.StatusOK || m.Status != http.StatusOK {
		return resp, err
	}
	length := httprule.FieldValue(resp.Header, "Content-Length")
	if cacheSame(m.Header, resp.Header) && (length == "" || length == m.Header.Get("Content-Length")) {
		call.freshen(key, m, resp.Header, start)
	} else {
		call.cache.failed("delete", call.cache.store.Delete(key))
	}
	return resp, nil
}

// refresh fetches a new response in the background, unless that is under way.
// The goroutine ends with the fetch, with the timeout, or with Close. The
// request's context lends it its values but not its end.
func (c *Cache) refresh(call *cacheCall, key string, m *CacheMeta) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.busy[key] {
		return
	}
	c.busy[key] = true
	c.stats.refreshes.Add(1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(call.req.Context()), c.cfg.RefreshTimeout)
	stop := context.AfterFunc(c.ctx, cancel)
	again := *call
	again.req = call.req.Clone(ctx)
	again.req.Method = http.MethodGet
	c.wg.Go(func() {
		defer func() {
			c.mu.Lock()
			delete(c.busy, key)
			c.mu.Unlock()
			stop()
			cancel()
		}()
		c.failed("refresh", again.refetch(key, m))
	})
}

// refetch validates an entry and reads what takes its place to the end.
func (call *cacheCall) refetch(key string, m *CacheMeta) error {
	start := time.Now()
	resp, err := call.send(cacheCondition(call.req, m))
	if err != nil {
		return err
	}
	defer func() { resp.Body.Close() }() // what it is then
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil
	case resp.StatusCode != http.StatusNotModified:
		call.keepOver(key, resp, start)
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	case cacheSame(m.Header, resp.Header):
		call.freshen(key, m, resp.Header, start)
		return nil
	}
	return call.cache.store.Delete(key)
}
