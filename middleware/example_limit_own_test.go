package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/middleware"
)

// A limit of one's own refuses as the library's does.
func ExampleLimitByDeadline() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if late := middleware.LimitByDeadline(ctx, middleware.ErrRateLimit, "https://api.example:443", time.Minute); late != nil {
		fmt.Println(late)
	}
	// Output: rate limit reached for "https://api.example:443": the deadline of the context is too soon for the place in the queue, which comes in 1m0s
}

func ExampleServerPause() {
	resp := &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"120"}}}
	fmt.Println(middleware.ServerPause(resp, time.Now()))
	// Output: 2m0s
}
