package middleware_test

import (
	"fmt"
	"net/http"
	"os"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

func ExampleNewCache() {
	cache := middleware.NewCache(middleware.CacheConfig{})
	defer cache.Close()
	client := &http.Client{Transport: cache.Wrap(mwtest.HelloServer())}
	mwtest.PrintGet(client, "http://example.com/a")
	mwtest.PrintGet(client, "http://example.com/a")
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
	mwtest.PrintGet(&http.Client{Transport: cache.Wrap(mwtest.HelloServer())}, "http://example.com/a")
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
		mwtest.PrintGet(&http.Client{Transport: cache.Wrap(mwtest.HelloServer())}, "http://example.com/a")
		cache.Close()
	}
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 200 hello true <nil>
}
