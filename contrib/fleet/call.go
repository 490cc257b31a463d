package fleet

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/redis/go-redis/v9"
)

// caller asks Redis for one part of the fleet, and knows whether it answers. The parts have
// a caller each, since Redis may do for one what it refuses to another: one that is full or
// read-only still reads.
//
//	            failed                       RetryAfter is over, and a call comes
//	answering ----------> silent, calls fail ----------------------------------> trying
//	    ^                  at once     ^                                          |  |
//	    |                              +----------------- failed -----------------+  |
//	    +--------------------------------- answered ----------------------------------+
type caller struct {
	fleet *Fleet
	part  string
	quiet bool // another one of the part tells

	mu      sync.Mutex
	since   time.Time // when the silence began; zero: it answers
	retryAt time.Time
	trying  bool
	count   struct{ calls, failed, skipped int64 }
}

// caller is a new one, for the part with that name.
func (f *Fleet) caller(part string) *caller {
	c := &caller{fleet: f, part: part}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.callers = append(f.callers, c)
	return c
}

// call asks Redis by ask, for the time that the configuration allows, and returns what it
// answered. [redis.Nil] is an answer. If the caller's own context has ended that is the
// error; all other errors are an *UnavailableError.
func call[T any](ctx context.Context, c *caller, ask func(context.Context, redis.UniversalClient) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, middleware.ContextError(ctx)
	}
	if err := c.begin(); err != nil {
		return none, err
	}
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if d := c.fleet.cfg.Timeout; d > 0 {
		bounded, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	answer, err := askBounded(bounded, ctx.Done() != nil, c.fleet.cfg.Redis, ask)
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		c.answered(ctx)
		return answer, err
	case hasEnded(ctx):
		c.interrupted()
		return none, middleware.ContextError(ctx)
	}
	if isOfKey(err) {
		return none, c.failedForKey(ctx, err)
	}
	return none, c.failed(ctx, err)
}

// hasEnded reports whether the caller's context has ended. A socket with its deadline says
// so a moment before the context does, which is not to count as Redis's fault.
func hasEnded(ctx context.Context) bool {
	if deadline, ok := ctx.Deadline(); ok && ctx.Done() != nil && !time.Now().Before(deadline) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// askBounded asks, and returns when the context has ended, whatever the client does. A client
// that goes by contexts goes by their deadlines alone, so that one which can be cancelled
// is waited for here; what is left behind ends with the deadline, and with a client that
// does not go by them with its ReadTimeout.
func askBounded[T any](ctx context.Context, cancelable bool, client redis.UniversalClient, ask func(context.Context, redis.UniversalClient) (T, error)) (T, error) {
	if ctx.Done() == nil || !cancelable && watchesContext(client) {
		return ask(ctx, client)
	}
	type result struct {
		answer T
		err    error
	}
	done := make(chan result, 1)
	go func() {
		answer, err := ask(ctx, client)
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// begin reports, with an error, that Redis is not to be asked now.
func (c *caller) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down() && c.fleet.cfg.RetryAfter > 0 {
		if c.trying || time.Now().Before(c.retryAt) {
			c.count.skipped++
			return &UnavailableError{Part: c.part, Since: c.since, Err: errSilent}
		}
		c.trying = true
	}
	c.count.calls++
	return nil
}

// down reports whether Redis did not answer the last time. The lock is held.
func (c *caller) down() bool { return !c.since.IsZero() }

// isSilent reports whether a call would fail at once.
func (c *caller) isSilent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.down() && (c.trying || time.Now().Before(c.retryAt))
}

func (c *caller) answered(ctx context.Context) {
	c.mu.Lock()
	since := c.since
	c.since, c.trying = time.Time{}, false
	c.mu.Unlock()
	if !since.IsZero() {
		c.tell(ctx, middleware.Event{Policy: c.part, Kind: EventAvailable, Wait: time.Since(since)})
	}
}

// interrupted is the end of a call that says nothing of Redis.
func (c *caller) interrupted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trying = false
}

// isOfKey reports whether an error of Redis is about what is under a key, and says nothing
// of the others: another type than ours, or a value that a script cannot use.
func isOfKey(err error) bool {
	var refused redis.Error
	return errors.As(err, &refused) &&
		(strings.HasPrefix(refused.Error(), "WRONGTYPE ") || strings.HasPrefix(refused.Error(), "ERR user_script:"))
}

// failedForKey is an answer, but none that is of use: Redis is asked for other keys as before.
func (c *caller) failedForKey(ctx context.Context, cause error) error {
	c.answered(ctx)
	c.mu.Lock()
	c.count.failed++
	c.mu.Unlock()
	err := &UnavailableError{Part: c.part, Since: time.Now(), Err: cause}
	c.tell(ctx, middleware.Event{Policy: c.part, Kind: middleware.EventFailed, Err: err})
	return err
}

func (c *caller) failed(ctx context.Context, cause error) error {
	now := time.Now()
	c.mu.Lock()
	c.count.failed++
	begins := c.since.IsZero()
	if begins {
		c.since = now
	}
	c.trying, c.retryAt = false, now.Add(max(c.fleet.cfg.RetryAfter, 0))
	err := &UnavailableError{Part: c.part, Since: c.since, Err: cause}
	c.mu.Unlock()
	if begins {
		c.tell(ctx, middleware.Event{Policy: c.part, Kind: EventUnavailable, Wait: max(c.fleet.cfg.RetryAfter, 0), Err: err})
	}
	return err
}

func (c *caller) tell(ctx context.Context, e middleware.Event) {
	if !c.quiet {
		c.fleet.tell(ctx, e)
	}
}

// tell tells it to whoever listens.
func (f *Fleet) tell(ctx context.Context, e middleware.Event) {
	if f.cfg.OnEvent != nil {
		f.cfg.OnEvent(ctx, e)
	}
}
