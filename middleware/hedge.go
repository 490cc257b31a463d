package middleware

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aiolos-http/aiolos/internal/httprule"
)

// HedgePolicy says when a second request is sent beside a slow first one.
type HedgePolicy struct {
	// Delay is how long to wait for a response's head before another request is
	// sent. 0 is what Quantile says alone, and negative is at once.
	Delay time.Duration
	// Quantile makes the delay that within which this share of the last 128
	// responses of the host came: 0.95 sends a second request for one in
	// twenty. Until there are 20 of them, Delay holds, or, without one, nothing
	// is hedged. 0 is 0.95 if Delay is 0 too, and else not used; negative is
	// not used.
	Quantile float64
	// Extra is how many more requests there may be for one, each after another
	// delay. 0 is 1, negative is none.
	Extra int
	// Budget bounds the additional requests, as it does retries. nil is a budget of
	// this [Hedge] alone, of 10 %.
	Budget *RetryBudget
	// IsFailure tells failures from successes; either resp or err is nil. It must
	// not read the body. nil counts errors, 429, and 5xx without 501.
	IsFailure func(resp *http.Response, err error) bool
	// OnEvent is told what happens, as [EventSent], [EventWon], [EventLost] and [EventRefused]: see [Event]. nil is nobody.
	OnEvent func(ctx context.Context, e Event)
}

// Hedge sends a request a second time if the response is slow to come, and
// takes the first success of the two (Dean and Barroso, "The Tail at Scale"). A
// failure never wins while another request is under way; if all fail, the first
// of them is the result, a response before an error. A first request that fails
// before its delay is over is not sent again: that is the work of [Retry]. The
// losers are cancelled and their responses closed.
//
// Only what can be sent twice is: idempotent methods, or with an
// Idempotency-Key, with a body that can be read again, and no change of
// protocol. The winner's context lives until its body is closed or at its end.
// Every request is sent from a goroutine of its own, which ends with that
// request. What it returns is safe for concurrent use, and shares budget and
// times, whatever it wraps.
func Hedge(policy HedgePolicy) Middleware { return NewHedger(policy).Wrap }

// Hedger is what [Hedge] makes its middleware of. It is made by
// [NewHedger], since its zero value has no settings, and is safe for concurrent use.
type Hedger struct {
	policy HedgePolicy
	times  *hostTable[hedgeTimes]
	count  struct{ requests, sent, won, lost, refused atomic.Int64 }
}

// NewHedger is [Hedge] with a way to ask for its state.
func NewHedger(policy HedgePolicy) *Hedger {
	if policy.Delay == 0 && policy.Quantile == 0 {
		policy.Quantile = 0.95
	}
	if policy.Extra == 0 {
		policy.Extra = 1
	}
	if policy.Budget == nil {
		policy.Budget = &RetryBudget{Ratio: 0.1}
	}
	if policy.IsFailure == nil {
		policy.IsFailure = func(resp *http.Response, err error) bool {
			return err != nil || resp.StatusCode == http.StatusTooManyRequests ||
				resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
		}
	}
	times := &hostTable[hedgeTimes]{
		fresh: func() *hedgeTimes { return &hedgeTimes{} },
		idle:  func(*hedgeTimes) bool { return true }, // they are soon known again
	}
	return &Hedger{policy: policy, times: times}
}

// Wrap is the [Middleware].
func (h *Hedger) Wrap(next http.RoundTripper) http.RoundTripper {
	return &hedgeTransport{h, requireNext(next)}
}

type hedgeTransport struct {
	*Hedger
	next http.RoundTripper
}

// RoundTrip waits for the first success of requests that begin one after the
// other.
func (h *hedgeTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if h.policy.Extra < 0 || !httprule.Idempotent(req) || !isReplayable(req) || httprule.HasField(req.Header, "Upgrade") || req.Method == http.MethodConnect {
		return h.next.RoundTrip(req)
	}
	h.policy.Budget.addRequest()
	h.count.requests.Add(1)
	delay, hedging := h.delayFor(httprule.OriginOf(req.URL).String())
	race := &hedgeRace{hedgeTransport: h, req: req, results: make(chan hedgeResult), over: make(chan struct{})}
	defer race.leave()
	race.startRequest(req.Context(), req)

	var timer <-chan time.Time
	if hedging {
		timer = time.After(delay)
	}
	for left := h.policy.Extra; ; {
		select {
		case <-req.Context().Done():
			race.awaitCancelled() //nolint:contextcheck // the race has the request
			race.settled = true
			return nil, httprule.ContextError(req.Context())
		case <-timer:
			timer = nil
			if left > 0 && race.startExtra() { //nolint:contextcheck // the race has the request; if not, those that are under way go on alone
				left--
				timer = time.After(delay)
			}
		case result := <-race.results:
			if race.isFailure(&result) && race.recordFailure(result) {
				continue
			}
			resp, err := race.finishRace(result) //nolint:contextcheck // the race has the request
			race.settled = true
			return resp, err
		}
	}
}

// hedgeRace is one request with its runners.
type hedgeRace struct {
	*hedgeTransport
	req     *http.Request
	results chan hedgeResult
	over    chan struct{} // closed when nobody takes results any more
	cancels []context.CancelFunc
	running int
	failed  *hedgeResult // the one that is the result if all fail
	tried   triedBackends
	room    [2]triedContext // for the contexts of the first runners
	settled bool            // it has come to its end: nothing has panicked
}

type hedgeResult struct {
	runner int
	resp   *http.Response
	err    error
	end    *abnormalEnd // of the goroutine; nil: it has the result
}

// leave says that nobody takes results any more. If a hook has panicked, all requests end.
func (r *hedgeRace) leave() {
	if !r.settled {
		r.cancelAll(-1)
		if r.failed != nil {
			drainAndClose(r.failed.resp)
		}
	}
	close(r.over)
}

// isFailure judges a result.
func (r *hedgeRace) isFailure(result *hedgeResult) (failed bool) {
	result.end.resume()
	if result.resp == nil && result.err == nil {
		return false // as it came
	}
	guardResponse(result.resp, func() { failed = r.policy.IsFailure(result.resp, result.err) })
	return failed
}

// startExtra sends an additional request, if that may be.
func (r *hedgeRace) startExtra() bool {
	if !r.policy.Budget.takeRetry() {
		r.count.refused.Add(1)
		r.tell(EventRefused, len(r.cancels))
		return false
	}
	try, err := rewindRequest(r.req)
	if err != nil {
		return false
	}
	r.startRequest(r.req.Context(), try)
	r.count.sent.Add(1)
	r.tell(EventSent, len(r.cancels)-1)
	return true
}

// startRequest sends one more.
func (r *hedgeRace) startRequest(ctx context.Context, req *http.Request) {
	ctx, cancel := context.WithCancel(ctx)
	runner := len(r.cancels)
	r.cancels = append(r.cancels, cancel)
	r.running++
	try := req.Clone(r.contextOf(ctx, runner)) // the caller may have gone when it is still read
	go func() {                                // it ends with its request
		result, returned := hedgeResult{runner: runner}, false
		defer func() {
			if !returned {
				result.end = &abnormalEnd{recover()}
			}
			select {
			case r.results <- result:
			case <-r.over:
				drainAndClose(result.resp)
				cancel()
			}
		}()
		result.resp, result.err = r.send(try) //nolint:bodyclose // it goes to finishRace, or is closed
		returned = true
	}()
}

// send sends a request, and notes how long a response has taken.
func (r *hedgeRace) send(try *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := r.next.RoundTrip(try)
	switch {
	case err != nil:
		drainAndClose(resp)
		return nil, err
	case resp == nil:
		return nil, nil //nolint:nilnil // as it came
	}
	guardResponse(resp, func() {
		if !r.policy.IsFailure(resp, nil) {
			r.recordTime(httprule.OriginOf(r.req.URL).String(), time.Since(began))
		}
	})
	return resp, nil
}

// contextOf is the context of a runner, by which it learns where the others are.
func (r *hedgeRace) contextOf(ctx context.Context, runner int) context.Context {
	var own *triedContext
	if runner < len(r.room) {
		own = &r.room[runner]
	} else {
		own = new(triedContext)
	}
	own.Context, own.tried = ctx, triedOf(ctx)
	if own.tried == nil {
		own.tried = &r.tried
	}
	return own
}

// recordFailure keeps the failure if it is the better one to show, and reports whether
// there is anybody left to wait for.
func (r *hedgeRace) recordFailure(result hedgeResult) bool {
	r.running--
	worse := &result
	if r.failed == nil || r.failed.resp == nil && result.resp != nil {
		worse, r.failed = r.failed, &result
	}
	if worse != nil {
		drainAndClose(worse.resp)
		r.cancels[worse.runner]()
	}
	return r.running > 0
}

// finishRace hands the result over, and ends all others.
func (r *hedgeRace) finishRace(result hedgeResult) (*http.Response, error) {
	if r.failed != nil && r.running == 0 {
		result = *r.failed
	} else if r.failed != nil {
		drainAndClose(r.failed.resp)
	}
	r.cancelAll(result.runner)
	guardResponse(result.resp, func() { r.countRace(result.runner) })
	cancel := r.cancels[result.runner]
	if result.resp == nil || result.err != nil {
		cancel()
		return nil, result.err
	}
	if result.resp.StatusCode != http.StatusSwitchingProtocols { // or else it ends with the request's context
		onBodyDone(result.resp, cancel)
	}
	return result.resp, nil
}

// awaitCancelled cancels all requests and waits for them, so that none outlives the call.
func (r *hedgeRace) awaitCancelled() {
	r.cancelAll(-1)
	r.countRace(-1)
	var end *abnormalEnd
	for ; r.running > 0; r.running-- {
		result := <-r.results
		drainAndClose(result.resp)
		end = cmp.Or(end, result.end)
	}
	if r.failed != nil {
		drainAndClose(r.failed.resp)
	}
	end.resume()
}

// cancelAll ends all but one.
func (r *hedgeRace) cancelAll(but int) {
	for runner, cancel := range r.cancels {
		if runner != but {
			cancel()
		}
	}
}
