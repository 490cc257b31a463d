package work

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"

	"github.com/aiolos-http/aiolos/cmd/aiolos-fleet/internal/app"
)

// prefix is that of the keys of the limits, which all queues of a Redis have in common: a
// host does not care which queue its requests are from.
const prefix = "aiolos-fleet"

// limits are the limits that a worker has in common with all others.
type limits struct {
	middlewares []middleware.Middleware
	close       func()
}

// newLimits joins the fleet, and says in silent whether Redis answers. A request takes its
// place among those under way first and waits with it for its turn, so that what has its turn
// is sent at once, and the rate is that which the server sees. Whether the host has asked one
// of the fleet for a pause is looked at last: what has waited for its turn is not sent into one.
// With a rate nothing waits for its end there, since all of that would be sent at once then:
// the rate itself makes a pause of up to PauseWait, and after that each goes back as its turn
// comes.
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
	pauses := f.RateLimit(fleet.RateLimitConfig{
		Name: "pauses", MaxPause: cfg.MaxRetryAfter, MaxWait: cfg.pauseWait(), FailFast: cfg.Limits.Rate > 0,
		OnEvent: func(_ context.Context, e middleware.Event) { cfg.tellPause(e) },
	})
	if n := cfg.Limits.PerHost; n > 0 {
		l.middlewares = append(l.middlewares, f.Concurrency(fleet.ConcurrencyConfig{Name: "work", PerHost: n}).Wrap)
	}
	if rate := cfg.Limits.Rate; rate > 0 {
		l.middlewares = append(l.middlewares, f.RateLimit(fleet.RateLimitConfig{Name: "work", PerHost: rate, BurstPerHost: cfg.Limits.Burst, MaxPause: min(cfg.pauseWait(), cfg.MaxRetryAfter)}).Wrap)
	}
	l.middlewares = append(l.middlewares, pauses.Wrap)
	return l, nil
}

// pauseWait is PauseWait, or what that is by default.
func (c Config) pauseWait() time.Duration { return cmp.Or(c.PauseWait, 5*time.Second) }

// tellPause tells of a pause that has requests go back.
func (c Config) tellPause(e middleware.Event) {
	if e.Kind == middleware.EventPaused && e.Wait > c.pauseWait() {
		c.Notice("%s has answered %d: nothing goes there for %s", app.Line(e.Host), e.Status, app.Duration(e.Wait))
	}
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
