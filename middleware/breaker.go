package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// BreakerConfig says when a [CircuitBreaker] opens and closes.
type BreakerConfig struct {
	// Failures is how many in a row open it. 0 is 5, negative is never.
	Failures int
	// OpenFor is how long it stays open before it lets a probe through. 0 is 30 s,
	// negative is not at all.
	OpenFor time.Duration
	// Probes is how many requests are let through at once after that. 0 and
	// negative are 1.
	Probes int
	// IsFailure tells failures from successes; either resp or err is nil. It
	// must not read the body. nil counts errors and 5xx without 501. What the
	// caller ended by cancelling its context, and what was never sent, be it that another middleware or a
	// guard of addresses refused it or that there is no token, is never asked about: it counts for nothing.
	IsFailure func(resp *http.Response, err error) bool
	// OnChange is told when the breaker of a host, as scheme://host:port, opens or
	// closes. It is called in the goroutine of a request. nil is nobody.
	OnChange func(host string, open bool)
	// OnEvent is told what happens, as [EventOpened], [EventProbed], [EventClosed] and [EventRefused]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// CircuitBreaker stops sending to a host that only fails: then requests to it
// fail at once, with a [*LimitError], until a probe succeeds. Each scheme, host
// and port has a breaker of its own. There are at most about 8,000 of them: of more
// hosts those are forgotten that were not asked for longest.
//
// A request that its caller cancelled says nothing of the host; one that ran
// into its deadline does. What it returns is safe for concurrent use, and
// shares the breakers, whatever it wraps.
func CircuitBreaker(cfg BreakerConfig) Middleware { return NewBreaker(cfg).Wrap }

// Breaker is what [CircuitBreaker] makes its middleware of. It is made by
// [NewBreaker], since its zero value has no settings, and is safe for concurrent use.
type Breaker struct {
	cfg   BreakerConfig
	hosts *hostTable[breaker]
	count struct{ refused, opened, closed, probed int64 } // under the lock of hosts
}

// NewBreaker is [CircuitBreaker] with a way to ask for its state.
func NewBreaker(cfg BreakerConfig) *Breaker {
	if cfg.Failures == 0 {
		cfg.Failures = 5
	}
	cfg.OpenFor = durationOr(cfg.OpenFor, 30*time.Second)
	cfg.Probes = max(cfg.Probes, 1)
	if cfg.IsFailure == nil {
		cfg.IsFailure = isServerFailure
	}
	hosts := &hostTable[breaker]{
		fresh: func() *breaker { return &breaker{} },
		idle: func(b *breaker) bool {
			return b.until.IsZero() && (b.failures == 0 || time.Since(b.failed) > breakerMemory)
		},
	}
	return &Breaker{cfg: cfg, hosts: hosts}
}

// Wrap is the [Middleware].
func (b *Breaker) Wrap(next http.RoundTripper) http.RoundTripper {
	return &breakerTransport{b, requireNext(next)}
}

// breakerMemory is how long a few failures are remembered at least. When there are many
// hosts those of which nothing else is known are forgotten then.
const breakerMemory = 10 * time.Minute

// breaker is the state of a host; the zero value is closed.
type breaker struct {
	failures int       // in a row
	failed   time.Time // the last of them
	until    time.Time // open until then; zero is closed
	probing  int       // probes under way
	epoch    int       // counts the changes: what was sent before the last counts no more
}

type breakerTransport struct {
	*Breaker
	next http.RoundTripper
}

const breakerPolicy = "circuit breaker"

// RoundTrip asks the breaker, sends the request, and tells the breaker.
func (b *breakerTransport) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	host := httprule.OriginOf(req.URL).String()
	var wait time.Duration
	var epoch int
	allowed, probe := false, false
	b.hosts.withHost(host, func(state *breaker) {
		probe = !state.until.IsZero()
		switch allowed, wait, epoch = state.admitRequest(b.cfg.Probes); {
		case !allowed:
			b.count.refused++
		case probe:
			b.count.probed++
		}
	})
	if !allowed {
		err := &LimitError{Kind: ErrCircuitOpen, Host: host, Wait: wait}
		tellEvent(b.cfg.OnEvent, req.Context(), Event{Policy: breakerPolicy, Kind: EventRefused, Host: host, Wait: wait, Err: err})
		return refuseRequest(req, err)
	}
	ctx, outcome := req.Context(), breakerNeutral
	defer func() { // also if something panics
		guardResponse(resp, func() { b.recordOutcome(ctx, host, epoch, outcome) })
	}()
	if probe {
		tellEvent(b.cfg.OnEvent, ctx, Event{Policy: breakerPolicy, Kind: EventProbed, Host: host})
	}
	resp, err = b.next.RoundTrip(req)
	if resp != nil || err != nil {
		guardResponse(resp, func() { outcome = b.classifyOutcome(ctx, resp, err) })
	}
	return resp, err
}

