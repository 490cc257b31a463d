package middleware

import (
	"bytes"
	"container/list"
	"io"
	"net/http"
	"sync"
)

// CacheMemory is a [CacheStore] in memory that forgets what was not used for
// longest. It is safe for concurrent use.
type CacheMemory struct {
	mu      sync.Mutex
	entries map[string]*list.Element
	order   list.List // of *cacheItem, the last used first
	size    int64
	limit   int64
}

type cacheItem struct {
	key  string
	meta *CacheMeta
	body []byte
	size int64
}

// cacheItemCost is about what the structures of one entry take in bytes.
const cacheItemCost = 400

// NewCacheMemory makes a store of about maxBytes, heads and keys included. 0 is
// 64 MiB; negative is no limit.
func NewCacheMemory(maxBytes int64) *CacheMemory {
	if maxBytes == 0 {
		maxBytes = cacheDefaultMemory
	}
	return &CacheMemory{entries: map[string]*list.Element{}, limit: maxBytes}
}

// Size is about how many bytes are in use, and Len how many entries.
func (m *CacheMemory) Size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

// Len is the number of entries.
func (m *CacheMemory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// Open returns an entry, whose body is shared and not copied.
func (m *CacheMemory) Open(key string) (*CacheEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.entries[key]
	if at == nil {
		return nil, nil //nolint:nilnil // CacheStore has it so
	}
	m.order.MoveToFront(at)
	item := cacheItemOf(at)
	open := &struct {
		entry CacheEntry
		body  cacheReader
	}{}
	open.body.Reset(item.body)
	open.entry = CacheEntry{Meta: item.meta, Body: &open.body, Size: int64(len(item.body))}
	return &open.entry, nil
}

// Create begins an entry. One that is larger than the store is dropped when it
// is committed, without an error.
func (m *CacheMemory) Create(key string, meta *CacheMeta) (CacheWriter, error) {
	return &cacheMemoryWriter{store: m, key: key, meta: meta}, nil
}

// Update gives an entry another head.
func (m *CacheMemory) Update(key string, meta *CacheMeta) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[key]; at != nil && cacheItemOf(at).meta.ID == meta.ID {
		m.put(&cacheItem{key: key, meta: meta, body: cacheItemOf(at).body})
	}
	return nil
}

// Delete forgets an entry.
func (m *CacheMemory) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remove(m.entries[key])
	return nil
}

func cacheItemOf(at *list.Element) *cacheItem { return at.Value.(*cacheItem) } //nolint:forcetypeassert,errcheck // the list holds nothing else

// put stores an item in place of the old one and makes room. It is called under
// the lock.
func (m *CacheMemory) put(item *cacheItem) {
	m.remove(m.entries[item.key])
	item.size = cacheItemCost + int64(len(item.key)) + int64(cap(item.body)) + cacheHeaderSize(item.meta.Header)
	if m.limit >= 0 && item.size > m.limit {
		return
	}
	m.entries[item.key] = m.order.PushFront(item)
	m.size += item.size
	for m.limit >= 0 && m.size > m.limit {
		m.remove(m.order.Back())
	}
}

func (m *CacheMemory) remove(at *list.Element) {
	if at == nil {
		return
	}
	item := cacheItemOf(at)
	m.order.Remove(at)
	delete(m.entries, item.key)
	m.size -= item.size
}

func cacheHeaderSize(h http.Header) (size int64) {
	for name, values := range h {
		for _, value := range values {
			size += int64(len(name)+len(value)) + 32
		}
	}
	return size
}

// cacheReader is a body in memory. Close changes nothing: many have it open.
type cacheReader struct{ bytes.Reader }

func (*cacheReader) Close() error { return nil }

var _ io.WriterTo = (*cacheReader)(nil)

type cacheMemoryWriter struct {
	store *CacheMemory
	key   string
	meta  *CacheMeta
	body  []byte
}

func (w *cacheMemoryWriter) Write(p []byte) (int, error) {
	if w.body == nil && w.meta.Length > 0 {
		w.body = make([]byte, 0, min(w.meta.Length, 1<<20))
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

func (w *cacheMemoryWriter) Commit() error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.put(&cacheItem{key: w.key, meta: w.meta, body: w.body})
	return nil
}

func (w *cacheMemoryWriter) Abort() { w.body = nil }
