package middleware

import (
	"context"
	"sync"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// flights are pieces of work that are done once for all who ask at the same
// time. Unlike those of golang.org/x/sync/singleflight they are nobody's: whoever
// asked may leave, and when the last has left the work is cancelled.
type flights[T any] struct {
	mu      sync.Mutex
	pending map[string]*flight[T]
}

type flight[T any] struct {
	done    chan struct{} // closed when value and err are there
	cancel  context.CancelFunc
	waiting int // under the lock of flights
	value   T
	err     error
}

type flightWork[T any] = func(ctx context.Context, waiting func() int) (T, error)

// join returns the work under the key, and begins it if need be: then first is
// true. It has the values of that caller's context, but not its end, and can ask
// how many wait.
func (g *flights[T]) join(ctx context.Context, key string, work flightWork[T]) (f *flight[T], first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.pending[key]; f != nil {
		f.waiting++
		return f, false
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // the last to leave calls it
	f = &flight[T]{done: make(chan struct{}), cancel: cancel, waiting: 1}
	if g.pending == nil {
		g.pending = map[string]*flight[T]{}
	}
	g.pending[key] = f
	go func() { // it ends with the work, which ends with its context
		f.value, f.err = work(own, func() int { return g.waiting(f) })
		g.forget(key, f)
		close(f.done)
	}()
	return f, true
}

// wait is for the result, or for the end of the context.
func (g *flights[T]) wait(ctx context.Context, key string, f *flight[T]) (value T, err error) {
	defer g.leave(key, f)
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		return value, httprule.ContextError(ctx)
	}
}

// leave cancels the work if nobody is left.
func (g *flights[T]) leave(key string, f *flight[T]) {
	g.mu.Lock()
	f.waiting--
	last := f.waiting == 0
	if last && g.pending[key] == f {
		delete(g.pending, key)
	}
	g.mu.Unlock()
	if last {
		f.cancel()
	}
}

// forget lets nobody else join.
func (g *flights[T]) forget(key string, f *flight[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending[key] == f {
		delete(g.pending, key)
	}
}

func (g *flights[T]) waiting(f *flight[T]) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return f.waiting
}
