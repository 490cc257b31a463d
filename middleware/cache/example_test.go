package cache_test

import (
	"fmt"
	"net/http"
	"os"

	"github.com/aiolos-http/aiolos/middleware/cache"
	"github.com/aiolos-http/aiolos/middleware/internal/mwtest"
)

func ExampleNew() {
	c := cache.New(cache.Config{})
	defer c.Close()
	client := &http.Client{Transport: c.Wrap(mwtest.HelloServer())}
	mwtest.PrintGet(client, "http://example.com/a")
	mwtest.PrintGet(client, "http://example.com/a")
	fmt.Println(c.Stats().Hits, "hit")
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 200 hello true <nil>
	// 1 hit
}

func ExampleNewMemory() {
	store := cache.NewMemory(16 << 20) // for all hosts together
	c := cache.New(cache.Config{Store: store, MaxBody: 1 << 20})
	defer c.Close()
	mwtest.PrintGet(&http.Client{Transport: c.Wrap(mwtest.HelloServer())}, "http://example.com/a")
	fmt.Println(store.Len(), "kept")
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 1 kept
}

func ExampleNewDir() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 { // two runs of a program
		store, err := cache.NewDir(dir, 1<<30)
		if err != nil {
			fmt.Println(err)
			return
		}
		c := cache.New(cache.Config{Store: store})
		mwtest.PrintGet(&http.Client{Transport: c.Wrap(mwtest.HelloServer())}, "http://example.com/a")
		c.Close()
	}
	// Output:
	// the server is asked: GET /a
	// 200 hello false <nil>
	// 200 hello true <nil>
}
