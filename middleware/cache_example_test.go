package middleware_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
)

// exampleOrigin stands in for a connector: it says hello, for a minute.
func exampleOrigin() http.RoundTripper {
	return middleware.Func(func(req *http.Request) (*http.Response, error) {
		fmt.Println("the server is asked:", req.Method, req.URL.Path)
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", Request: req, ContentLength: 5,
			Header: http.Header{"Cache-Control": {"max-age=60"}, "Content-Type": {"text/plain"}},
			Body:   io.NopCloser(strings.NewReader("hello")),
		}, nil
	})
}

func exampleGet(client *http.Client, url string) {
	resp, err := client.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	cached := strings.HasPrefix(resp.Header.Get("Cache-Status"), "aiolos; hit")
	fmt.Println(resp.StatusCode, string(body), cached, err)
}

func ExampleNewCache() {
	cache := middleware.NewCache(middleware.CacheConfig{})
	defer cache.Close()
	client := &http.Client{Transport: cache.Wrap(exampleOrigin())}
	exampleGet(client, "http://example.com/a")
	exampleGet(client, "http://example.com/a")
	fmt.Println(cache.Stats().Hits, "hit")
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 200 hello true <nil>
	// 1 hit
}

func ExampleNewCacheMemory() {
	store := middleware.NewCacheMemory(16 << 20) // for all hosts together
	cache := middleware.NewCache(middleware.CacheConfig{Store: store, MaxBody: 1 << 20})
	defer cache.Close()
	exampleGet(&http.Client{Transport: cache.Wrap(exampleOrigin())}, "http://example.com/a")
	fmt.Println(store.Len(), "kept")
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 1 kept
}

func ExampleNewCacheDir() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 { // two runs of a program
		store, err := middleware.NewCacheDir(dir, 1<<30)
		if err != nil {
			fmt.Println(err)
			return
		}
		cache := middleware.NewCache(middleware.CacheConfig{Store: store})
		exampleGet(&http.Client{Transport: cache.Wrap(exampleOrigin())}, "http://example.com/a")
		cache.Close()
	}
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 200 hello true <nil>
}
