package cache

import (
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// storeResponse makes a response leave a copy in the store while its body is read, if it
// may be kept, and reports whether it may.
func (x *exchange) storeResponse(resp *http.Response, start time.Time) bool {
	c := x.cache
	if x.req.Method == http.MethodHead || resp.Body == nil {
		return false
	}
	names, star := parseVary(resp.Header)
	if star || c.cfg.MaxBody >= 0 && resp.ContentLength > c.cfg.MaxBody {
		return false
	}
	if slices.Contains(names, "Cookie") && x.cookiesChanged(resp) {
		return false
	}
	m := &Meta{
		ID: rand.Text(), Status: resp.StatusCode, Proto: resp.Proto, Header: storedHeader(resp.Header),
		Length: resp.ContentLength, Uncompressed: resp.Uncompressed,
		Requested: start, Received: time.Now(),
	}
	if m.policy = newPolicy(m); !c.isStorable(m) {
		return false
	}
	m.Keep = c.usableFor(m.policy)
	key := x.key
	if len(names) > 0 {
		if key = x.createIndex(names, m); key == "" {
			return false
		}
	}
	w, err := c.store.Create(key, m)
	if err != nil {
		c.reportError("create", err)
		return false
	}
	body := &storingBody{ReadCloser: resp.Body, cache: c, req: x.req, status: resp.StatusCode, key: key, since: x.asked, w: w, want: resp.ContentLength}
	body.fill, x.fill.end = x.fill, nil // the body ends it
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		if body.commit() { // nobody has to read it
			c.countStored(x.req, resp.StatusCode)
		}
	} else {
		resp.Body = body
	}
	return true
}

// replaceEntry is storeResponse for a response in the place of the entry under key. If it
// may not be kept the old one is forgotten too, unless the server only failed.
func (x *exchange) replaceEntry(key string, resp *http.Response, start time.Time) {
	if !x.storeResponse(resp, start) && resp.StatusCode < http.StatusInternalServerError {
		x.cache.reportError("delete", x.cache.store.Delete(key))
	}
}

// createIndex returns the key for a response that depends on the named fields, and
// makes the entry that leads to it. Names that were known before stay: an
// entry that is found depends on all of them. It returns "" if the store fails.
func (x *exchange) createIndex(names []string, response *Meta) string {
	c := x.cache
	if old := c.openEntry(x.key); old != nil {
		old.Body.Close()
		if old.Meta.Vary != nil {
			all := slices.Concat(names, old.Meta.Vary)
			slices.Sort(all)
			if all = slices.Compact(all); len(all) == len(old.Meta.Vary) {
				return variantKey(x.key, old.Meta, x.canonical)
			}
			names = all
		}
	}
	m := &Meta{ID: rand.Text(), Vary: names, Requested: response.Requested, Received: response.Received}
	w, err := c.store.Create(x.key, m)
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		c.reportError("create", err)
		return ""
	}
	return variantKey(x.key, m, x.canonical)
}

// cookiesChanged reports whether a response answers other cookies than those of the
// request that was seen here: one that was sent again below has what the jar says by
// then. Under the cookies that were seen it must not be found.
func (x *exchange) cookiesChanged(resp *http.Response) bool {
	return resp.Request != nil && !slices.Equal(httprule.FieldValues(resp.Request.Header, "Cookie"), x.canonical.Header["Cookie"])
}

// storingBody is a body that is copied to the store as it is read. Only a whole
// body is committed.
type storingBody struct {
	io.ReadCloser
	cache  *Cache
	req    *http.Request
	status int
	key    string
	since  epochMark
	want   int64 // the announced length, or -1
	fill   fill  // that ends with the copy

	mu   sync.Mutex // a body may be closed while it is read
	w    Writer     // nil once committed or aborted
	read int64
}

// Read copies what it reads. What the store says to it is the cache's matter.
func (b *storingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.storeRead(p[:n], err) {
		b.cache.countStored(b.req, b.status) // not under the lock: it calls a hook
	}
	return n, err
}

// storeRead copies what was read, and reports whether that has made the copy visible.
func (b *storingBody) storeRead(p []byte, err error) (stored bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.w == nil {
		return false
	}
	b.read += int64(len(p))
	if limit := b.cache.cfg.MaxBody; limit >= 0 && b.read > limit {
		b.abort(FillUnstorable)
		return false
	}
	if len(p) > 0 {
		if _, werr := b.w.Write(p); werr != nil {
			b.cache.reportError("write", werr)
			b.abort(FillUnstorable)
			return false
		}
	}
	switch {
	case err == nil:
	case err == io.EOF && (b.want < 0 || b.read == b.want):
		return b.commit()
	default:
		b.abort(FillAbandoned)
	}
	return false
}

// Close commits a body that was read to its announced length, if not to io.EOF.
func (b *storingBody) Close() error {
	b.mu.Lock()
	stored := b.want >= 0 && b.read == b.want && b.commit()
	b.abort(FillAbandoned)
	b.mu.Unlock()
	err := b.ReadCloser.Close()
	if stored {
		b.cache.countStored(b.req, b.status)
	}
	return err
}

// commit makes the copy visible, unless its key was forgotten meanwhile, and reports
// whether it is.
func (b *storingBody) commit() bool {
	if b.w == nil || !b.since.isCurrent() {
		b.abort(FillAbandoned)
		return false
	}
	result := FillStored
	if err := b.w.Commit(); err != nil {
		b.cache.reportError("commit", err)
		b.w.Abort()
		result = FillUnstorable
	} else if !b.since.isCurrent() { // between the two
		b.cache.reportError("delete", b.cache.store.Delete(b.key))
		result = FillAbandoned
	}
	b.w = nil
	b.fill.finish(result)
	return result == FillStored
}

// abort drops the copy, if it was not committed.
func (b *storingBody) abort(result FillResult) {
	if b.w != nil {
		b.w.Abort()
		b.w = nil
		b.fill.finish(result)
	}
}
