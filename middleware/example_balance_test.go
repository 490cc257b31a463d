package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
)

// Three servers behind one name that DNS does not know. One of them fails: what it was to
// answer goes to another one.
func ExampleBalance() {
	var addrs []middleware.Backend
	for i := range 3 {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if i == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			fmt.Fprint(w, r.Host)
		}))
		defer server.Close()
		addrs = append(addrs, middleware.Backend{Addr: strings.TrimPrefix(server.URL, "http://")})
	}
	balancer := middleware.NewBalancer(middleware.BalanceConfig{Host: "api.example", Backends: addrs, Failures: 1})
	client := &http.Client{Transport: middleware.Chain(http.DefaultTransport,
		middleware.Retry(middleware.RetryPolicy{MinWait: -1}), balancer.Wrap)} // inside of Retry
	for range 6 {
		resp, err := client.Get("http://api.example/")
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	stats := balancer.Stats()
	fmt.Println(len(stats.Backends), "backends,", stats.Out, "out;", stats.Sent, "sent,", stats.Backends[1].Failed, "failed")
	// Output:
	// 200
	// 200
	// 200
	// 200
	// 200
	// 200
	// 3 backends, 1 out; 7 sent, 1 failed
}

// The list comes from a function, or from SRV records; each user stays with one backend.
func ExampleBalancer() {
	balancer := middleware.NewBalancer(middleware.BalanceConfig{
		Host: "api.example",
		Lookup: func(context.Context) ([]middleware.Backend, error) {
			return []middleware.Backend{{Addr: "192.0.2.1:8080"}, {Addr: "192.0.2.2:8080", Weight: 2}}, nil
		},
		Sticky: func(req *http.Request) string { return req.Header.Get("X-User") },
	})
	client := &http.Client{Transport: balancer.Wrap(middleware.Answer(200, nil, "hello"))}
	for _, user := range []string{"anna", "carl", "anna"} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://api.example/", nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("X-User", user)
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(user, middleware.BackendOf(resp), resp.Request.URL)
	}
	// Output:
	// anna 192.0.2.1:8080 http://api.example/
	// carl 192.0.2.2:8080 http://api.example/
	// anna 192.0.2.1:8080 http://api.example/
}

// A middleware below goes by the origin that was asked for, wherever the request is sent.
func ExampleAskedURL() {
	balancer := middleware.NewBalancer(middleware.BalanceConfig{Host: "api.example", Backends: []middleware.Backend{{Addr: "192.0.2.1:8080"}}})
	below := middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println(middleware.AskedURL(req), "at", req.URL.Host)
		return middleware.Answer(200, nil, "").RoundTrip(req)
	})
	resp, err := (&http.Client{Transport: balancer.Wrap(below)}).Get("http://api.example/items")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: http://api.example/items at 192.0.2.1:8080
}
