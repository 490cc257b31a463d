package middleware_test

import (
	"context"
	stderrors "errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// TestRetryWaits measures the time that three attempts take.
func TestRetryWaits(t *testing.T) {
	t.Parallel()
	fixed := func(d time.Duration) retryablehttp.Backoff {
		return func(time.Duration, time.Duration, int, *http.Response) time.Duration { return d }
	}
	tests := []struct {
		name     string
		policy   middleware.RetryPolicy
		header   []string
		status   int
		min, max time.Duration
	}{
		{name: "default", max: 1500 * time.Millisecond},
		{name: "none", policy: middleware.RetryPolicy{MinWait: -1}},
		{name: "fixed", policy: middleware.RetryPolicy{Backoff: fixed(time.Second)}, min: 2 * time.Second, max: 2 * time.Second},
		{name: "too long", policy: middleware.RetryPolicy{Backoff: fixed(time.Hour)}, min: time.Minute, max: time.Minute},
		{name: "negative", policy: middleware.RetryPolicy{Backoff: fixed(-1)}, min: time.Minute, max: time.Minute},
		{name: "linear", policy: middleware.RetryPolicy{Backoff: retryablehttp.LinearJitterBackoff, MinWait: time.Second, MaxWait: time.Second}, min: 2 * time.Second, max: 2 * time.Second},
		{name: "its default", policy: middleware.RetryPolicy{Backoff: retryablehttp.DefaultBackoff, MinWait: time.Second}, min: 3 * time.Second, max: 3 * time.Second},
		{name: "its default, overflowing", policy: middleware.RetryPolicy{Backoff: retryablehttp.DefaultBackoff}, header: []string{"Retry-After", "99999999999"}, max: time.Minute},
		{name: "Retry-After", header: []string{"Retry-After", "10"}, min: 20 * time.Second, max: 21 * time.Second},
		{name: "Retry-After of another status", status: 500, header: []string{"Retry-After", "10"}, min: 20 * time.Second, max: 21 * time.Second},
		{name: "Retry-After 0", header: []string{"Retry-After", "0"}, max: time.Second},
		{name: "Retry-After date", header: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:10 GMT", "Date", "Sat, 01 Jan 2000 00:00:00 GMT"}, min: 20 * time.Second, max: 21 * time.Second},
		{name: "Retry-After garbage", header: []string{"Retry-After", "soon"}, max: 1500 * time.Millisecond},
		{name: "Retry-After above the cap", header: []string{"Retry-After", "99999999999"}, min: time.Minute, max: time.Minute},
		{name: "Retry-After above a cap of its own", policy: middleware.RetryPolicy{MaxRetryAfter: time.Hour}, header: []string{"Retry-After", "99999999999999999999"}, min: 2 * time.Hour, max: 2 * time.Hour},
		{name: "Retry-After, longest cap", policy: middleware.RetryPolicy{MaxRetryAfter: 1<<62 - 1, Attempts: 2}, header: []string{"Retry-After", "5"}, min: 5 * time.Second, max: 6 * time.Second},
		{name: "403 with Retry-After", status: 403, header: []string{"Retry-After", "2"}, min: 4 * time.Second, max: 5 * time.Second},
		{name: "403, nothing remains", status: 403, header: []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9"}, min: 18 * time.Second, max: 19 * time.Second},
		{name: "403 and a field", status: 403, header: []string{"RateLimit", `"burst";r=0;t=4`}, min: 8 * time.Second, max: 9 * time.Second},
		{name: "429, nothing remains", status: 429, header: []string{"RateLimit-Remaining", "0", "RateLimit-Reset", "9"}, min: 18 * time.Second, max: 19 * time.Second},
		{name: "the longer of both", status: 429, header: []string{"RateLimit", `"burst";r=0;t=4`, "Retry-After", "7"}, min: 14 * time.Second, max: 15 * time.Second},
		{name: "something remains", status: 503, header: []string{"RateLimit", `"burst";r=1;t=4`}, max: 1500 * time.Millisecond},
		{name: "Retry-After ignored", policy: middleware.RetryPolicy{MaxRetryAfter: -1}, header: []string{"Retry-After", "20"}, max: 1500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				status := 503
				if tt.status != 0 {
					status = tt.status
				}
				rt := &stub{steps: []stubStep{stubStatus(status, "", tt.header...)}}
				start := time.Now()
				code, _, err := roundTrip(t, middleware.Retry(tt.policy)(rt), newRequest(t, "GET", "http://h/", nil))
				took := time.Since(start)
				if code != status || err != nil || took < tt.min || took > tt.max {
					t.Errorf("got %d %v after %v, want %v to %v", code, err, took, tt.min, tt.max)
				}
				if rt.calls() < 2 {
					t.Errorf("got %d attempts", rt.calls())
				}
			})
		})
	}
}

