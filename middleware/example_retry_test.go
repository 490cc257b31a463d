package middleware_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// A client of the standard library, and a server that needs three attempts.
func ExampleRetry() {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	client := &http.Client{Transport: middleware.Retry(middleware.RetryPolicy{
		MinWait:   time.Millisecond,
		OnAttempt: func(a middleware.Attempt) { fmt.Println("attempt", a.Number, a.Response.StatusCode, a.Retry) },
	})(server.Client().Transport)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// attempt 1 503 true
	// attempt 2 503 true
	// attempt 3 200 false
	// 200 OK
}

// The policies of go-retryablehttp work as they are.
func ExampleRetryPolicy() {
	policy := middleware.RetryPolicy{
		Attempts:   5,
		MinWait:    100 * time.Millisecond,
		MaxWait:    time.Second,
		CheckRetry: retryablehttp.ErrorPropagatedRetryPolicy,
		Backoff:    retryablehttp.LinearJitterBackoff,
	}
	calls := 0
	last := middleware.Func(func(*http.Request) (*http.Response, error) {
		calls++
		return &http.Response{StatusCode: http.StatusNotImplemented, Body: http.NoBody}, nil
	})
	req, _ := http.NewRequest("GET", "http://example.com/", nil)
	resp, err := middleware.Retry(policy)(last).RoundTrip(req)
	fmt.Println(resp.StatusCode, err, calls)
	// Output: 501 <nil> 1
}

// What a queue does with a request that has failed.
func ExampleRetryPolicy_NextAttempt() {
	policy := middleware.RetryPolicy{Attempts: 5, MinWait: -1, MaxRetryAfter: time.Minute}
	ctx := context.Background()
	for _, resp := range []*http.Response{
		{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"7"}}},
		{StatusCode: http.StatusNotFound},
	} {
		fmt.Println(policy.NextAttempt(ctx, 1, resp, nil))
	}
	fmt.Println(policy.NextAttempt(ctx, 1, nil, io.ErrUnexpectedEOF))
	fmt.Println(policy.NextAttempt(ctx, 5, nil, io.ErrUnexpectedEOF))
	fmt.Println(policy.NextAttempt(ctx, 1, nil, errors.ErrServerFingerprintMismatch))
	// Output:
	// 7s true
	// 0s false
	// 0s true
	// 0s false
	// 0s false
}

// One budget for two clients.
func ExampleRetryBudget() {
	budget := &middleware.RetryBudget{Ratio: 0.1, Burst: 2}
	calls := 0
	last := middleware.Func(func(*http.Request) (*http.Response, error) {
		calls++
		return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody}, nil
	})
	policy := middleware.RetryPolicy{MinWait: time.Nanosecond, Budget: budget}
	for range 2 {
		req, _ := http.NewRequest("GET", "http://example.com/", nil)
		resp, _ := middleware.Retry(policy)(last).RoundTrip(req)
		resp.Body.Close()
	}
	fmt.Println(calls, "sent: 2 requests, 2 retries")
	// Output: 4 sent: 2 requests, 2 retries
}

// The ceiling doubles, up to the longest wait.
func ExampleFullJitter() {
	for attempt := range 3 {
		wait := middleware.FullJitter(time.Second, 3*time.Second, attempt, nil)
		fmt.Println(wait <= min(time.Second<<attempt, 3*time.Second))
	}
	// Output:
	// true
	// true
	// true
}
