package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// One function listens to all policies, and each of them can be asked how it stands.
func ExampleEvent() {
	listen := func(_ context.Context, e middleware.Event) {
		fmt.Printf("%s %s %d %q\n", e.Policy, e.Kind, e.Status, e.Reason)
	}
	retrier := middleware.NewRetrier(middleware.RetryPolicy{MinWait: -1, OnEvent: listen})
	breaker := middleware.NewBreaker(middleware.BreakerConfig{Failures: 1, OpenFor: time.Hour, OnEvent: listen})
	client := &http.Client{Transport: middleware.Chain(middleware.Answer(503, nil, "busy"), breaker.Wrap, retrier.Wrap)}
	resp, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(retrier.Stats().Attempts, breaker.Stats().Hosts[0].State)
	// Output:
	// retry retried 503 ""
	// retry retried 503 ""
	// retry gave up 503 "attempts"
	// circuit breaker opened 0 ""
	// 3 open
}
