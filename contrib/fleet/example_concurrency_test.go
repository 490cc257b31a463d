package fleet_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aiolos-http/aiolos/contrib/fleet"
)

// exampleFleet is a fleet on a Redis for examples, which a program has elsewhere.
func exampleFleet() (f *fleet.Fleet, closeAll func()) {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	f, err = fleet.New(fleet.Config{Redis: client})
	if err != nil {
		panic(err)
	}
	return f, func() {
		f.Close()
		client.Close()
		server.Close()
	}
}

// One request at a time to each host, in all processes together.
func ExampleFleet_Concurrency() {
	f, closeAll := exampleFleet()
	defer closeAll()
	limiter := f.Concurrency(fleet.ConcurrencyConfig{PerHost: 1, FailFast: true})
	client := &http.Client{Transport: limiter.Wrap(middleware.Func(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("text"))}, nil
	}))}
	first, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Get("http://example.com/")
	fmt.Println(errors.Is(err, middleware.ErrConcurrency))
	first.Body.Close()
	fmt.Println(limiter.Stats().Sent, "sent")
	// Output:
	// true
	// 1 sent
}

// A token that is fetched once for all processes.
func ExampleFleet_Token() {
	f, closeAll := exampleFleet()
	defer closeAll()
	shared := f.Token(fleet.TokenConfig{Name: "api", Fetch: func(context.Context) (middleware.Token, error) {
		fmt.Println("fetched")
		return middleware.Token{Value: "secret"}, nil
	}})
	for range 2 { // as if they were two processes
		tokens := middleware.TokenSource(middleware.TokenConfig{Fetch: shared.Fetch})
		client := &http.Client{Transport: tokens(middleware.Func(func(req *http.Request) (*http.Response, error) {
			fmt.Println(req.Header.Get("Authorization"))
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		}))}
		if _, err := client.Get("http://example.com/"); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// fetched
	// Bearer secret
	// Bearer secret
}
