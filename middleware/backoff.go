package middleware

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// FullJitter is a [retryablehttp.Backoff], and the one that [Retry] uses if
// none is given: a random time between 0 and minWait·2^attempt, at most
// maxWait, with attempt counted from 0. That spreads clients that failed
// together best (Marc Brooker, "Exponential Backoff And Jitter"). The response
// is not looked at; Retry-After is [Retry]'s to see to.
func FullJitter(minWait, maxWait time.Duration, attempt int, _ *http.Response) time.Duration {
	ceiling := maxWait
	if attempt < 62 && minWait <= maxWait>>max(attempt, 0) { // no overflow
		ceiling = minWait << max(attempt, 0)
	}
	return randomUpTo(ceiling)
}

// randomUpTo returns a random time from 0 to d, d included.
func randomUpTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) + 1 //nolint:gosec // a wait is no secret
}

// waitAfter returns the time to wait after the failed attempt, counted from 0.
//
// What the server asks for is a lower bound; a little jitter goes on top, so that those who
// were sent away together do not come back together.
func (p *RetryPolicy) waitAfter(attempt int, resp *http.Response) time.Duration {
	longest := max(p.MaxWait, p.MaxRetryAfter)
	if p.Backoff != nil {
		d := p.Backoff(p.MinWait, p.MaxWait, attempt, resp)
		if d < 0 || d > longest {
			return longest
		}
		return d
	}
	if resp != nil && p.MaxRetryAfter > 0 {
		if after, ok := askedWait(resp.Header, time.Now()); ok {
			after = min(after, p.MaxRetryAfter)
			return after + min(randomUpTo(p.MinWait), p.MaxRetryAfter-after)
		}
	}
	return FullJitter(p.MinWait, p.MaxWait, attempt, resp)
}

// askedWait is how long a response asks to wait before the request is sent again: by
// Retry-After, whatever the status, or until there is more of what is used up.
func askedWait(h http.Header, now time.Time) (time.Duration, bool) {
	after, ok := parseRetryAfter(h, now)
	quota := quotaPause(h, now)
	return max(after, quota), ok || quota > 0
}
