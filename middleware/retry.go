package middleware

import (
	"context"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/classify"
	"github.com/aiolos-http/aiolos/internal/httprule"
)

// RetryPolicy says what is sent again, how often, and after how long. The zero
// value is a policy that suits most. It is copied by [Retry].
//
// Whatever the policy, these are sent once: a request whose body can be read
// only once (Body without GetBody), one that is not idempotent, unless
// NonIdempotent is set, and one that failed for good: a certificate that does not
// verify, a pin that does not match, an address that a guard refuses, an invalid
// request, a token that its endpoint does not give, a closed session. A response with status 101 is handed over at once.
type RetryPolicy struct {
	// Attempts is how often a request is sent at most, the first time included.
	// 0 is 3, negative is once.
	Attempts int
	// MinWait is the scale of the waits: the first is up to MinWait, the next up
	// to twice as much, and so on. 0 is 500 ms, negative is no waiting.
	MinWait time.Duration
	// MaxWait is the longest wait, whoever computes it. 0 is 30 s, negative is
	// no waiting.
	MaxWait time.Duration
	// MaxRetryAfter is the longest wait that a server can ask for by Retry-After, or
	// by a RateLimit or RateLimit-Remaining field that has nothing left; what is above
	// is cut. 0 is MaxWait, negative ignores what it asks for.
	MaxRetryAfter time.Duration
	// Total is the time that attempts and waits may take together: a wait that
	// would end after it is not begun, but an attempt is not interrupted. 0 and
	// negative are no limit. The deadline of the request's context is respected in
	// the same way, and interrupts too.
	Total time.Duration
	// CheckRetry decides. It gets the failures as *url.Error, as it would in a
	// go-retryablehttp client, so that existing policies work unchanged. If it
	// returns false and an error, that is the result. nil is
	// [retryablehttp.DefaultRetryPolicy]: failures, 429, and 5xx without 501; and a
	// 403 that says when to come back, by Retry-After or by a RateLimit or
	// RateLimit-Remaining field that has nothing left.
	CheckRetry retryablehttp.CheckRetry
	// Backoff computes the waits; it gets MinWait, MaxWait, the number of the
	// failed attempt from 0, and the response, with its body still open, or
	// nil. What it returns is cut to MaxWait (or MaxRetryAfter, if that is
	// longer), and a negative wait, which is an overflow, becomes the longest.
	// nil is [FullJitter].
	Backoff retryablehttp.Backoff
	// NonIdempotent sends every method again, also a POST without an
	// Idempotency-Key: the server may then do the work twice.
	NonIdempotent bool
	// Budget bounds the retries of all requests together. nil is a budget of this
	// [Retry] alone, of 20 % and one a second on top. Give several policies the
	// same one to share it; &RetryBudget{Ratio: -1} is no limit.
	Budget *RetryBudget
	// Prepare is called before each attempt but the first, with the request that
	// is about to be sent, which it may change: to sign it anew, for example. Its
	// error ends the request. nil is nothing.
	Prepare func(req *http.Request, attempt int) error
	// OnAttempt is told of each attempt when it is over. It must not close or read
	// the response's body, and is called in the goroutine of the request. nil is
	// nobody.
	OnAttempt func(Attempt)
	// OnEvent is told what happens, as [EventRetried] and [EventGaveUp]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// Attempt is one sending of a request, for [RetryPolicy.OnAttempt].
type Attempt struct {
	Number   int // from 1
	Request  *http.Request
	Response *http.Response // nil if Err is set
	Err      error
	Elapsed  time.Duration // of this attempt
	Retry    bool          // another one follows
	Wait     time.Duration // after this time
}

// Retry sends requests again that failed. (aiohttp: nothing; the package
// aiohttp_retry)
//
// Only idempotent methods are sent again (RFC 9110 9.2.2), and those with an
// Idempotency-Key header. The body comes anew from GetBody and is never held in
// memory. If the last attempt brought a response, whatever its status, that is
// the result, open and readable; if it failed, the result is a [*RetryError] with
// the failures of all attempts, or the failure itself if there was only one.
//
// What it returns is safe for concurrent use. It never closes idle connections.
func Retry(policy RetryPolicy) Middleware { return NewRetrier(policy).Wrap }

// Retrier is what [Retry] makes its middleware of. It is made by
// [NewRetrier], since its zero value has no settings, and is safe for concurrent use.
type Retrier struct {
	policy RetryPolicy
	count  struct{ requests, attempts, retried, gaveUp atomic.Int64 }
}

// NewRetrier is [Retry] with a way to ask for its state.
func NewRetrier(policy RetryPolicy) *Retrier { return &Retrier{policy: policy.withDefaults()} }

// Wrap is the [Middleware].
func (r *Retrier) Wrap(next http.RoundTripper) http.RoundTripper {
	return &retryTransport{r, requireNext(next)}
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.Attempts == 0 {
		p.Attempts = 3
	}
	p.MinWait = durationOr(p.MinWait, 500*time.Millisecond)
	p.MaxWait = durationOr(p.MaxWait, 30*time.Second)
	if p.MaxRetryAfter == 0 {
		p.MaxRetryAfter = p.MaxWait
	}
	switch {
	case p.CheckRetry != nil:
	case p.MaxRetryAfter < 0: // what it asks for is ignored
		p.CheckRetry = retryablehttp.DefaultRetryPolicy
	default:
		p.CheckRetry = checkByDefault
	}
	if p.Budget == nil {
		p.Budget = &RetryBudget{Ratio: 0.2, PerSecond: 1}
	}
	return p
}

// checkByDefault is go-retryablehttp's policy, and takes a 403 for the limit that it is
// with some servers if it says when to come back.
func checkByDefault(ctx context.Context, resp *http.Response, err error) (bool, error) {
	again, checkErr := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	if again || checkErr != nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		return again, checkErr
	}
	_, asked := askedWait(resp.Header, time.Now())
	return asked, nil
}

