package fleet

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// RateLimitConfig is how often requests may be sent by all processes together. It is
// [middleware.RateLimitConfig] but for Name and Key.
type RateLimitConfig struct {
	// Name tells the limits of a fleet apart: those of one name are one limit, and must
	// have the same Rate, PerHost, Burst and BurstPerHost. Empty is "default". Braces are
	// an [errors.InvalidRequestError] of every request.
	Name string
	// Rate is requests per second for all hosts together, and PerHost for each
	// scheme, host and port. 0 and negative are no limit. The distance between requests
	// is rounded up to whole microseconds.
	Rate, PerHost float64
	// Burst and BurstPerHost are how many may be sent at once after a rest. 0 and
	// negative are 1.
	Burst, BurstPerHost int
	// Key is what the limit PerHost and pauses are for, instead of the host. A request
	// for which it is empty is not limited. It is kept in Redis as its SHA-256, and stands
	// in no error and no event. It is called by many at the same time. nil is the host.
	Key func(req *http.Request) string
	// FailFast refuses what would have to wait, with a [*middleware.LimitError].
	FailFast bool
	// MaxWait refuses what would have to wait longer. 0 and negative are no limit.
	MaxWait time.Duration
	// MaxPause is the longest pause that a server can impose by its headers. 0 is
	// a minute, negative does not listen to servers.
	MaxPause time.Duration
	// OnEvent is told what happens, as [middleware.EventWaited], [middleware.EventRefused]
	// and [middleware.EventPaused], with the Policy "fleet rate limit", after that of
	// [Config]. nil is nobody but that.
	OnEvent func(ctx context.Context, e middleware.Event)
}

// RateLimit is [middleware.RateLimit] for all processes of the fleet: it spaces their
// requests out as if they were one, and a host that asks one of them for a pause gets it
// from all. The zero configuration only listens to servers.
//
// Redis gives out the places, by its own clock. Who has to wait waits in this process, in
// the order of arrival; a process takes a place when somebody needs one, and not before the
// one that it has is nearly due, so that processes with requests have their turns one after
// the other, and one that dies has taken little with it. Who would have to wait longer than
// MaxWait or until after the deadline of its context is refused, with a
// [*middleware.LimitError]: at once if that is certain on arrival, otherwise when its place
// would be taken. Nothing is taken then. A place whose request was given up serves the next
// one; if there is none, it is given back if nobody has taken one since, and lost
// otherwise.
//
// While Redis does not answer, [Config].Unavailable holds: with Local each process has its
// share of Rate, PerHost and the bursts (of these at least 1); with Refuse requests fail
// with an [*UnavailableError]. Bounds for that are in docs/fleet.md.
//
// What it returns is safe for concurrent use, and counts together all that goes through it,
// whatever it wraps. Redis is asked once for a request, less often if many come at once,
// and once more for one that was alone in waiting for longer than a tenth of a second, or
// that has come for its turn before that of another process was over.
func (f *Fleet) RateLimit(cfg RateLimitConfig) *RateLimiter {
	if cfg.Name == "" {
		cfg.Name = "default"
	}
	if cfg.MaxPause == 0 {
		cfg.MaxPause = time.Minute
	}
	l := &RateLimiter{fleet: f, caller: f.caller(rateLimitPart), cfg: cfg, keys: map[string]*rateKey{}, sweepAt: minRateKeys, began: time.Now()}
	l.all, l.host = newRatePace(cfg.Rate, cfg.Burst), newRatePace(cfg.PerHost, cfg.BurstPerHost)
	if strings.ContainsAny(cfg.Name, "{}") {
		l.err = &errors.InvalidRequestError{Field: rateLimitPart, Reason: "Name has a brace"}
	}
	l.take, l.giveBack = l.takePlaces, l.returnPlaces // tests have others
	return l
}

// RateLimiter is a limit of a [Fleet]. It is made by [Fleet.RateLimit], and is safe for
// concurrent use.
type RateLimiter struct {
	fleet     *Fleet
	caller    *caller
	cfg       RateLimitConfig
	err       error // of the configuration
	all, host ratePace
	began     time.Time // the zero of the local clock
	take      func(context.Context, *rateKey, rateAsk) (rateAnswer, error)
	giveBack  func(context.Context, *rateKey, rateLast, int) (int, error)
	granted   func(key string, a rateAnswer) // for tests; nil: nobody

	mu        sync.Mutex
	keys      map[string]*rateKey
	sweepAt   int
	roundTrip time.Duration // of the last question
	share     rateShare
	count     struct {
		sent, waited, refused, local, returned, lost int64
		waitTime                                     time.Duration
	}
}

// Wrap is the [middleware.Middleware].
func (l *RateLimiter) Wrap(next http.RoundTripper) http.RoundTripper {
	if next == nil { // all requests are refused, as the library's middlewares do
		return middleware.Admit(nil, func(*http.Request) (func(), error) { return nil, l.err })
	}
	return &rateTransport{l, next}
}

type rateTransport struct {
	*RateLimiter
	next http.RoundTripper
}

// RoundTrip waits, sends the request, and learns from the response.
func (l *rateTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	key := l.keyOf(req)
	if err := l.awaitTurn(req, key); err != nil {
		if req.Body != nil {
			req.Body.Close() // as RoundTripper demands
		}
		return nil, err
	}
	resp, err := l.next.RoundTrip(req)
	if err == nil && resp != nil && key != "" && l.cfg.MaxPause > 0 {
		l.applyPause(req, key, resp)
	}
	return resp, err
}

// awaitTurn waits until the request may go.
func (l *RateLimiter) awaitTurn(req *http.Request, key string) error {
	ctx := req.Context()
	switch {
	case l.err != nil:
		return l.err
	case ctx.Err() != nil:
		return middleware.ContextError(ctx)
	case key == "":
		return nil
	}
	w, err := l.joinQueue(ctx, key, middleware.HostOf(req))
	if err == nil {
		err = l.awaitPlace(w)
	}
	if limit, ok := err.(*middleware.LimitError); ok { //nolint:errorlint // it is ours, or the context's
		l.tell(ctx, middleware.Event{Kind: middleware.EventRefused, Host: limit.Host, Wait: limit.Wait, Err: err})
	}
	return err
}

// awaitPlace waits in the queue.
func (l *RateLimiter) awaitPlace(w *rateWaiter) error {
	var late <-chan time.Time
	if l.cfg.MaxWait > 0 {
		timer := time.NewTimer(l.cfg.MaxWait)
		defer timer.Stop()
		late = timer.C
	}
	var err error
	noLonger := middleware.NoteWait(w.ctx, "rate limit")
	select {
	case <-w.done:
	case <-w.ctx.Done():
		err = middleware.ContextError(w.ctx)
	case <-late:
		err = &middleware.LimitError{Kind: middleware.ErrRateLimit, Host: w.host}
	}
	noLonger()
	took, queued, err := l.leaveQueue(w, err)
	if queued {
		l.tell(w.ctx, middleware.Event{Kind: middleware.EventWaited, Host: w.host, Wait: took, Err: err})
	}
	return err
}

func (l *RateLimiter) tell(ctx context.Context, e middleware.Event) {
	e.Policy = rateLimitPart
	l.fleet.tell(ctx, e)
	if l.cfg.OnEvent != nil {
		l.cfg.OnEvent(ctx, e)
	}
}
