package work

import (
	"context"
	"sync/atomic"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// prefix is that of the keys of the limits, which all queues of a Redis have in common: a
// host does not care which queue its requests are from.
const prefix = "aiolos-fleet"

// limits are the limits that a worker has in common with all others.
type limits struct {
	middlewares []middleware.Middleware
	close       func()
}

// newLimits joins the fleet, and says in silent whether Redis answers. A request takes its place among those under way first and waits
// with it for its turn, so that what has its turn is sent at once, and the rate is that which
// the server sees.
func newLimits(cfg Config, silent *atomic.Bool) (*limits, error) {
	f, err := fleet.New(fleet.Config{
		Redis: cfg.Redis, Prefix: prefix, Unavailable: fleet.Local,
		OnEvent: func(_ context.Context, e middleware.Event) {
			if e.Kind == fleet.EventUnavailable {
				silent.Store(true) // record finds out when it is over
			}
			tellLimit(cfg.Notice, e)
		},
	})
	if err != nil {
		return nil, err
	}
	l := &limits{close: func() { f.Close() }}
	if n := cfg.Limits.PerHost; n > 0 {
		l.middlewares = append(l.middlewares, f.Concurrency(fleet.ConcurrencyConfig{Name: "work", PerHost: n}).Wrap)
	}
	if rate := cfg.Limits.Rate; rate > 0 {
		l.middlewares = append(l.middlewares, f.RateLimit(fleet.RateLimitConfig{Name: "work", PerHost: rate, BurstPerHost: cfg.Limits.Burst}).Wrap)
	}
	return l, nil
}

// tellLimit tells when a limit is that of this worker alone, and when that is over.
func tellLimit(notice func(string, ...any), e middleware.Event) {
	switch e.Kind {
	case fleet.EventUnavailable:
		notice("%s: this worker keeps its share of the limits", errors.RedactError(e.Err))
	case fleet.EventAvailable:
		notice("redis answers again for the %s, after %s", e.Policy, e.Wait.Round(1e6))
	default: // what the policies do is not told
	}
}