// durationOr: 0 is the default, negative is 0.
func durationOr(d, byDefault time.Duration) time.Duration {
	if d == 0 {
		return byDefault
	}
	return max(d, 0)
}

type retryTransport struct {
	*Retrier
	next http.RoundTripper
}

// RoundTrip sends the request as it is, and clones of it after that.
func (r *retryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	r.policy.Budget.addRequest()
	r.count.requests.Add(1)
	run := retryRun{Retrier: r.Retrier, req: req, start: time.Now()}
	for try := req; ; {
		began := time.Now()
		resp, err := r.next.RoundTrip(try)
		run.attempt++
		r.count.attempts.Add(1)
		if err != nil && resp != nil {
			drainAndClose(resp)
			resp = nil
		}
		verdict := run.judgeAttempt(try, began, resp, err)
		if !verdict.shouldRetry {
			return run.finishRun(resp, err, verdict.err)
		}
		run.recordFailure(resp, err, verdict.err)
		run.tried = noteBackend(run.tried, resp, err)
		drainAndClose(resp)
		if err := run.pause(verdict.wait); err != nil {
			return nil, run.abandon("context", err)
		}
		if try, err = run.nextRequest(); err != nil {
			return nil, run.abandon("prepare", err)
		}
	}
}

// judgeAttempt decides what follows an attempt that is over, counts it, and tells it.
func (r *retryRun) judgeAttempt(try *http.Request, began time.Time, resp *http.Response, err error) (verdict retryVerdict) {
	guardResponse(resp, func() {
		verdict = r.decideRetry(r.req.Context(), resp, err)
		if r.policy.OnAttempt != nil {
			r.policy.OnAttempt(Attempt{
				Number: r.attempt, Request: try, Response: resp, Err: err,
				Elapsed: time.Since(began), Retry: verdict.shouldRetry, Wait: verdict.wait,
			})
		}
		r.countVerdict(&verdict, resp, err)
	})
	return verdict
}

// pause waits before the next attempt.
func (r *retryRun) pause(d time.Duration) error {
	if d > 0 {
		defer NoteWait(r.req.Context(), "retry")()
	}
	return waitContext(r.req.Context(), d)
}

// retryRun is one request with its attempts.
type retryRun struct {
	*Retrier
	req     *http.Request
	start   time.Time
	attempt int     // attempts made
	errs    []error // of the attempts that were followed by another one
	tried   *triedBackends
}

type retryVerdict struct {
	shouldRetry bool
	wait        time.Duration
	err         error  // CheckRetry's
	gaveUp      string // why none follows although this one has failed
}