type breakerOutcome int

const (
	breakerNeutral breakerOutcome = iota
	breakerSuccess
	breakerFailure
)

func (b *breakerTransport) classifyOutcome(ctx context.Context, resp *http.Response, err error) breakerOutcome {
	return outcomeOf(ctx, resp, err, b.cfg.IsFailure)
}

// outcomeOf is what a sending says of its server. What its caller has cancelled, and what
// was never sent, says nothing.
func outcomeOf(ctx context.Context, resp *http.Response, err error, isFailure func(*http.Response, error) bool) breakerOutcome {
	if err != nil {
		resp = nil
		if errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, errors.ErrInvalidRequest) ||
			errors.Is(err, errors.ErrSessionClosed) || errors.Is(err, errors.ErrConnectorClosed) || errors.Is(err, errors.ErrAddressRefused) ||
			isLimitError(err) || isTokenError(err) {
			return breakerNeutral
		}
	}
	if isFailure(resp, err) {
		return breakerFailure
	}
	return breakerSuccess
}

// isServerFailure tells failures of a server from successes, where nobody says more.
func isServerFailure(resp *http.Response, err error) bool {
	return err != nil || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
}

// isLimitError reports whether another middleware did not send the request.
func isLimitError(err error) bool {
	_, ok := errors.AsType[*LimitError](err)
	return ok
}

// admitRequest reports whether a request may go, and else for how long not.
func (s *breaker) admitRequest(probes int) (allowed bool, wait time.Duration, epoch int) {
	if s.until.IsZero() {
		return true, 0, s.epoch
	}
	if wait = time.Until(s.until); wait > 0 {
		return false, wait, 0
	}
	if s.probing >= probes {
		return false, 0, 0
	}
	s.probing++
	return true, 0, s.epoch
}

// recordOutcome counts the outcome for the host, and opens or closes its breaker.
func (b *Breaker) recordOutcome(ctx context.Context, host string, epoch int, outcome breakerOutcome) {
	changed, open := false, false
	b.hosts.withHost(host, func(s *breaker) {
		changed, open = s.recordOutcome(epoch, outcome, b.cfg.Failures, b.cfg.OpenFor)
		if changed {
			b.countChange(open)
		}
	})
	if changed && b.cfg.OnChange != nil {
		b.cfg.OnChange(host, open)
	}
	if changed {
		kind := EventClosed
		if open {
			kind = EventOpened
		}
		tellEvent(b.cfg.OnEvent, ctx, Event{Policy: breakerPolicy, Kind: kind, Host: host})
	}
}

// recordOutcome takes note of what a request that was admitted in an epoch says, and opens
// after so many failures or closes. It reports whether it has, and what it is now.
func (s *breaker) recordOutcome(epoch int, outcome breakerOutcome, failures int, openFor time.Duration) (changed, open bool) {
	if s.epoch != epoch {
		return false, false // it has opened or closed since
	}
	was := !s.until.IsZero()
	if was {
		s.probing = max(s.probing-1, 0) // it may have been forgotten meanwhile
	}
	switch outcome {
	case breakerSuccess:
		s.failures = 0
		if was {
			*s = breaker{epoch: epoch + 1} // the other probes count no more
		}
	case breakerFailure:
		s.failures++
		s.failed = time.Now()
		if was || failures > 0 && s.failures >= failures {
			*s = breaker{until: time.Now().Add(openFor), epoch: epoch + 1, failures: s.failures}
		}
	case breakerNeutral:
	}
	open = !s.until.IsZero()
	return open != was, open
}

// countChange counts that a breaker has opened or closed.
func (b *Breaker) countChange(open bool) {
	if open {
		b.count.opened++
	} else {
		b.count.closed++
	}
}
