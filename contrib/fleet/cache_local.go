package fleet

import (
	"sync"

	"github.com/aiolos-http/aiolos/middleware/cache"
)

// localStore is the memory of this process for the time without Redis. nil is none.
type localStore struct {
	limit int64

	mu   sync.Mutex
	used *cache.Memory // nil: nothing is in it
}

// memory is the store.
func (l *localStore) memory() *cache.Memory {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used == nil {
		l.used = cache.NewMemory(l.limit)
	}
	return l.used
}

// drop forgets all: what the others have changed meanwhile it does not know.
func (l *localStore) drop() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = nil
}

func (l *localStore) remove(key string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.used != nil {
		_ = l.used.Delete(key) // it has no errors
	}
}
