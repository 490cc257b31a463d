package dial

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
)

// Attempt is one call of [Dialer.Dial]: what it has to keep to, and what it
// learns. The caller must not look at it before Dial has returned.
type Attempt struct {
	// SockConnect bounds each step on one connection: connecting to an address,
	// the proxy's tunnel, TLS. 0 is no bound.
	SockConnect time.Duration
	// Lookup is told about the server's name; nil is nobody.
	Lookup *LookupHooks

	// At is what was being connected to last, and in which phase: what an error of
	// Dial is about.
	At classify.Endpoint
	// DNS, Connect and TLS are where the time went. They do not overlap.
	DNS, Connect, TLS time.Duration
	// CachedDNS says that the last addresses came from the cache.
	CachedDNS bool
	// State is that of TLS with the server, or nil.
	State *tls.ConnectionState

	target Target
}

// LookupHooks are called while the server's name is looked up, not a proxy's and
// not a literal address; any may be nil. Hit is called if the addresses are known,
// or if another attempt is asking for them already; else Miss and Start, and End
// once there is an answer.
type LookupHooks struct{ Hit, Miss, Start, End func(host string) }

func callHook(hook func(string), host string) {
	if hook != nil {
		hook(host)
	}
}

// runStep runs one step of an attempt within SockConnect.
func (a *Attempt) runStep(ctx context.Context, phase errors.Phase, step func(context.Context) (net.Conn, error)) (net.Conn, error) {
	attempt := ctx
	if a.SockConnect > 0 {
		var cancel context.CancelFunc
		attempt, cancel = context.WithTimeout(ctx, a.SockConnect)
		defer cancel()
	}
	return a.runBounded(ctx, attempt, phase, step)
}

// runConnect is runStep for connecting a socket of package net's.
func (a *Attempt) runConnect(ctx context.Context, step func(context.Context) (net.Conn, error)) (net.Conn, error) {
	ends := time.Now().Add(a.SockConnect)
	before, ok := ctx.Deadline()
	switch {
	case a.SockConnect <= 0, ok && before.Before(ends):
		return a.runBounded(ctx, ctx, errors.PhaseDial, step)
	case ctx.Done() == nil:
		return a.runStep(ctx, errors.PhaseDial, step)
	}
	return a.runBounded(ctx, &connectContext{ctx, ends}, errors.PhaseDial, step)
}

// runBounded runs a step within attempt, which is ctx with a.SockConnect.
func (a *Attempt) runBounded(ctx, attempt context.Context, phase errors.Phase, step func(context.Context) (net.Conn, error)) (net.Conn, error) {
	start := time.Now()
	nc, err := step(attempt)
	if err != nil {
		AwaitDeadline(attempt)
	}
	if err != nil && attempt.Err() != nil && ctx.Err() == nil {
		err = &errors.TimeoutError{
			Kind: errors.ErrConnectionTimeout, Phase: phase, Limit: a.SockConnect,
			Elapsed: time.Since(start), Host: a.target.Addr(),
		}
	}
	return nc, err
}
