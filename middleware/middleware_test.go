package middleware_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aiolos-http/aiolos/middleware"
)

func named(name string) middleware.Middleware {
	return func(next http.RoundTripper) http.RoundTripper {
		return middleware.Func(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.Header.Add("Via", name)
			return next.RoundTrip(req)
		})
	}
}

// The first middleware is the outermost.
func ExampleChain() {
	last := middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println(req.Header["Via"])
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})
	client := &http.Client{Transport: middleware.Chain(last, named("outer"), named("inner"))}
	resp, err := client.Get("http://example.com/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// [outer inner]
	// 200
}

func TestChainPassesNilOver(t *testing.T) {
	t.Parallel()
	rt := http.RoundTripper(middleware.Func(nil))
	if got := middleware.Chain(rt, nil, nil); fmt.Sprintf("%T", got) != "middleware.Func" {
		t.Errorf("got %T", got)
	}
}
