package connector

import (
	"context"
	"sync/atomic"
	"time"
)

// dialContext is the caller's context for as long as a connection is waited for and made.
// A timer that was stopped may stay with the runtime for minutes, and whatever it leads to
// with it; once the context is detached, that is nothing of the caller's.
type dialContext struct {
	context.Context //nolint:containedctx // it is a context itself: ends with the caller's; has neither its values nor its deadline
	caller          atomic.Pointer[context.Context]
}

// newDialContext returns a context that ends with *caller. detach has to be called when it is
// not needed any more; it ends the context.
func newDialContext(caller *context.Context) (ctx *dialContext, detach func()) {
	ctx = &dialContext{Context: context.Background()}
	ctx.caller.Store(caller)
	if (*caller).Done() == nil {
		return ctx, func() { ctx.caller.Store(nil) }
	}
	ending, end := context.WithCancelCause(context.Background())
	ctx.Context = ending
	unwatch := context.AfterFunc(*caller, func() { end(context.Cause(*caller)) })
	return ctx, func() {
		unwatch()
		end(nil)
		ctx.caller.Store(nil)
	}
}

// Value is that of the caller's context, until it is detached.
func (d *dialContext) Value(key any) any {
	if v := d.Context.Value(key); v != nil { // context looks for its own
		return v
	}
	if caller := d.caller.Load(); caller != nil {
		return (*caller).Value(key)
	}
	return nil
}

// Deadline is that of the caller's context, until it is detached.
func (d *dialContext) Deadline() (time.Time, bool) {
	if caller := d.caller.Load(); caller != nil {
		return (*caller).Deadline()
	}
	return time.Time{}, false
}
