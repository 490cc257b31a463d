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
	// OnEvent is told what happens, as [EventWaited], [EventRefused] and [EventPaused]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// RateLimit spaces requests out, and pauses for a host that asks for it: by
// Retry-After with 403, 429 or 503, by a RateLimit or RateLimit-Remaining header
// that says that nothing is left, and by a bare 429, which makes a second, and
// twice as much for each that follows that pause. The zero configuration only listens to
// servers.
//
// Who has to wait waits with its context, and is refused at once, with a
// [*LimitError], if the context would end before. What it returns is safe for
// concurrent use, and counts together all that goes through it, whatever it
// wraps. It remembers at most about 8,000 hosts: of more, those are forgotten that
// were not asked for longest.
func RateLimit(cfg RateLimitConfig) Middleware { return NewRateLimiter(cfg).Wrap }

// RateLimiter is what [RateLimit] makes its middleware of. It is made by
// [NewRateLimiter], since its zero value has no settings, and is safe for concurrent use.
type RateLimiter struct {
	cfg   RateLimitConfig
	hosts *hostTable[rateHost]
	queue rateQueue // under the lock of hosts
	count struct {
		sent, waited, refused, paused int64
		waitTime                      time.Duration
	} // under the lock of hosts
}

// NewRateLimiter is [RateLimit] with a way to ask for its state.
func NewRateLimiter(cfg RateLimitConfig) *RateLimiter {
	if cfg.MaxPause == 0 {
		cfg.MaxPause = time.Minute
	}
	l := &RateLimiter{cfg: cfg}
	l.queue = rateQueue{total: ratePace(cfg.Rate, cfg.Burst), host: ratePace(cfg.PerHost, cfg.BurstPerHost)}
	l.queue.run = func() { l.hosts.withLock(func() { l.queue.sendDue(time.Now()) }) }
	l.hosts = &hostTable[rateHost]{
		fresh: func() *rateHost { return &rateHost{} },
		idle: func(h *rateHost) bool {
			now := time.Now()
			return h.waiting.Len() == 0 && !h.next.After(now) && !h.paused.After(now) && (h.refused == 0 || now.Sub(h.paused) > cfg.MaxPause)
		},
		busy: func(h *rateHost) bool { return h.waiting.Len() > 0 },
	}
	return l
}

// Wrap is the [Middleware].
func (l *RateLimiter) Wrap(next http.RoundTripper) http.RoundTripper {
	return &rateLimitTransport{l, requireNext(next)}
}

type rateLimitTransport struct {
	*RateLimiter
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
		guardResponse(resp, func() { l.applyPause(req.Context(), host, resp) }) //nolint:contextcheck // it is the request's
	}
	return resp, err
}

// awaitTurn waits until the request may go.
func (l *RateLimiter) awaitTurn(ctx context.Context, host string) error {
	if ctx.Err() != nil {
		return httprule.ContextError(ctx)
	}
	w, err := l.takeTurn(ctx, host)
	if w != nil {
		err = l.awaitPlace(ctx, host, w)
	}
	if limit, ok := err.(*LimitError); ok { //nolint:errorlint // it is ours, or the context's
		tellEvent(l.cfg.OnEvent, ctx, Event{Policy: rateLimitPolicy, Kind: EventRefused, Host: host, Wait: limit.Wait, Err: err})
	}
	return err
}

const rateLimitPolicy = "rate limit"

// awaitPlace waits in the queue.
func (l *RateLimiter) awaitPlace(ctx context.Context, host string, w *rateWaiter) (err error) {
	noLonger := NoteWait(ctx, rateLimitPolicy)
	select {
	case <-w.done:
		err = w.refused
	case <-ctx.Done():
		err = httprule.ContextError(ctx)
	}
	noLonger()
	took := time.Since(w.since)
	l.hosts.withLock(func() {
		l.queue.leave(w)
		l.count.waited++
		l.count.waitTime += took
		if err == nil {
			l.count.sent++
		} else if w.refused != nil {
			l.count.refused++
		}
	})
	tellEvent(l.cfg.OnEvent, ctx, Event{Policy: rateLimitPolicy, Kind: EventWaited, Host: host, Wait: took, Err: err})
	return err
}

// takeTurn returns the place in the queue, or nil if the request may go at once, or
// is refused.
func (l *RateLimiter) takeTurn(ctx context.Context, host string) (w *rateWaiter, err error) {
	l.hosts.withHost(host, func(h *rateHost) {
		now := time.Now()
		if l.queue.tryNow(h, now) {
			l.count.sent++
			return
		}
		if err = l.checkWait(ctx, host, l.queue.forecast(h, now, h.waiting.Len())); err == nil {
			w = l.queue.join(ctx, h, now)
		} else {
			l.count.refused++
		}
	})
	return w, err
}

// checkWait refuses waits that are too long.
func (l *RateLimiter) checkWait(ctx context.Context, host string, wait time.Duration) error {
	if l.cfg.FailFast || l.cfg.MaxWait > 0 && wait > l.cfg.MaxWait {
		return &LimitError{Kind: ErrRateLimit, Host: host, Wait: wait}
	}
	if late := LimitByDeadline(ctx, ErrRateLimit, host, wait); late != nil {
		return late
	}
	return nil
}

// applyPause pauses the host, if its response says so.
func (l *RateLimiter) applyPause(ctx context.Context, host string, resp *http.Response) {
	now, pause := time.Now(), time.Duration(0)
	asked := ServerPause(resp, now)
	l.hosts.withHost(host, func(h *rateHost) {
		if resp.StatusCode != http.StatusTooManyRequests {
			h.refused = 0
		} else if asked == 0 && !h.paused.After(now) { // else it was on its way when the pause began
			asked = time.Second << min(h.refused, 30)
			h.refused++
		}
		if until := now.Add(min(asked, l.cfg.MaxPause)); asked > 0 && until.After(h.paused) {
			h.paused, pause = until, until.Sub(now)
			l.count.paused++
			l.refuseLate(host, h, now)
		}
	})
	if pause > 0 {
		tellEvent(l.cfg.OnEvent, ctx, Event{Policy: rateLimitPolicy, Kind: EventPaused, Host: host, Wait: pause, Status: resp.StatusCode})
	}
}

// refuseLate refuses those who would have to wait too long since there is a pause.
func (l *RateLimiter) refuseLate(host string, h *rateHost, now time.Time) {
	if h.waiting.Len() == 0 {
		return
	}
	for place, before := h.waiting.Front(), 0; place != nil; {
		w := place.Value.(*rateWaiter) //nolint:errcheck,forcetypeassert // there is nothing else in it
		place = place.Next()
		at := l.queue.host.forecast(h.next, h.paused, before)
		if w.refused = l.checkWait(w.ctx, host, at.Sub(now)); w.refused == nil {
			before++
			continue
		}
		l.queue.leave(w)
		close(w.done)
	}
	if h.waiting.Len() > 0 {
		l.queue.updateTurn(h)
		l.queue.setTimer(now)
	}
}
