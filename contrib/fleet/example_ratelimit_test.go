package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
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
		if limited, ok := errors.AsType[*middleware.LimitError](err); ok {
			fmt.Println(process, "has to wait", limited.Wait.Round(time.Minute), "for", limited.Host)
			continue
		}
		resp.Body.Close()
		fmt.Println(process, "got", resp.StatusCode)
	}
	// Output:
	// first got 200
	// second has to wait 1m0s for https://api.example:443
}
