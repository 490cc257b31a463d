package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
	"github.com/aiolos-http/aiolos/middleware"
)

// Two processes share a limit of one request a minute. The second one would have to wait for
// longer than it can.
func ExampleFleet_RateLimit() {
	server, err := miniredis.Run() // in a program: the Redis that is there
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	for _, process := range []string{"first", "second"} {
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
		defer rdb.Close()
		f, err := fleet.New(fleet.Config{Redis: rdb})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer f.Close()
		limit := f.RateLimit(fleet.RateLimitConfig{Name: "reports", PerHost: 1.0 / 60, MaxWait: time.Second})

		client := &http.Client{Transport: limit.Wrap(middleware.Answer(200, nil, "the report"))}
		req, _ := http.NewRequestWithContext(context.Background(), "GET", "https://api.example/report", nil)
		resp, err := client.Do(req)
		if refused, ok := err.(interface{ Unwrap() error }); ok {
			var limited *middleware.LimitError
			_ = refused
			_ = limited
		}
		if err == nil {
			resp.Body.Close()
		}
		fmt.Println(process, err == nil, limit.Stats().Refused)
	}
	// Output:
	// first true 0
	// second false 1
}
