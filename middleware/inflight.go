package middleware

import (
	"context"
	"sync"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// inflightCalls are pieces of work that are done once for all who ask at the same
// time. Unlike those of golang.org/x/sync/singleflight they are nobody's: whoever
// asked may leave, and when the last has left the work is cancelled.
type inflightCalls[T any] struct {
	mu      sync.Mutex
	pending map[string]*inflightCall[T]
}

type inflightCall[T any] struct {
	done    chan struct{} // closed when value and err are there
	cancel  context.CancelFunc
	waiting int // under the lock of inflightCalls
	value   T
	err     error
	end     *abnormalEnd // of the work; nil: it has returned
}

type inflightWork[T any] = func(ctx context.Context, waiting func() int) (T, error)

// joinOrStart returns the work under the key, and begins it if need be: then first is
// true. It has the values of that caller's context, but not its end, and can ask
// how many wait. If it panics, so do all who wait for its result.
func (g *inflightCalls[T]) joinOrStart(ctx context.Context, key string, work inflightWork[T]) (f *inflightCall[T], first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.pending[key]; f != nil {
		f.waiting++
		return f, false
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // the last to leave calls it
	f = &inflightCall[T]{done: make(chan struct{}), cancel: cancel, waiting: 1}
	if g.pending == nil {
		g.pending = map[string]*inflightCall[T]{}
	}
	g.pending[key] = f
	go func() { // it ends with the work, which ends with its context
		returned := false
		defer func() {
			if !returned {
				f.end = &abnormalEnd{recover()}
			}
			g.removeCall(key, f)
			close(f.done)
		}()
		f.value, f.err = work(own, func() int { return g.countWaiting(f) })
		returned = true
	}()
	return f, true
}

// awaitResult waits for the result, or for the end of the context.
func (g *inflightCalls[T]) awaitResult(ctx context.Context, key string, f *inflightCall[T]) (value T, err error) {
	defer g.leaveCall(key, f)
	select {
	case <-f.done:
		f.end.resume()
		return f.value, f.err
	case <-ctx.Done():
		return value, httprule.ContextError(ctx)
	}
}

// leaveCall cancels the work if nobody is left.
func (g *inflightCalls[T]) leaveCall(key string, f *inflightCall[T]) {
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

// removeCall lets nobody else join.
func (g *inflightCalls[T]) removeCall(key string, f *inflightCall[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pending[key] == f {
		delete(g.pending, key)
	}
}

// countPending is how much work is under way.
func (g *inflightCalls[T]) countPending() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pending)
}

func (g *inflightCalls[T]) countWaiting(f *inflightCall[T]) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return f.waiting
}
