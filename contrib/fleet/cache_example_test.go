package fleet_test

import (
	"fmt"
	"io"
	"net/http"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

func ExampleFleet_Cache() {
	server, err := miniredis.Run() // in earnest the Redis that all processes use
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	origin := middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println("the server is asked:", req.URL.Path)
		return middleware.Answer(200, http.Header{"Cache-Control": {"max-age=60"}}, "hello").RoundTrip(req)
	})
	for range 2 { // two processes
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
		defer rdb.Close()
		f, err := fleet.New(fleet.Config{Redis: rdb})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer f.Close()
		c := cache.New(cache.Config{Store: f.Cache(fleet.CacheConfig{})})
		defer c.Close()
		resp, err := (&http.Client{Transport: c.Wrap(origin)}).Get("http://example.com/a")
		if err != nil {
			fmt.Println(err)
			return
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(string(body), err, c.Stats().Hits)
	}
	// Output:
	// the server is asked: /a
	// hello <nil> 0
	// hello <nil> 1
}
