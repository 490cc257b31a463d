package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// RateLimitConfig is how often requests may be sent.
type RateLimitConfig struct {
	// Rate is requests per second for all hosts together, and PerHost for each
	// scheme, host and port. 0 and negative are no limit.
	Rate, PerHost float64
	// Burst and BurstPerHost are how many may be sent at once after a rest. 0 and
	// negative are 1.
	Burst, BurstPerHost int
	// FailFast refuses what would have to wait, with a [*LimitError].
	FailFast bool
	// MaxWait refuses what would have to wait longer. 0 and negative are no limit.
	MaxWait time.Duration
	// MaxPause is the longest pause that a server can impose by its headers. 0 is
	// a minute, negative does not listen to servers.
	MaxPause time.Duration
}

// RateLimit spaces requests out, and pauses for a host that asks for it: by
// Retry-After with 403, 429 or 503, by a RateLimit or RateLimit-Remaining header
// that says that nothing is left, and by a bare 429, which makes a second, and
// twice as much for each that follows. The zero configuration only listens to
// servers.
//
// Who has to wait waits with its context, and is refused at once, with a
// [*LimitError], if the context would end before. What it returns is safe for
// concurrent use, and counts together all that goes through it, whatever it
// wraps. It remembers at most about 8,000 hosts: of more, those are forgotten that
// were not asked for longest.
func RateLimit(cfg RateLimitConfig) Middleware {
	if cfg.MaxPause == 0 {
		cfg.MaxPause = time.Minute
	}
	l := &rateLimit{cfg: cfg, total: ratePace(cfg.Rate, cfg.Burst), host: ratePace(cfg.PerHost, cfg.BurstPerHost)}
	l.hosts = &hostTable[rateHost]{
		fresh: func() *rateHost { return &rateHost{} },
		idle: func(h *rateHost) bool {
			now := time.Now()
			return !h.next.After(now) && !h.paused.After(now) && (h.refused == 0 || now.Sub(h.paused) > cfg.MaxPause)
		},
	}
	return func(next http.RoundTripper) http.RoundTripper {
		return &rateLimitTransport{l, requireNext(next)}
	}
}

// pace is the distance between requests, and how far ahead of it they may be. The
// zero value is no limit.
type pace struct{ every, ahead time.Duration }

func ratePace(perSecond float64, burst int) pace {
	if perSecond <= 0 {
		return pace{}
	}
	burst = max(burst, 1)
	every := min(float64(time.Second)/perSecond, float64(forever/4)/float64(burst)) // it has to fit
	return pace{max(time.Duration(every), 1), time.Duration(every * float64(burst-1))}
}

// reserve takes the next place, and says how long it is until then. next is
// when the request after the last one is due (the generic cell rate algorithm,
// ITU-T I.371).
func (p pace) reserve(next *time.Time, now time.Time) time.Duration {
	if p.every == 0 {
		return 0
	}
	if next.Before(now) {
		*next = now
	}
	wait := max(next.Sub(now)-p.ahead, 0)
	*next = next.Add(p.every)
	return wait
}

// giveBack undoes a reservation.
func (p pace) giveBack(next *time.Time) {
	if p.every > 0 {
		*next = next.Add(-p.every)
	}
}

type rateLimit struct {
	cfg         RateLimitConfig
	total, host pace
	hosts       *hostTable[rateHost]
	next        time.Time // of all together, under the lock of hosts
}

type rateHost struct {
	next    time.Time
	paused  time.Time // until then
	refused int       // bare 429 in a row
}

type rateLimitTransport struct {
	*rateLimit
	next http.RoundTripper
}

// RoundTrip waits, sends the request, and learns from the response.
func (l *rateLimitTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	host := httprule.OriginOf(req.URL).String()
	if err := l.awaitTurn(req.Context(), host); err != nil {
		return refuseRequest(req, err)
	}
	resp, err := l.next.RoundTrip(req)
	if err == nil && resp != nil && l.cfg.MaxPause > 0 {
		l.applyPause(host, resp)
	}
	return resp, err
}

// awaitTurn takes a place and waits for it, and then for the end of pauses that
// began meanwhile.
func (l *rateLimit) awaitTurn(ctx context.Context, host string) error {
	var wait time.Duration
	l.hosts.withHost(host, func(h *rateHost) {
		now := time.Now()
		wait = max(l.total.reserve(&l.next, now), l.host.reserve(&h.next, now), h.paused.Sub(now))
	})
	for wait > 0 {
		err := l.checkWait(ctx, host, wait)
		if err == nil {
			err = waitContext(ctx, wait)
		}
		if err != nil {
			l.hosts.withHost(host, func(h *rateHost) {
				l.total.giveBack(&l.next)
				l.host.giveBack(&h.next)
			})
			return err
		}
		l.hosts.withHost(host, func(h *rateHost) { wait = max(time.Until(h.paused), 0) })
	}
	return nil
}

// checkWait refuses waits that are too long.
func (l *rateLimit) checkWait(ctx context.Context, host string, wait time.Duration) error {
	deadline, ok := ctx.Deadline()
	if l.cfg.FailFast || l.cfg.MaxWait > 0 && wait > l.cfg.MaxWait || ok && time.Until(deadline) <= wait && ctx.Err() == nil {
		return &LimitError{Kind: ErrRateLimit, Host: host, Wait: wait}
	}
	return nil
}

// applyPause pauses the host, if its response says so.
func (l *rateLimit) applyPause(host string, resp *http.Response) {
	now := time.Now()
	asked := serverPause(resp, now)
	l.hosts.withHost(host, func(h *rateHost) {
		if resp.StatusCode != http.StatusTooManyRequests {
			h.refused = 0
		} else if asked == 0 {
			asked = time.Second << min(h.refused, 30)
			h.refused++
		}
		if until := now.Add(min(asked, l.cfg.MaxPause)); asked > 0 && until.After(h.paused) {
			h.paused = until
		}
	})
}
