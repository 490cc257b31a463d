package cache

import (
	"bytes"
	"container/list"
	"io"
	"net/http"
	"sync"
)

// Memory is a [Store] in memory that forgets what was not used for
// longest. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	entries map[string]*list.Element
	order   list.List // of *memoryItem, the last used first
	size    int64
	limit   int64
	evicted int64
}

type memoryItem struct {
	key  string
	meta *Meta
	body []byte
	size int64
}

// itemCost is about what the structures of one entry take in bytes.
const itemCost = 400

// NewMemory makes a store of about maxBytes, heads and keys included. 0 is
// 64 MiB; negative is no limit.
func NewMemory(maxBytes int64) *Memory {
	if maxBytes == 0 {
		maxBytes = defaultMemory
	}
	return &Memory{entries: map[string]*list.Element{}, limit: maxBytes}
}

// Size is about how many bytes are in use, and Len how many entries.
func (m *Memory) Size() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

// Len is the number of entries.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// StoreStats is what a [Cache] tells of it.
func (m *Memory) StoreStats() StoreStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return StoreStats{Evicted: m.evicted, Entries: int64(len(m.entries)), Bytes: m.size}
}

// Open returns an entry, whose body is shared and not copied.
func (m *Memory) Open(key string) (*Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.entries[key]
	if at == nil {
		return nil, nil //nolint:nilnil // Store has it so
	}
	m.order.MoveToFront(at)
	item := itemOf(at)
	open := &struct {
		entry Entry
		body  memoryBody
	}{}
	open.body.Reset(item.body)
	open.entry = Entry{Meta: item.meta, Body: &open.body, Size: int64(len(item.body))}
	return &open.entry, nil
}

// Create begins an entry. One that is larger than the store is dropped when it
// is committed, without an error.
func (m *Memory) Create(key string, meta *Meta) (Writer, error) {
	return &memoryWriter{store: m, key: key, meta: meta}, nil
}

// Update gives an entry another head.
func (m *Memory) Update(key string, meta *Meta) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.entries[key]; at != nil && itemOf(at).meta.ID == meta.ID {
		m.putItem(&memoryItem{key: key, meta: meta, body: itemOf(at).body})
	}
	return nil
}

// Delete forgets an entry.
func (m *Memory) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.removeItem(m.entries[key])
	return nil
}

func itemOf(at *list.Element) *memoryItem { return at.Value.(*memoryItem) } //nolint:forcetypeassert,errcheck // the list holds nothing else

// putItem stores an item in place of the old one and makes room. It is called under
// the lock.
func (m *Memory) putItem(item *memoryItem) {
	m.removeItem(m.entries[item.key])
	item.size = itemCost + int64(len(item.key)) + int64(cap(item.body)) + headerSize(item.meta.Header)
	if m.limit >= 0 && item.size > m.limit {
		return
	}
	m.entries[item.key] = m.order.PushFront(item)
	m.size += item.size
	for m.limit >= 0 && m.size > m.limit {
		m.removeItem(m.order.Back())
		m.evicted++
	}
}

func (m *Memory) removeItem(at *list.Element) {
	if at == nil {
		return
	}
	item := itemOf(at)
	m.order.Remove(at)
	delete(m.entries, item.key)
	m.size -= item.size
}

func headerSize(h http.Header) (size int64) {
	for name, values := range h {
		for _, value := range values {
			size += int64(len(name)+len(value)) + 32
		}
	}
	return size
}

// memoryBody is a body in memory. Close changes nothing: many have it open.
type memoryBody struct{ bytes.Reader }

func (*memoryBody) Close() error { return nil }

var _ io.WriterTo = (*memoryBody)(nil)

type memoryWriter struct {
	store *Memory
	key   string
	meta  *Meta
	body  []byte
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	if w.body == nil && w.meta.Length > 0 {
		w.body = make([]byte, 0, min(w.meta.Length, 1<<20))
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

func (w *memoryWriter) Commit() error {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	w.store.putItem(&memoryItem{key: w.key, meta: w.meta, body: w.body})
	return nil
}

func (w *memoryWriter) Abort() { w.body = nil }
