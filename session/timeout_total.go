package session

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// totalContext is a context with the total timeout of a call, for RoundTrippers that
// know nothing of a connector's Settings. Many of them never ask for Done: caches,
// mocks, what answers from memory. Until somebody does, there is neither a channel nor
// a timer, and Err looks at the clock.
//
//	unasked ──Done──▶ timed: a context of package context, with its timer
//	   │                │
//	  end              end
//	   ▼                ▼
//	 over            timed, cancelled
type totalContext struct {
	context.Context                     //nolint:containedctx // it is a context itself: this is its parent
	settings        *connector.Settings // which have the deadline
	byDefault       bool                // nobody has set the timeout
	timed           atomic.Pointer[timedContext]
}

type timedContext struct {
	context.Context //nolint:containedctx // it is a context itself
	cancel          context.CancelFunc
}

// over stands for all contexts that have ended before Done was called.
var over = func() *timedContext {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return &timedContext{ctx, cancel}
}()

// Deadline is that of the call, or an earlier one of its caller.
func (t *totalContext) Deadline() (deadline time.Time, ok bool) {
	if d, ok := t.Context.Deadline(); ok && d.Before(t.settings.Deadline) {
		return d, true
	}
	return t.settings.Deadline, true
}

// Done starts the timer.
func (t *totalContext) Done() <-chan struct{} { return t.startTimer().Done() }

// Err is nil until the deadline, the caller's end, or that of the call.
func (t *totalContext) Err() error {
	if timed := t.timed.Load(); timed != nil {
		return timed.Err()
	}
	if err := t.Context.Err(); err != nil || !t.isPastDeadline() {
		return err
	}
	return t.startTimer().Err()
}

// Value is that of the caller's context. Package context finds its own there, for
// the cause and for children, which therefore need no goroutine.
func (t *totalContext) Value(key any) any {
	if key == (httprule.TotalKey{}) {
		return httprule.Total{Limit: t.limit(), Deadline: t.settings.Deadline, Default: t.byDefault}
	}
	switch timed := t.timed.Load(); timed {
	case nil:
	case over:
		if v := over.Value(key); v != nil {
			return v
		}
	default:
		return timed.Value(key)
	}
	return t.Context.Value(key)
}

// isPastDeadline reports whether the deadline has passed.
func (t *totalContext) isPastDeadline() bool { return !time.Now().Before(t.settings.Deadline) }

func (t *totalContext) limit() time.Duration { return t.settings.Deadline.Sub(t.settings.Started) }

func (t *totalContext) startTimer() *timedContext {
	if timed := t.timed.Load(); timed != nil {
		return timed
	}
	limit := t.limit()
	ctx, cancel := context.WithDeadlineCause(t.Context, t.settings.Deadline, &errors.TimeoutError{
		Kind: errors.ErrTotalTimeout, Limit: limit, Elapsed: limit,
	})
	if timed := (&timedContext{ctx, cancel}); t.timed.CompareAndSwap(nil, timed) {
		return timed
	}
	cancel() // somebody else was faster
	return t.timed.Load()
}

// stop ends the context.
func (t *totalContext) stop() {
	if !t.timed.CompareAndSwap(nil, over) {
		t.timed.Load().cancel()
	}
}

// timeoutCause is the total timeout if that is why the context has ended, and else nil.
func (t *totalContext) timeoutCause() error {
	if t.Err() == nil {
		return nil
	}
	if cause := context.Cause(t); errors.Is(cause, errors.ErrTotalTimeout) {
		return cause
	}
	return nil
}
