package h2

import "context"

// Done is closed when the exchange must end; nil if nothing can have it end.
func (e *Exchange) Done() <-chan struct{} {
	if !e.endable {
		return nil
	}
	return e.done
}

// Err is why it was closed, or nil.
func (e *Exchange) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// Cancel ends the exchange, for that cause.
func (e *Exchange) Cancel(cause error) { e.endContext(context.Canceled, cause) }

func (e *Exchange) endWithParent() { e.endContext(e.Context.Err(), context.Cause(e.Context)) }

func (e *Exchange) endContext(err, cause error) {
	e.mu.Lock()
	if e.err != nil {
		e.mu.Unlock()
		return
	}
	e.err, e.cause = err, cause
	close(e.done)
	w, o := e.watcher, e.blocking
	e.mu.Unlock()
	if o != nil {
		o.Close() // net/http looks at the context only when its Read has returned
	}
	if w != nil {
		w.StreamEnded()
	}
}