// TestRetryBackoffSeesResponse: with its body open, so that it can be read.
func TestRetryBackoffSeesResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		backoff := func(lo, hi time.Duration, n int, resp *http.Response) time.Duration {
			body, err := io.ReadAll(resp.Body)
			got = append(got, string(body))
			if err != nil || lo != time.Second || hi != 2*time.Second || n != len(got)-1 || resp.Body.(*stubBody).closed.Load() != 0 {
				t.Errorf("got %v %v %d %v", lo, hi, n, err)
			}
			return 0
		}
		rt := &stub{steps: []stubStep{stubStatus(503, "why")}}
		policy := middleware.RetryPolicy{MinWait: time.Second, MaxWait: 2 * time.Second, Backoff: backoff}
		roundTrip(t, middleware.Retry(policy)(rt), newRequest(t, "GET", "http://h/", nil))
		if strings.Join(got, " ") != "why why" {
			t.Errorf("got %q", got)
		}
	})
}

// TestRetryDeadlines: no wait is begun that would end too late.
func TestRetryDeadlines(t *testing.T) {
	t.Parallel()
	slow := func(time.Duration, time.Duration, int, *http.Response) time.Duration { return 10 * time.Second }
	tests := []struct {
		name         string
		total, limit time.Duration
		want         int
	}{
		{"enough", 0, 0, 5},
		{"total", 25 * time.Second, 0, 3},
		{"total, off", -1, 0, 5},
		{"total, just not", 10 * time.Second, 0, 1},
		{"deadline", 0, 25 * time.Second, 3},
		{"deadline, just not", 0, 10 * time.Second, 1},
		{"the nearer", 35 * time.Second, 15 * time.Second, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{stubStatus(503, "kept")}}
				req := newRequest(t, "GET", "http://h/", nil)
				if tt.limit > 0 {
					ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
					defer cancel()
					req = req.WithContext(ctx)
				}
				start := time.Now()
				code, body, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{Attempts: 5, Total: tt.total, Backoff: slow})(rt), req)
				if rt.calls() != tt.want || code != 503 || body != "kept" || err != nil {
					t.Errorf("got %d attempts, %d %q %v, want %d", rt.calls(), code, body, err, tt.want)
				}
				if took, want := time.Since(start), time.Duration(tt.want-1)*10*time.Second; took != want {
					t.Errorf("took %v, want %v", took, want)
				}
			})
		})
	}
}

// TestRetryCancel: the end of the context ends the wait at once, and is in the
// error, with its cause and the attempts.
func TestRetryCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errStub) })
		rt := &stub{steps: []stubStep{stubStatus(503, "", "Retry-After", "20")}}
		start := time.Now()
		_, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{})(rt), newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
		if time.Since(start) != time.Second || rt.calls() != 1 || rt.open() != 0 {
			t.Errorf("after %v, %d attempts, %d open", time.Since(start), rt.calls(), rt.open())
		}
		for _, target := range []error{context.Canceled, errStub, errors.ErrClientResponse} {
			if !stderrors.Is(err, target) {
				t.Errorf("%v is not in %v", target, err)
			}
		}
	})
}

// TestRetryEndedContext: no other attempt, whatever the policy wants.
func TestRetryEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rt := &stub{steps: []stubStep{stubHang}}
	_, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{CheckRetry: always})(rt), newRequest(t, "GET", "http://h/", nil).WithContext(ctx))
	if !stderrors.Is(err, context.Canceled) || rt.calls() != 1 {
		t.Errorf("got %v, %d attempts", err, rt.calls())
	}
}

// TestRetryEndlessBody: a body that does not come is not waited for.
func TestRetryEndlessBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pr, pw := io.Pipe()
		defer pw.Close()
		rt := &stub{steps: []stubStep{func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 503, ContentLength: -1, Body: pr}, nil
		}, stubStatus(200, "")}}
		start := time.Now()
		code, _, err := roundTrip(t, middleware.Retry(middleware.RetryPolicy{MinWait: -1})(rt), newRequest(t, "GET", "http://h/", nil))
		if code != 200 || err != nil || time.Since(start) > time.Second {
			t.Errorf("got %d %v after %v", code, err, time.Since(start))
		}
	})
}

// TestRetryForbidden: a 403 is sent again only if it says when, and only if that is
// listened to.
func TestRetryForbidden(t *testing.T) {
	t.Parallel()
	asks := []string{"Retry-After", "2"}
	for _, tt := range []struct {
		name   string
		policy middleware.RetryPolicy
		header []string
		want   int
	}{
		{"bare", middleware.RetryPolicy{}, nil, 1},
		{"asks", middleware.RetryPolicy{}, asks, 3},
		{"asks for nothing", middleware.RetryPolicy{}, []string{"Retry-After", "0"}, 3},
		{"garbage", middleware.RetryPolicy{}, []string{"Retry-After", "soon"}, 1},
		{"something remains", middleware.RetryPolicy{}, []string{"X-RateLimit-Remaining", "5", "X-RateLimit-Reset", "9"}, 1},
		{"ignored", middleware.RetryPolicy{MaxRetryAfter: -1}, asks, 1},
		{"a policy of its own", middleware.RetryPolicy{CheckRetry: retryablehttp.DefaultRetryPolicy}, asks, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rt := &stub{steps: []stubStep{stubStatus(403, "", tt.header...)}}
				if code, _, err := roundTrip(t, middleware.Retry(tt.policy)(rt), newRequest(t, "GET", "http://h/", nil)); code != 403 || err != nil {
					t.Errorf("got %d, %v", code, err)
				}
				if got := rt.calls(); got != tt.want {
					t.Errorf("got %d attempts, want %d", got, tt.want)
				}
			})
		})
	}
}
