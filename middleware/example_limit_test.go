package middleware_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// limitAnswer is a server of one status.
func limitAnswer(status int) http.RoundTripper {
	return middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Body: http.NoBody}, nil
	})
}

// Ten requests a second, three at once.
func ExampleRateLimit() {
	client := &http.Client{Transport: middleware.RateLimit(middleware.RateLimitConfig{Rate: 10, Burst: 3})(limitAnswer(200))}
	start := time.Now()
	for range 4 {
		if resp, err := client.Get("http://example.com/"); err == nil {
			resp.Body.Close()
		}
	}
	fmt.Println(time.Since(start) >= 90*time.Millisecond)
	// Output: true
}

// A response that is not closed keeps its place.
func ExampleConcurrency() {
	client := &http.Client{Transport: middleware.Concurrency(middleware.ConcurrencyLimit{Total: 1, FailFast: true})(
		middleware.Func(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: newStubBody("x")}, nil
		}))}
	first, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Get("http://example.com/")
	fmt.Println(errors.Is(err, middleware.ErrConcurrency))
	first.Body.Close()
	second, err := client.Get("http://example.com/")
	fmt.Println(err)
	second.Body.Close()
	// Output:
	// true
	// <nil>
}

// After two failures nothing is sent for a while.
func ExampleCircuitBreaker() {
	client := &http.Client{Transport: middleware.CircuitBreaker(middleware.BreakerConfig{Failures: 2})(limitAnswer(500))}
	for range 3 {
		resp, err := client.Get("http://example.com/")
		if err != nil {
			fmt.Println(errors.Is(err, middleware.ErrCircuitOpen))
			return
		}
		fmt.Println(resp.StatusCode)
		resp.Body.Close()
	}
	// Output:
	// 500
	// 500
	// true
}
