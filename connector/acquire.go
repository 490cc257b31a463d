package connector

import (
	"context"
	stderrors "errors"
	"time"

	"github.com/aiolos-http/aiolos/connector/internal/dial"
	"github.com/aiolos-http/aiolos/errors"
)

// connect gets a connection: an idle one, or a new one if fresh or if there is
// none. Only the way that takes time pays for its timeouts.
func (x *exchange) connect(fresh bool) error {
	p := x.c.pool
	now := x.timing.Start
	if x.timing.Retried {
		now = time.Now()
	}
	c, h, err := p.tryAcquire(x.key, now, fresh)
	if c != nil && !c.enter() {
		c, h = nil, nil
	}
	made := false
	if c == nil && err == nil {
		c, made, now, err = x.connectSlowly(h, fresh, now)
	}
	if err != nil {
		return err
	}
	if !made {
		call(x.trace.Reused)
	}
	x.conn = c
	x.gotten = now
	silence := x.timeout.SockRead
	if x.uploads() || silence < 0 {
		silence = 0
	}
	x.reused = c.begin(now, x.total, silence, x.limits)
	if x.chunks {
		c.watchChunks()
	}
	t := &x.timing
	t.Reused, t.Remote = x.reused, c.remote
	if c.mux && closes(x.orig) {
		p.drain(c)
	}
	return nil
}

// smallUpload is what a socket's buffer takes without the peer reading it.
const smallUpload = 8 << 10

// uploads reports whether sending the body may take a time of its own, in which
// the peer has no reason to say anything.
func (x *exchange) uploads() bool {
	small := x.upload.plain != nil && x.orig.ContentLength > 0 && x.orig.ContentLength <= smallUpload
	return x.upload.present() && !small
}

// connectSlowly waits for a slot if h is nil, and dials if the slot comes
// without a connection, all within the connect and total timeouts.
func (x *exchange) connectSlowly(h *host, fresh bool, now time.Time) (c *conn, made bool, gotten time.Time, err error) {
	ctx, deadline := x.orig.Context(), x.total
	if x.timeout.Connect > 0 {
		if d := now.Add(x.timeout.Connect); deadline.IsZero() || d.Before(deadline) {
			deadline = d
		}
	}
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, deadline, errTotalDeadline)
		defer cancel()
	}
	p := x.c.pool
	at := x.key.Endpoint(errors.PhasePool)
	if h == nil {
		c, h, err = x.queue(ctx, now, fresh)
	}
	if err == nil && c == nil {
		made = true
		call(x.trace.CreateStart)
		var d *connAttempt
		c, d, err = x.c.dialer.open(ctx, h, max(x.timeout.SockConnect, 0), x.trace)
		at = d.At
		t := &x.timing
		t.DNS, t.Connect, t.TLS, t.CachedDNS = d.DNS, d.Connect, d.TLS, d.CachedDNS
		if err != nil {
			p.forfeit(h, ctx.Err() == nil)
		} else {
			call(x.trace.CreateEnd)
		}
	}
	if err != nil {
		return nil, made, now, x.connectError(ctx, err, at, now)
	}
	return c, made, time.Now(), nil
}

// queue waits for a connection, or for a slot to make one.
func (x *exchange) queue(ctx context.Context, now time.Time, fresh bool) (*conn, *host, error) {
	start := now
	call(x.trace.QueuedStart)
	defer func() {
		x.timing.Queue += time.Since(start)
		call(x.trace.QueuedEnd)
	}()
	for {
		c, h, err := x.c.pool.acquire(ctx, x.key, now, fresh)
		if err != nil || c == nil || c.enter() {
			return c, h, err
		}
		now = time.Now()
	}
}

// connectError gives the failure to get a connection its class. Whose deadline
// struck is decided by the contexts and the clock, not by the error: a socket
// that runs into any deadline says "i/o timeout".
func (x *exchange) connectError(ctx context.Context, err error, at errors.Endpoint, since time.Time) error {
	dial.CatchUp(ctx)
	if own := x.orig.Context(); own.Err() != nil {
		return contextError(own)
	}
	if ctx.Err() == nil {
		return dial.Failure(err, at)
	}
	if now := time.Now(); x.total.IsZero() || now.Before(x.total) {
		return &errors.TimeoutError{
			Kind: errors.ErrConnectionTimeout, Phase: at.Phase, Limit: x.timeout.Connect,
			Elapsed: now.Sub(since), Host: x.key.Addr(),
		}
	}
	return x.totalTimeout(at.Phase)
}

func (x *exchange) totalTimeout(phase errors.Phase) error {
	began := x.timing.Start
	if s := SettingsFrom(x.orig.Context()); s != nil && !s.Started.IsZero() {
		began = s.Started
	}
	return &errors.TimeoutError{
		Kind: errors.ErrTotalTimeout, Phase: phase, Limit: x.total.Sub(began),
		Elapsed: time.Since(began), Host: x.key.Addr(),
	}
}

func (x *exchange) silence(phase errors.Phase) error {
	return &errors.TimeoutError{
		Kind: errors.ErrSocketTimeout, Phase: phase, Limit: x.timeout.SockRead,
		Elapsed: time.Since(x.gotten), Host: x.key.Addr(),
	}
}

// contextError is why the caller's context ended: its error, and its cause if
// it was given another one.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || stderrors.Is(cause, err) {
		return err
	}
	return &causedError{err, cause}
}

type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }
