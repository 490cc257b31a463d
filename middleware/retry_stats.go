package middleware

import "net/http"

// RetryStats counts what a [Retrier] did since it was made.
type RetryStats struct {
	Requests int64 // that came
	Attempts int64 // that were sent
	Retried  int64 // attempts that failed and were followed by another one
	GaveUp   int64 // requests that failed and were not sent again
	// Budget is how many retries the budget has now: see [RetryBudget.Left].
	Budget float64
}

// Stats returns the counters.
func (r *Retrier) Stats() RetryStats {
	return RetryStats{
		Requests: r.count.requests.Load(), Attempts: r.count.attempts.Load(),
		Retried: r.count.retried.Load(), GaveUp: r.count.gaveUp.Load(), Budget: r.policy.Budget.Left(),
	}
}

// countVerdict counts and tells what follows an attempt.
func (r *retryRun) countVerdict(v *retryVerdict, resp *http.Response, err error) {
	kind := EventRetried
	switch {
	case v.shouldRetry:
		r.count.retried.Add(1)
	case v.gaveUp != "":
		r.count.gaveUp.Add(1)
		kind = EventGaveUp
	default:
		return
	}
	r.tell(kind, v, resp, err)
}

// abandon counts and tells that a request ends before its next attempt, and returns its
// error.
func (r *retryRun) abandon(reason string, err error) error {
	r.count.gaveUp.Add(1)
	r.tell(EventGaveUp, &retryVerdict{gaveUp: reason}, nil, err)
	return r.giveUp(err)
}

func (r *retryRun) tell(kind EventKind, v *retryVerdict, resp *http.Response, err error) {
	if r.policy.OnEvent == nil {
		return
	}
	e := Event{Policy: "retry", Kind: kind, Host: originOf(r.req), Attempt: r.attempt, Wait: v.wait, Reason: v.gaveUp, Err: err}
	if resp != nil {
		e.Status = resp.StatusCode
	}
	r.policy.OnEvent(r.req.Context(), e)
}
