package cache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
	"github.com/aiolos-http/aiolos/middleware"
)

// validateEntry asks the server whether an entry still holds (RFC 9111 4.3).
func (x *exchange) validateEntry(key string, entry *Entry, s *entryState) (*http.Response, error) {
	start := time.Now()
	resp, err := x.askServer(conditionalRequest(x.req, entry.Meta))
	failed := err != nil || isServerFailure(resp.StatusCode)
	// A caller who gives up gets no answer, not an old one.
	if failed && x.req.Context().Err() == nil && x.cache.mayServeOnError(s, x.cc) {
		how := "; fwd=stale"
		if err == nil {
			resp.Body.Close()
			how += "; fwd-status=" + strconv.Itoa(resp.StatusCode)
		}
		s.age += time.Since(start)
		x.countSource(middleware.EventStale, entry.Meta.Status)
		return x.makeResponse(entry, s, how+"; detail=stale-if-error"), nil
	}
	if err != nil {
		x.countSource(middleware.EventMiss, 0)
		entry.Body.Close()
		return nil, err
	}
	resp.Request = x.req
	if resp.StatusCode != http.StatusNotModified {
		entry.Body.Close()
		if failed {
			x.countSource(middleware.EventMiss, resp.StatusCode)
		} else {
			x.countReplaced(resp.StatusCode)
		}
		x.replaceEntry(key, resp, start)
		return resp, nil
	}
	resp.Body.Close()
	if !sameValidators(entry.Meta.Header, resp.Header) {
		// The 304 is about another response than ours (RFC 9111 4.3.4): ask again.
		entry.Body.Close()
		x.cache.reportError("delete", x.cache.store.Delete(key))
		x.countSource(middleware.EventMiss, 0)
		return x.fetchResponse()
	}
	x.countSource(middleware.EventRevalidated, entry.Meta.Status)
	entry.Meta = x.updateEntry(key, entry.Meta, resp.Header, start)
	state := x.cache.measureEntry(entry.Meta, time.Now())
	return x.makeResponse(entry, &state, "; fwd=stale; fwd-status=304"), nil
}

// conditionalRequest is req with the conditions that an entry's validators allow.
func conditionalRequest(req *http.Request, m *Meta) *http.Request {
	if !hasValidator(m.Header) {
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

// isServerFailure names the statuses that stale-if-error covers (RFC 5861 4).
func isServerFailure(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// sameValidators reports whether the validators of an update are those of the stored
// response, as far as both have them.
func sameValidators(stored, update http.Header) bool {
	update = httprule.Canonical(update)
	if tag := update.Get("ETag"); tag != "" {
		return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(stored.Get("ETag"), "W/")
	}
	modified := update.Get("Last-Modified")
	return modified == "" || modified == stored.Get("Last-Modified") || stored.Get("ETag") != ""
}

// updateEntry brings an entry's head up to date (RFC 9111 4.3.4).
func (x *exchange) updateEntry(key string, m *Meta, update http.Header, start time.Time) *Meta {
	c := x.cache
	fresh := *m
	fresh.Header = mergeHeader(m.Header, update)
	fresh.Requested, fresh.Received = start, time.Now()
	fresh.policy = newPolicy(&fresh)
	fresh.Keep = c.usableFor(fresh.policy)
	if fresh.policy.cc.noStore {
		c.reportError("delete", c.store.Delete(key))
	} else if x.asked.isCurrent() {
		c.reportError("update", c.store.Update(key, &fresh))
		if !x.asked.isCurrent() { // between the two
			c.reportError("delete", c.store.Delete(key))
			x.fill.finish(FillAbandoned)
		}
		c.tellEvictions(x.req) // the head may have become larger
		x.fill.finish(FillStored)
	}
	return &fresh
}

// validateByHead asks the server for a head; the answer says whether the entry for GET
// still holds (RFC 9111 4.3.5).
func (x *exchange) validateByHead(key string, m *Meta) (*http.Response, error) {
	start := time.Now()
	resp, err := x.askServer(x.req)
	if err != nil {
		x.countSource(middleware.EventMiss, 0)
		return nil, err
	}
	x.countSource(middleware.EventMiss, resp.StatusCode)
	if resp.StatusCode != http.StatusOK || m.Status != http.StatusOK {
		return resp, nil
	}
	length := httprule.FieldValue(resp.Header, "Content-Length")
	if sameValidators(m.Header, resp.Header) && (length == "" || length == m.Header.Get("Content-Length")) {
		x.updateEntry(key, m, resp.Header, start)
	} else {
		x.cache.reportError("delete", x.cache.store.Delete(key))
	}
	return resp, nil
}

// startRefresh fetches a new response in the background, unless that is under way.
// The goroutine ends with the fetch, with the timeout, or with Close. The
// request's context lends it its values but not its end.
func (c *Cache) startRefresh(x *exchange, key string, m *Meta) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.refreshing[key] {
		return
	}
	c.refreshing[key] = true
	c.stats.refreshes.Add(1)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.req.Context()), c.cfg.RefreshTimeout)
	stop := context.AfterFunc(c.ctx, cancel)
	again := *x
	again.fill = fill{}
	again.req = x.req.Clone(ctx)
	again.req.Method = http.MethodGet
	c.wg.Go(func() {
		defer func() {
			c.mu.Lock()
			delete(c.refreshing, key)
			c.mu.Unlock()
			stop()
			cancel()
		}()
		c.reportError("refresh", again.refreshAlone(key, m))
	})
}

// refreshAlone is refreshEntry in a goroutine of its own: a hook that panics there has no
// caller, so that is the error.
func (x *exchange) refreshAlone(key string, m *Meta) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("a hook has panicked: %v", v)
		}
	}()
	return x.refreshEntry(key, m)
}

// refreshEntry is refetchEntry, unless another one does that.
func (x *exchange) refreshEntry(key string, m *Meta) error {
	stored, err := x.startFill(key, m)
	if err != nil || stored {
		return err
	}
	return x.askFilling(func() error { return x.refetchEntry(key, m) })
}

// refetchEntry validates an entry and reads what takes its place to the end.
func (x *exchange) refetchEntry(key string, m *Meta) error {
	start := time.Now()
	resp, err := x.askServer(conditionalRequest(x.req, m))
	if err != nil {
		return err
	}
	defer func() { resp.Body.Close() }() // what it is then
	switch {
	case resp.StatusCode == http.StatusSwitchingProtocols:
		return nil
	case resp.StatusCode != http.StatusNotModified:
		x.replaceEntry(key, resp, start)
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	case sameValidators(m.Header, resp.Header):
		x.updateEntry(key, m, resp.Header, start)
		return nil
	}
	return x.cache.store.Delete(key)
}
