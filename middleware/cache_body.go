package middleware

import (
	"crypto/rand"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// keep makes a response leave a copy in the store while its body is read, if it
// may be kept, and reports whether it may.
func (call *cacheCall) keep(resp *http.Response, start time.Time) bool {
	c := call.cache
	if call.req.Method == http.MethodHead || resp.Body == nil {
		return false
	}
	names, star := cacheVary(resp.Header)
	if star || c.cfg.MaxBody >= 0 && resp.ContentLength > c.cfg.MaxBody {
		return false
	}
	m := &CacheMeta{
		ID: rand.Text(), Status: resp.StatusCode, Proto: resp.Proto, Header: cacheHeader(resp.Header),
		Length: resp.ContentLength, Uncompressed: resp.Uncompressed,
		Requested: start, Received: time.Now(),
	}
	if m.policy = cachePolicyOf(m); !c.cacheStorable(m) {
		return false
	}
	key := call.key
	if len(names) > 0 {
		if key = call.index(names, m.Received); key == "" {
			return false
		}
	}
	w, err := c.store.Create(key, m)
	if err != nil {
		c.failed("create", err)
		return false
	}
	body := &cacheBody{ReadCloser: resp.Body, cache: c, key: key, since: call.since, w: w, want: resp.ContentLength}
	if resp.ContentLength == 0 || resp.Body == http.NoBody {
		body.commit() // nobody has to read it
	} else {
		resp.Body = body
	}
	return true
}

// keepOver is keep for a response in the place of the entry under key. If it
// may not be kept the old one is forgotten too, unless the server only failed.
func (call *cacheCall) keepOver(key string, resp *http.Response, start time.Time) {
	if !call.keep(resp, start) && resp.StatusCode < http.StatusInternalServerError {
		call.cache.failed("delete", call.cache.store.Delete(key))
	}
}

// index returns the key for a response that depends on the named fields, and
// makes the entry that leads to it. Names that were known before stay: an
// entry that is found depends on all of them. It returns "" if the store fails.
func (call *cacheCall) index(names []string, now time.Time) string {
	c := call.cache
	if old := c.open(call.key); old != nil {
		old.Body.Close()
		if old.Meta.Vary != nil {
			all := slices.Concat(names, old.Meta.Vary)
			slices.Sort(all)
			if all = slices.Compact(all); len(all) == len(old.Meta.Vary) {
				return cacheVariant(call.key, old.Meta, call.seen)
			}
			names = all
		}
	}
	m := &CacheMeta{ID: rand.Text(), Vary: names, Requested: now, Received: now}
	w, err := c.store.Create(call.key, m)
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		c.failed("create", err)
		return ""
	}
	return cacheVariant(call.key, m, call.seen)
}

// cacheBody is a body that is copied to the store as it is read. Only a whole
// body is committed.
type cacheBody struct {
	io.ReadCloser
	cache *Cache
	key   string
	since cacheSince
	want  int64 // the announced length, or -1

	mu   sync.Mutex  // a body may be closed while it is read
	w    CacheWriter // nil once committed or aborted
	read int64
}

// Read copies what it reads. What the store says to it is the cache's matter.
func (b *cacheBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.w != nil {
		b.copied(p[:n], err)
	}
	return n, err
}

func (b *cacheBody) copied(p []byte, err error) {
	b.read += int64(len(p))
	if limit := b.cache.cfg.MaxBody; limit >= 0 && b.read > limit {
		b.abort()
		return
	}
	if len(p) > 0 {
		if _, werr := b.w.Write(p); werr != nil {
			b.cache.failed("write", werr)
			b.abort()
			return
		}
	}
	switch {
	case err == nil:
	case err == io.EOF && (b.want < 0 || b.read == b.want):
		b.commit()
	default:
		b.abort()
	}
}

// Close commits a body that was read to its announced length, if not to io.EOF.
func (b *cacheBody) Close() error {
	b.mu.Lock()
	if b.want >= 0 && b.read == b.want {
		b.commit()
	}
	b.abort()
	b.mu.Unlock()
	return b.ReadCloser.Close()
}

// commit makes the copy visible, unless its key was forgotten meanwhile.
func (b *cacheBody) commit() {
	if b.w == nil || !b.since.valid() {
		b.abort()
		return
	}
	if err := b.w.Commit(); err != nil {
		b.cache.failed("commit", err)
		b.w.Abort()
	} else if !b.since.valid() { // between the two
		b.cache.failed("delete", b.cache.store.Delete(b.key))
	}
	b.w = nil
}

func (b *cacheBody) abort() {
	if b.w != nil {
		b.w.Abort()
		b.w = nil
	}
}