// decideRetry decides whether another attempt follows, and when.
func (r *retryRun) decideRetry(ctx context.Context, resp *http.Response, err error) retryVerdict {
	shown := err
	if err != nil {
		shown = &url.Error{Op: r.req.Method, URL: errors.RedactURL(r.req.URL), Err: err}
	}
	again, permanent, checkErr := r.policy.judge(ctx, resp, shown)
	switch {
	case permanent:
		return retryVerdict{gaveUp: "permanent"}
	case !again:
		return retryVerdict{err: checkErr}
	}
	if reason := r.gaveUpReason(ctx); reason != "" {
		verdict := retryVerdict{gaveUp: reason} // checkErr explains a retry, and there is none
		if err == nil && reason == "context" {
			verdict.err = httprule.ContextError(ctx) // as if it had ended a moment before
		}
		return verdict
	}
	wait := r.policy.waitAfter(r.attempt-1, resp)
	switch {
	case !r.hasTimeFor(ctx, wait):
		return retryVerdict{gaveUp: "time"}
	case !r.policy.Budget.takeRetry():
		return retryVerdict{gaveUp: "budget"}
	}
	return retryVerdict{shouldRetry: true, wait: wait, err: checkErr}
}

// judge decides by what has come alone. A failure is given as a *url.Error.
func (p *RetryPolicy) judge(ctx context.Context, resp *http.Response, err error) (again, permanent bool, checkErr error) {
	switch {
	case resp == nil && err == nil, resp != nil && resp.StatusCode == http.StatusSwitchingProtocols:
		return false, false, nil
	case err != nil && isPermanent(err):
		return false, true, nil
	}
	again, checkErr = p.CheckRetry(ctx, resp, err)
	if checkErr != nil && checkErr == ctx.Err() { // as go-retryablehttp's policies return it
		checkErr = httprule.ContextError(ctx) // with the cause
	}
	return again, false, checkErr
}

// NextAttempt is the rule of [Retry] for who keeps failed requests in a queue of their own:
// whether a request that has come to resp or err is to be sent again, and after which wait.
// Attempt is how often it was sent, from 1. The request has to be one that may be sent
// twice. Neither Total nor Budget counts, and nothing is waited for, told or closed; of resp
// the status and the header are enough. A failure of which ctx is the reason is not to be
// sent again.
func (p RetryPolicy) NextAttempt(ctx context.Context, attempt int, resp *http.Response, err error) (wait time.Duration, again bool) {
	p = p.withDefaults()
	var shown *url.Error
	if err != nil && !errors.As(err, &shown) {
		err = &url.Error{Op: http.MethodGet, Err: err}
	}
	if again, _, _ = p.judge(ctx, resp, err); !again || attempt >= p.Attempts {
		return 0, false
	}
	return p.waitAfter(max(attempt, 1)-1, resp), true
}

// gaveUpReason is why a request is not sent again, whatever the wait would be.
func (r *retryRun) gaveUpReason(ctx context.Context) string {
	switch {
	case r.attempt >= r.policy.Attempts:
		return "attempts"
	case ctx.Err() != nil:
		return "context"
	case !r.mayRepeat():
		return "not repeatable"
	}
	return ""
}

// mayRepeat reports whether the request may be sent twice, and can be.
func (r *retryRun) mayRepeat() bool {
	return (r.policy.NonIdempotent || httprule.Idempotent(r.req)) && isReplayable(r.req)
}

// hasTimeFor reports whether there is any time left after the wait.
func (r *retryRun) hasTimeFor(ctx context.Context, wait time.Duration) bool {
	if r.policy.Total > 0 && time.Since(r.start)+wait >= r.policy.Total {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// nextRequest makes the request of the next attempt.
func (r *retryRun) nextRequest() (*http.Request, error) {
	try, err := rewindRequest(r.req)
	if err != nil {
		return nil, err
	}
	try = avoidBackends(try, r.tried)
	if r.policy.Prepare == nil {
		return try, nil
	}
	if err := r.policy.Prepare(try, r.attempt+1); err != nil {
		closeBody(try)
		return nil, err
	}
	return try, nil
}

// isPermanent names failures that the next attempt would have too. What looks like a
// certificate's is one, also in the errors of another transport.
func isPermanent(err error) bool {
	for _, class := range []error{
		errors.ErrServerFingerprintMismatch, errors.ErrAddressRefused, errors.ErrInvalidRequest, errors.ErrSessionClosed,
		errors.ErrConnectorClosed, errors.ErrTotalTimeout, errors.ErrRedirectClient, errors.ErrTooManyRedirects,
		errors.ErrBodyNotReplayable, errors.ErrBodyTooLarge,
	} {
		if errors.Is(err, class) {
			return true
		}
	}
	if token, ok := errors.AsType[*TokenError](err); ok && token.Permanent() {
		return true
	}
	return isLimitError(err) || errors.Is(classify.ConnectFailure(err, classify.Endpoint{}), errors.ErrClientConnectorCertificate)
}
